"""The end-to-end harness: real processes, real databases, and a client that knows only the API.

`cluster` runs and kills nodes, `client` speaks the HTTP contract, `workload` makes customers
order at once, `history` records what they were told, `checks` judges it against what every
node holds. Nothing here imports the program under test, except where a check reads a node's
database.
"""
