"""A cluster in one thread, whose time, network, disks and clients come from one seed.

What runs is the product: the Raft core, the driver (`bitebyte.node.node.Node` with its applier,
log writer, proposals and read barriers) and the domain. What is simulated is the world around
them. A seed expands to a `Plan`, which holds every option, fault and client operation in the
open; a plan always runs in the same way, whatever the machine or the hash seed.

`run.run_seed` runs one seed and says which invariant broke, if one did. On the command line:
`python -m bitebyte.simulation --seeds 200`.
"""
