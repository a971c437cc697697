"""What a bar is and what may happen to it: a pure state machine.

    apply(view, command, index) -> Applied(result, changes, events)

Every replica applies the same commands in log order to equal states and so comes to equal states;
a chained hash proves it. Therefore nothing here knows a clock, chance, a float or the network:
ids, times, hashes and the business day are in the command, and further ids derive from its id.

Reading order: `entities` (the rows), `commands` (what can be asked), `results` (what comes back),
`view` (how rows are read), `apply` and `reads` (dispatch, and which rows a command needs), then one
module a noun: `accounts`, `bars`, `inventory` on `stock`, `menu`, `menu_import`, `ordering`,
`order_transitions`; `idempotency` around those that may be repeated; `invariants` for what always
holds. At the edge, before a command is built: `units`, `currencies`, `names`, `ids`, `limits` and
the menu files `menu_csv` and `menu_json`. `memory` is the whole in a dictionary, for tests.

A command never raises for what is in it: it is accepted or refused. It raises NotLoaded for
rows that nobody has loaded, before anything has changed.
"""
