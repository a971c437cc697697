"""Set-based reads for lists and searches, on the flushed state.

Each takes `limit` (1..200) and an opaque `cursor`; a cursor that was not made here raises
InvalidCursor. Ordering is stated per method and stable under inserts.
"""
