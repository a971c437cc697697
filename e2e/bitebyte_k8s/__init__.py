"""The end-to-end harness for Kubernetes: a real cluster of several machines, the operator installed
by its chart, customers who order all the time, and machines and processes that are made to fail.

`api` and `kubectl` speak to the cluster, `bar_cluster` is a BarCluster as its owner sees it,
`guests` order and are judged, `operator_install` installs and kills the operator, `audit` reads who
changed what, `evidence` keeps what a failure needs to be understood, `figures` what was measured.
"""
