"""BiteByte: ordering for home bars that no dead machine can stop.

    cli > main | demo > api > service > node > repository | transport > domain | raft
        > telemetry > config

`raft` and `domain` are pure. `repository` is PostgreSQL, `transport` the peer links. `node` is
the loop that feeds the core, writes its log, applies what is committed and answers whoever
waits. `service` holds the use cases, `api` the HTTP. `main` puts one node together.
"""

__version__ = "0.1.0"
