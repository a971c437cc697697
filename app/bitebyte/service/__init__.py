"""The use cases: who may do what, said as commands to the node and reads from it.

A use case authorises its caller, builds one complete command (ids, time and hashes are fixed
here), has the node replicate it and hands back what the domain answered, with the log index
that it happened at. Nothing here knows HTTP. A refusal is a `Denied` with the stable code of
the domain; what the node could not do is a `NodeError`.

    services ─ accounts, sessions, bars, inventory, products, menu, menu_imports, ordering,
               alerts, events, cluster
             ─ proposing (commands in), reading (rows and lists out)
             ─ clock, ids, tokens, passwords, throttle (what is not deterministic)
"""
