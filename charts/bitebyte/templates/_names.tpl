{{/* The bar's name: pods, Services and claims are called by it. */}}
{{- define "bitebyte.name" -}}
{{- $name := .Values.name | default .Release.Name -}}
{{- if not (regexMatch "^[a-z]([-a-z0-9]{0,38}[a-z0-9])?$" $name) -}}
{{- fail (printf "name %q (the release's, unless the value name is set): a bar's name has at most 40 characters of a-z, 0-9 and -, and begins with a letter" $name) -}}
{{- end -}}
{{- $name -}}
{{- end -}}

{{- define "bitebyte.labels" -}}
app.kubernetes.io/name: {{ .Chart.Name }}
app.kubernetes.io/instance: {{ include "bitebyte.name" . }}
app.kubernetes.io/version: {{ .Chart.AppVersion | quote }}
app.kubernetes.io/component: barcluster
app.kubernetes.io/part-of: bitebyte
app.kubernetes.io/managed-by: {{ .Release.Service }}
helm.sh/chart: {{ printf "%s-%s" .Chart.Name (.Chart.Version | replace "+" "_") }}
{{- end -}}

{{/* Takes a list: an image of the values, and the version to use where it names none. */}}
{{- define "bitebyte.image" -}}
{{- $image := index . 0 -}}
{{- if $image.digest -}}
{{- printf "%s@%s" $image.repository $image.digest -}}
{{- else -}}
{{- printf "%s:%s" $image.repository ($image.tag | default (index . 1)) -}}
{{- end -}}
{{- end -}}
