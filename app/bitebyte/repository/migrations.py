"""The schema, brought up to date by numbered SQL files.

`schema/NNNN_name.sql`, numbered from 1 without gaps, each applied once, in order, in one
transaction with its own record. An applied file never changes: its checksum is compared at
every start, so that two members can't run different schemas under one number.
"""

import hashlib
import re
from collections.abc import Sequence
from importlib import resources

import asyncpg
import msgspec

from bitebyte.repository.errors import SchemaTooNew, UnsafeDatabase

_FILE_NAME = re.compile(r"(\d{4})_([a-z0-9_]+)\.sql")
_MIGRATION_LOCK = 0x42_69_74_65_42_79_00_02  # "BiteBy" and a number; see database.py

_MIGRATIONS_TABLE = """
CREATE TABLE IF NOT EXISTS schema_migration (
    version    integer     PRIMARY KEY,
    name       text        NOT NULL,
    checksum   text        NOT NULL,
    applied_at timestamptz NOT NULL DEFAULT now()
)
"""


class Migration(msgspec.Struct, frozen=True):
    """One numbered SQL file."""

    version: int
    name: str
    sql: str

    @property
    def checksum(self) -> str:
        """SHA-256 of the text, in hex."""
        return hashlib.sha256(self.sql.encode()).hexdigest()


def load_migrations() -> tuple[Migration, ...]:
    """The files packaged with the program, in order."""
    found: list[Migration] = []
    for file in resources.files("bitebyte.repository").joinpath("schema").iterdir():
        match = _FILE_NAME.fullmatch(file.name)
        if match:
            found.append(Migration(int(match[1]), match[2], file.read_text(encoding="utf-8")))
    found.sort(key=lambda migration: migration.version)
    assert [m.version for m in found] == list(range(1, len(found) + 1)), "numbered without gaps"
    return tuple(found)


async def migrate(connection: asyncpg.Connection, migrations: Sequence[Migration]) -> int:
    """Applies what is missing and returns the schema version, that of the last migration.

    Safe to call from several processes at once: an advisory lock lets one work at a time.
    Raises SchemaTooNew when the database knows more versions than `migrations`, and
    UnsafeDatabase when an applied file is not the one given; nothing is changed then.
    """
    while True:
        async with connection.transaction():
            await connection.execute("SELECT pg_advisory_xact_lock($1)", _MIGRATION_LOCK)
            await connection.execute("SET LOCAL client_min_messages = warning")
            await connection.execute(_MIGRATIONS_TABLE)
            rows = await connection.fetch(
                "SELECT version, name, checksum FROM schema_migration ORDER BY version"
            )
            version = _check_applied([tuple(row) for row in rows], migrations)
            if version == len(migrations):
                return version
            await _apply(connection, migrations[version])


def _check_applied(applied: Sequence[tuple[int, str, str]], migrations: Sequence[Migration]) -> int:
    known = len(migrations)
    if applied and applied[-1][0] > known:
        raise SchemaTooNew(
            f"the database has schema version {applied[-1][0]}, this program knows {known}:"
            " start the newer program that wrote it"
        )
    for (version, name, checksum), migration in zip(applied, migrations, strict=False):
        if (version, checksum) != (migration.version, migration.checksum):
            raise UnsafeDatabase(
                f"migration {version:04}_{name} in the database is not the one of this program"
                f" ({migration.version:04}_{migration.name}): the schema is unknown; start the"
                " program that wrote it"
            )
    return len(applied)


async def _apply(connection: asyncpg.Connection, migration: Migration) -> None:
    await connection.execute(migration.sql)
    await connection.execute(
        "INSERT INTO schema_migration (version, name, checksum) VALUES ($1, $2, $3)",
        migration.version,
        migration.name,
        migration.checksum,
    )
