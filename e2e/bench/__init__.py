"""`make bench`: BiteByte beside the obvious alternative, in one run on one machine.

The alternative is FastAPI with asyncpg on a PostgreSQL primary with two synchronous standbys.
Both take the same orders of the same menu, from wrk, in turns.
"""
