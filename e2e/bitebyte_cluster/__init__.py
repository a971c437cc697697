"""A real Kubernetes of several nodes on one Linux machine, for the end-to-end tests.

`python -m bitebyte_cluster up` builds what its level needs from published Go modules, and starts
machines as sets of namespaces that can be killed, frozen and cut off. README.md beside this file
tells how it works. Nothing here knows BiteByte.
"""
