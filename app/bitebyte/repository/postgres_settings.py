"""The configuration of an embedded server: durable first, then small."""

from collections.abc import Mapping
from pathlib import Path
from typing import Final

CONNECTIONS_MAX: Final = 20
"""A node holds at most 14 (see database.py); the rest is for people with psql and backups."""

_SETTINGS: Final[Mapping[str, str]] = {
    # What a confirmed order rests on. `Database.open` checks these again.
    "fsync": "on",
    "full_page_writes": "on",
    "synchronous_commit": "on",
    "data_sync_retry": "off",  # an fsync that failed once is never trusted again: PANIC
    "restart_after_crash": "off",  # the node decides, not the postmaster
    # Nobody but this machine's owner gets in: no TCP, a socket in a directory of mode 0700.
    "listen_addresses": "",
    "unix_socket_permissions": "0700",
    "max_connections": str(CONNECTIONS_MAX),
    # Small: three of these run beside three nodes on one laptop.
    "shared_buffers": "64MB",
    "work_mem": "4MB",
    "maintenance_work_mem": "32MB",
    "max_wal_size": "256MB",
    "min_wal_size": "64MB",
    "wal_buffers": "4MB",
    "max_worker_processes": "2",
    "max_parallel_workers_per_gather": "0",
    "io_method": "sync",  # no pool of I/O workers: reads come from memory nearly always
    "jit": "off",
    # Raft replicates; PostgreSQL's own replication would only make the WAL larger.
    "wal_level": "minimal",
    "max_wal_senders": "0",
    # Hot small tables bloat within seconds at the default of one visit a minute.
    "autovacuum_naptime": "10s",
    "autovacuum_worker_slots": "2",
    "autovacuum_max_workers": "2",
    "autovacuum_vacuum_cost_delay": "2ms",
    # Dates, messages and order of text are the same on every machine.
    "timezone": "UTC",
    "log_timezone": "UTC",
    "lc_messages": "C",
    # Only what a person must see: the log stays small (its bound is in embedded.py).
    "log_min_messages": "warning",
    "log_checkpoints": "off",
    "log_line_prefix": "%m [%p] %a ",
    "log_parameter_max_length_on_error": "0",  # parameters hold personal data
    "log_min_error_statement": "panic",  # the same
    "log_error_verbosity": "terse",  # the same: DETAIL repeats whole rows
    "logging_collector": "off",
}

_HEADER: Final = "# Written by BiteByte at each start: changes made here are lost.\n"

HBA: Final = f"{_HEADER}local all all trust\n"
"""Trust: whoever may enter the socket's directory (mode 0700) owns the files anyway."""


def build_postgresql_conf(socket_dir: Path) -> str:
    """The text of postgresql.conf for a server whose socket lies in `socket_dir`."""
    settings = {**_SETTINGS, "unix_socket_directories": str(socket_dir)}
    lines = [f"{name} = '{_escape(value)}'" for name, value in settings.items()]
    return _HEADER + "\n".join(lines) + "\n"


def _escape(value: str) -> str:
    return value.replace("\\", "\\\\").replace("'", "''")
