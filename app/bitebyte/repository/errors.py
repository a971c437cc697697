"""Errors of the database.

RepositoryError
├── DatabaseUnavailable  no server answers, or not in time: another node may do better
├── UnsafeDatabase     fsync off, checksums off, unknown schema: the node refuses to start
├── SchemaTooNew       the schema was written by a newer program
├── DatabaseInUse      another process holds this database
├── ForeignDatabase    it belongs to another cluster or member
├── DamagedDatabase    its tables contradict each other: the node must not take part
├── WriteFailed        a write failed: what is on disk is unknown, the process must end
├── EmbeddedPostgresError  the embedded server did not start; the text says what to do
├── SnapshotDamaged    what arrived is not the snapshot that was sent, or is of an unknown format
├── SnapshotBusy       as many snapshots are being read as may be at a time
├── RecoveryRefused    the database cannot be recovered, or it was not confirmed
└── InvalidCursor      a page cursor that was not made here
"""


class RepositoryError(Exception):
    """Anything that the database refuses or lacks."""


class DatabaseUnavailable(RepositoryError):
    """The server does not answer, refuses the connection or took too long. A read may be tried
    again, here or at another node."""


class UnsafeDatabase(RepositoryError):
    """The server's settings could lose confirmed orders; the text names the setting."""


class SchemaTooNew(RepositoryError):
    """The schema version is newer than this program knows."""


class DatabaseInUse(RepositoryError):
    """Another node process holds the lock of this database."""


class ForeignDatabase(RepositoryError):
    """The identity in the database is not the one that was expected."""


class DamagedDatabase(RepositoryError):
    """What is stored can't have been written by this program: a gap in the log, state that is
    ahead of the log. Restore a backup or let the member join anew."""


class WriteFailed(RepositoryError):
    """A write failed, so nobody knows what is durable. The store refuses everything from then
    on; only a restart, which reads what is really there, makes it usable again."""


class EmbeddedPostgresError(RepositoryError):
    """The embedded PostgreSQL could not be prepared or started."""


class SnapshotDamaged(RepositoryError):
    """The pieces of a snapshot do not add up; nothing of it was used. Ask for it again."""


class SnapshotBusy(RepositoryError):
    """As many snapshots are being read as may be at a time. Ask again when one has ended."""


class RecoveryRefused(RepositoryError):
    """Nothing was changed: this database has nothing to recover, or the confirmation is not the
    one that belongs to what it holds now."""


class InvalidCursor(RepositoryError):
    """The cursor was not made by this query."""
