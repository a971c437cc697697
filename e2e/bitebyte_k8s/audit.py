"""Who changed what, as the API server itself wrote it down (bitebyte_cluster's audit log)."""

import json
from dataclasses import dataclass
from pathlib import Path


@dataclass(frozen=True)
class Write:
    """One request that changed something, or tried to; they are in the order of their answers."""

    user: str
    verb: str
    resource: str
    """Plural, with its subresource: `barclusters/status`."""
    namespace: str
    name: str
    status: int

    def __str__(self) -> str:
        return f"{self.verb} {self.resource} {self.name} → {self.status}"


class AuditLog:
    """Reads on from where it was opened."""

    def __init__(self, path: Path) -> None:
        self._path = path
        self._offset = path.stat().st_size

    def writes(self, user: str | None = None) -> list[Write]:
        """New ones since the last call, of one user or of all. Leases are left out: whoever is on
        duty renews one all the time."""
        with self._path.open("rb") as file:
            file.seek(self._offset)
            text = file.read()
        complete = text[: text.rfind(b"\n") + 1]
        self._offset += len(complete)
        found = [_parsed(json.loads(line)) for line in complete.splitlines()]
        return [
            write
            for write in found
            if write.resource != "leases" and (user is None or write.user == user)
        ]


def _parsed(event: dict[str, object]) -> Write:
    reference = event.get("objectRef")
    target = reference if isinstance(reference, dict) else {}
    user, status = event["user"], event.get("responseStatus")
    assert isinstance(user, dict)
    resource = str(target.get("resource", ""))
    if target.get("subresource"):
        resource += f"/{target['subresource']}"
    return Write(
        user=str(user.get("username", "")),
        verb=str(event["verb"]),
        resource=resource,
        namespace=str(target.get("namespace", "")),
        name=str(target.get("name", "")),
        status=int(status.get("code", 0)) if isinstance(status, dict) else 0,
    )
