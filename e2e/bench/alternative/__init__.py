"""The obvious alternative: FastAPI, asyncpg, one primary, two synchronous standbys (ANY 1)."""
