"""`make bench`: BiteByte beside two alternatives, in one run on one machine.

Both are FastAPI with asyncpg on a PostgreSQL primary with two synchronous standbys: the obvious
one as one writes it first, and one tuned by hand. All take the same orders of the same menu, from
wrk, in turns.
"""
