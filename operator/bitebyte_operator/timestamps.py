"""Moments as Kubernetes writes them, and as seconds since the epoch."""

import datetime


def to_seconds(text: str) -> float:
    """Of an RFC 3339 time. Raises ValueError."""
    return datetime.datetime.fromisoformat(text).timestamp()


def to_text(moment_s: float) -> str:
    """RFC 3339 in UTC, whole seconds, like every time in a Kubernetes status."""
    moment = datetime.datetime.fromtimestamp(int(moment_s), datetime.UTC)
    return moment.isoformat().replace("+00:00", "Z")


def to_micro_text(moment_s: float) -> str:
    """The same with microseconds, as Leases and Events have it."""
    moment = datetime.datetime.fromtimestamp(moment_s, datetime.UTC)
    return moment.isoformat(timespec="microseconds").replace("+00:00", "Z")
