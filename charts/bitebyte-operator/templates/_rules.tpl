{{/*
What the operator may do in a namespace whose BarClusters it serves. Each line is used by the code; a
test holds both together. There is no wildcard, no exec, no escalate and no bind: it may hand to a
bar's pods only what it holds itself, and what they get is one EndpointSlice by name.
*/}}
{{- define "bitebyte-operator.rules" -}}
# The bars themselves. Writing is for the finalizer; what they should be is the user's.
- apiGroups: [bitebyte.io]
  resources: [barclusters]
  verbs: [get, list, watch, patch]
- apiGroups: [bitebyte.io]
  resources: [barclusters/status]
  verbs: [patch]
# So that what a bar owns can name it as its owner where the cluster enforces this permission.
- apiGroups: [bitebyte.io]
  resources: [barclusters/finalizers]
  verbs: [update]
# Deleted by the operator only before it deletes claims, where deletionPolicy says Delete.
- apiGroups: [apps]
  resources: [statefulsets]
  verbs: [get, list, watch, create, patch, delete]
# A member is restarted by the deletion of its pod. Pods are never written.
- apiGroups: [""]
  resources: [pods]
  verbs: [list, watch, delete]
# Claims come from the StatefulSet. They are stamped when their member has left, and deleted only
# where deletionPolicy says Delete.
- apiGroups: [""]
  resources: [persistentvolumeclaims]
  verbs: [list, patch, delete]
# What goes with the bar is deleted by Kubernetes' own garbage collection, here and below.
- apiGroups: [""]
  resources: [services, configmaps, serviceaccounts]
  verbs: [get, list, watch, create, patch]
# Certificates and their keys. Without list and watch: only the names of its own are asked for.
- apiGroups: [""]
  resources: [secrets]
  verbs: [get, create, patch]
# update is for the members: the operator can hand out only what it holds.
- apiGroups: [discovery.k8s.io]
  resources: [endpointslices]
  verbs: [get, list, watch, create, update, patch]
- apiGroups: [policy]
  resources: [poddisruptionbudgets]
  verbs: [get, list, watch, create, patch]
- apiGroups: [networking.k8s.io]
  resources: [networkpolicies]
  verbs: [get, list, watch, create, patch]
# The one object that a spec may ask for and then no longer.
- apiGroups: [networking.k8s.io]
  resources: [ingresses]
  verbs: [get, list, watch, create, patch, delete]
- apiGroups: [rbac.authorization.k8s.io]
  resources: [roles, rolebindings]
  verbs: [get, list, watch, create, patch]
- apiGroups: [events.k8s.io]
  resources: [events]
  verbs: [create]
{{- end -}}
