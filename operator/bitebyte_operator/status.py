"""The status of a BarCluster, from and to what the API server keeps. Pure."""

from typing import Any, Final

import msgspec

from bitebyte_operator.model import BarCluster, StatusRecord
from bitebyte_operator.resources.naming import Manifest
from bitebyte_operator.timestamps import to_seconds, to_text

_MOMENTS: Final = frozenset({"lastTransitionTime", "startedAt", "deadline"})
"""Fields that are text there and seconds here."""


class UnreadableStatus(Exception):
    """Somebody else has written to the status what this operator cannot read."""


def read_status(manifest: Manifest) -> StatusRecord:
    """Of a BarCluster; empty for a new one. Raises UnreadableStatus."""
    try:
        converted = _convert(manifest.get("status") or {}, to_seconds)
        return msgspec.convert(converted, StatusRecord)
    except (msgspec.ValidationError, ValueError, TypeError) as error:
        raise UnreadableStatus(f"status: {error}") from error


def write_status(record: StatusRecord) -> Manifest:
    """What is not known is left out: an absent field says so, an empty one would be shown."""
    return _without_empty(_convert(msgspec.to_builtins(record), to_text))


def status_patch(cluster: BarCluster, record: StatusRecord) -> Manifest:
    """For server-side apply, if the BarCluster is still the one that was read."""
    return {
        "apiVersion": "bitebyte.io/v1alpha1",
        "kind": "BarCluster",
        "metadata": {
            "name": cluster.name,
            "namespace": cluster.namespace,
            "uid": cluster.uid,
            "resourceVersion": cluster.resource_version,
        },
        "status": write_status(record),
    }


def is_same_status(manifest: Manifest, record: StatusRecord) -> bool:
    """Whether writing it would change nothing."""
    return _without_empty(manifest.get("status") or {}) == write_status(record)


def _convert(found: Any, moment: Any) -> Any:
    if isinstance(found, dict):
        return {
            key: moment(value) if key in _MOMENTS and value else _convert(value, moment)
            for key, value in found.items()
        }
    if isinstance(found, list | tuple):
        return [_convert(one, moment) for one in found]
    return found


def _without_empty(status: Manifest) -> Manifest:
    return {key: value for key, value in status.items() if value not in (None, "", {}, [])}
