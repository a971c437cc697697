"""Set-based reads for lists and searches, on the flushed state.

Each takes `limit` (1..200) and an opaque `cursor`; a cursor that was not made here raises
InvalidCursor. Ordering is stated per method and stable under inserts.
"""

import asyncpg


class Queries:
    """Lists and searches. Safe to call from many tasks at once."""

    def __init__(self, pool: asyncpg.Pool) -> None:
        self._pool = pool
