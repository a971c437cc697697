"""Errors of the database.

RepositoryError
├── UnsafeDatabase     fsync off, checksums off, unknown schema: the node refuses to start
├── SchemaTooNew       the schema was written by a newer program
├── DatabaseInUse      another process holds this database
├── ForeignDatabase    it belongs to another cluster or member
├── EmbeddedPostgresError  the embedded server did not start; the text says what to do
└── InvalidCursor      a page cursor that was not made here
"""


class RepositoryError(Exception):
    """Anything that the database refuses or lacks."""


class UnsafeDatabase(RepositoryError):
    """The server's settings could lose confirmed orders; the text names the setting."""


class SchemaTooNew(RepositoryError):
    """The schema version is newer than this program knows."""


class DatabaseInUse(RepositoryError):
    """Another node process holds the lock of this database."""


class ForeignDatabase(RepositoryError):
    """The identity in the database is not the one that was expected."""


class EmbeddedPostgresError(RepositoryError):
    """The embedded PostgreSQL could not be prepared or started."""


class InvalidCursor(RepositoryError):
    """The cursor was not made by this query."""
