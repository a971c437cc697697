"""What BiteByte is compared with: the same route on one PostgreSQL primary with two synchronous
standbys (ANY 1), with FastAPI and asyncpg, written twice.

`obvious` is what a competent team writes first; `tuned` is what is left when every round trip and
every lock that can go is gone. Both are filled with the same bars and answer the same requests.
"""
