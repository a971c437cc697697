"""The admin API: for operators, on a listener of its own.

    listener         serves it: plain HTTP on loopback, mutual TLS anywhere else
    app              puts the routes together, and keeps browsers out
    state, fields    what the routes work on, and what they take
    problems         what the node refuses, as problem documents
    identity         who this node is
    founding         the order that begins a cluster
    members          who belongs to the cluster, and who leads it
    log_pages        the log, in words
    log_words        one entry of it, without secrets
    verification     checkpoints: whether the members' databases hold the same
    comparison       what their reports say together
    snapshots        those on their way

Every request ends in one of three ways: done (2xx); refused, and certainly nothing happened (4xx,
or 503 with `no_leader`, `overloaded`); or `outcome_unknown` (503): whoever repeats it finds out.
"""
