"""The database of a removed member: set aside when its node is to join anew, never deleted at once.

The tables stay in the same database under another schema name. All of it is one transaction: after
a crash there is either the old member or an empty place for a new one.
"""

from typing import Any, Final

import asyncpg
import msgspec

from bitebyte.repository.snapshot_stage import STAGING_SCHEMA

KEPT_MAX: Final = 2
"""Schemas that are kept. Each is a whole copy of the state, so older ones are dropped."""

PREFIX: Final = "bitebyte_retired_"

_IS_RETIRED: Final = """
SELECT EXISTS (SELECT FROM member_retirement JOIN member_identity USING (member_id))
"""
_NOTE: Final = """
INSERT INTO member_retirement (member_id)
SELECT member_id FROM member_identity WHERE member_id = $1 ON CONFLICT DO NOTHING
"""
_OWN_SCHEMA: Final = """
SELECT nspname FROM pg_class JOIN pg_namespace ON pg_namespace.oid = relnamespace
WHERE pg_class.oid = 'member_identity'::regclass
"""
_SET_ASIDE: Final = """
SELECT nspname FROM pg_namespace WHERE starts_with(nspname, $1) ORDER BY nspname
"""


class SetAside(msgspec.Struct, frozen=True):
    """Where the tables of the former member are now, and what had to go for them."""

    member_id: int
    schema: str
    dropped: tuple[str, ...]


async def note_retired(connection: asyncpg.Connection, member_id: int) -> None:
    """Remembers that the cluster has removed this member. May be repeated."""
    await connection.execute(_NOTE, member_id)


async def is_retired(connection: Any) -> bool:
    """Whether that was noted of the member whose database this is."""
    return bool(await connection.fetchval(_IS_RETIRED))


async def set_aside(connection: asyncpg.Connection) -> SetAside:
    """Renames the schema of the retired member and leaves an empty one in its place.

    For whoever holds the locks of log and state on this connection; nothing else may be connected.
    """
    async with connection.transaction():
        assert await is_retired(connection), "only a member that is known to be removed"
        member_id: Any = await connection.fetchval("SELECT member_id FROM member_identity")
        own = await connection.fetchval(_OWN_SCHEMA)
        kept = [row["nspname"] for row in await connection.fetch(_SET_ASIDE, PREFIX)]
        number = 1 + int(kept[-1].removeprefix(PREFIX).partition("_")[0]) if kept else 1
        name = f"{PREFIX}{number:06}_{member_id:x}"
        await connection.execute(f'ALTER SCHEMA "{own}" RENAME TO "{name}"')
        await connection.execute(f'CREATE SCHEMA "{own}"')
        await connection.execute(f"DROP SCHEMA {STAGING_SCHEMA} CASCADE")
        dropped = tuple([*kept, name][:-KEPT_MAX])
        for old in dropped:
            await connection.execute(f'DROP SCHEMA "{old}" CASCADE')
    return SetAside(member_id, name, dropped)
