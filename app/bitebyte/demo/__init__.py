"""The demo: three nodes, three databases and a stocked bar on one machine.

`run.run_demo` is the whole of it. It starts each node as a child process with an embedded
PostgreSQL of its own, loads the bar as any client would, through the public HTTP API, and then
only watches: it says who leads, and starts a node again when it dies.

Pure: `plan` (what to start), `cluster_file` (what the data folder remembers), `cluster_view`
(what the nodes' answers say together), `stock_file`, `wording` (what to print).
IO: `data_folder`, `ports`, `node_process`, `keeper`, `public_api`, `bar_loader`, `screen`, `run`.
"""
