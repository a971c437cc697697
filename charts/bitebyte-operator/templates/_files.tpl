{{/*
The objects in files/ of the kinds told, with the chart's labels and the annotations told, one document
each. They are kept as plain YAML, so that `kubectl apply -f` takes them too.
Takes a dict: root, kinds, annotations.
*/}}
{{- define "bitebyte-operator.objects" -}}
{{- $labels := include "bitebyte-operator.labels" .root | fromYaml -}}
{{- range $path, $_ := .root.Files.Glob "files/*.yaml" }}
{{- range $text := regexSplit "(?m)^---\\s*$" ($.root.Files.Get $path) -1 }}
{{- $object := fromYaml $text }}
{{- if hasKey $object "Error" }}
{{- fail (printf "%s is not YAML: %s" $path (get $object "Error")) }}
{{- end }}
{{- if has $object.kind $.kinds }}
{{- $metadata := mergeOverwrite (dict) $object.metadata (dict "labels" (merge (dict) (default (dict) $object.metadata.labels) $labels)) }}
{{- if $.annotations }}
{{- $_ := set $metadata "annotations" (merge (dict) $.annotations (default (dict) $object.metadata.annotations)) }}
{{- end }}
---
{{ set $object "metadata" $metadata | toYaml }}
{{- end }}
{{- end }}
{{- end }}
{{- end -}}
