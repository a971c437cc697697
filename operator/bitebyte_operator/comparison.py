"""Whether an object in Kubernetes is as the operator wants it. Pure.

Nothing is written where nothing differs, so an operator at rest writes nothing. An object differs

- if a field that the operator asks for is missing or has another value. Fields that it does not ask
  for (defaults of the API server, what others have set) do not count;
- or if it was applied from another manifest: a field that is no longer asked for has to go, and
  only server-side apply knows which one that is.
"""

import hashlib
import re
from typing import Any, Final

import msgspec

from bitebyte_operator.resources.naming import APPLIED, Manifest

_MULTIPLIERS: Final = {
    "": 1.0,
    **{unit: 1000.0**power for power, unit in enumerate("kMGTPE", 1)},
    **{f"{unit}i": 1024.0**power for power, unit in enumerate("KMGTPE", 1)},
    "m": 1e-3,
    "u": 1e-6,
    "n": 1e-9,
}
_QUANTITY: Final = re.compile(r"([0-9]+\.?[0-9]*|\.[0-9]+)([kMGTPE]i?|Ki|[mun])?")


def stamped(manifest: Manifest) -> Manifest:
    """The manifest with its own digest in it, as it is applied. The count of pods is not part of
    the digest: it changes with the membership, not with the spec."""
    spec = manifest.get("spec")
    counted = manifest
    if manifest["kind"] == "StatefulSet" and isinstance(spec, dict):
        counted = manifest | {"spec": {**spec, "replicas": 0}}
    content = msgspec.json.encode(counted, order="sorted")
    digest = hashlib.sha256(content).hexdigest()[:16]
    metadata = manifest["metadata"]
    annotations = {**metadata.get("annotations", {}), APPLIED: digest}
    return manifest | {"metadata": {**metadata, "annotations": annotations}}


def is_as_wanted(wanted: Manifest, found: Manifest) -> bool:
    """`wanted` is a stamped manifest. The count of pods does not count: it is decided elsewhere."""
    if wanted["kind"] == "StatefulSet":
        wanted = wanted | {"spec": {k: v for k, v in wanted["spec"].items() if k != "replicas"}}
    return _contains(found, wanted)


def _contains(found: Any, wanted: Any, *, is_quantity: bool = False) -> bool:
    if isinstance(wanted, dict):
        if not isinstance(found, dict):
            # The API server leaves out what is empty.
            return not wanted and found is None
        return all(
            _contains(found.get(key), value, is_quantity=is_quantity or key in _OF_QUANTITIES)
            for key, value in wanted.items()
        )
    if isinstance(wanted, list):
        return _contains_list(found or [], wanted)
    if is_quantity:
        return _amount(found) == _amount(wanted)
    # The same: "", 0 and false are left out by many types.
    return found == wanted or (found is None and wanted in ("", 0, False))


_OF_QUANTITIES: Final = frozenset({"requests", "limits", "sizeLimit"})


def _contains_list(found: Any, wanted: list[Any]) -> bool:
    if not isinstance(found, list):
        return False
    if wanted and all(isinstance(one, dict) and "name" in one for one in wanted):
        # Elements with names are merged: others may add theirs.
        named = {one.get("name"): one for one in found if isinstance(one, dict)}
        return all(_contains(named.get(one["name"]), one) for one in wanted)
    return len(found) == len(wanted) and all(
        _contains(ours, one) for ours, one in zip(found, wanted, strict=True)
    )


def _amount(quantity: Any) -> float | None:
    """A quantity as a number: the API server writes 1000m as 1."""
    match = _QUANTITY.fullmatch(str(quantity))
    return float(match[1]) * _MULTIPLIERS[match[2] or ""] if match else None
