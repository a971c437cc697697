"""The EndpointSlice of the leader's Service: what stands in it, and what shall. Pure.

The term of the leader that wrote it stands in an annotation. Terms only grow and have one leader
each (Raft), so a writer that finds a higher one knows that it does not lead any more, however long
it slept. Between its look and its write the object's resourceVersion guards it.
"""

from typing import Final

import msgspec

TERM_ANNOTATION: Final = "bitebyte.io/leader-term"
MEMBER_ANNOTATION: Final = "bitebyte.io/leader-member-id"


TERM_DIGITS_MAX: Final = 19
"""A term has 63 bits."""


class SliceName(msgspec.Struct, frozen=True):
    """Written `NAMESPACE/NAME`."""

    namespace: str
    name: str

    @property
    def path(self) -> str:
        """On the API server."""
        return f"/apis/discovery.k8s.io/v1/namespaces/{self.namespace}/endpointslices/{self.name}"


class Leadership(msgspec.Struct, frozen=True):
    """Whom the slice shall name."""

    term: int
    member_id: int
    pod_name: str
    pod_ip: str


class _Metadata(msgspec.Struct, frozen=True, rename="camel"):
    resource_version: str
    annotations: dict[str, str] | None = None


class _Conditions(msgspec.Struct, frozen=True):
    ready: bool | None = None


class _Endpoint(msgspec.Struct, frozen=True):
    addresses: list[str]
    conditions: _Conditions = _Conditions()


class StoredSlice(msgspec.Struct, frozen=True, rename="camel"):
    """The slice as the API server has it, as far as it matters here."""

    metadata: _Metadata
    address_type: str = "IPv4"
    endpoints: list[_Endpoint] | None = None

    @property
    def term(self) -> int:
        """Of the leader that wrote it last; 0 if there was none, or if that is no term."""
        text = (self.metadata.annotations or {}).get(TERM_ANNOTATION, "")
        is_term = text.isascii() and text.isdigit() and len(text) <= TERM_DIGITS_MAX
        return int(text) if is_term else 0

    @property
    def member_id(self) -> str:
        """Of that leader; empty if there was none."""
        return (self.metadata.annotations or {}).get(MEMBER_ANNOTATION, "")

    @property
    def addresses(self) -> list[str]:
        """Where requests go now."""
        return [
            address
            for endpoint in self.endpoints or ()
            if endpoint.conditions.ready is not False
            for address in endpoint.addresses
        ]


_decoder = msgspec.json.Decoder(StoredSlice)


def parse_slice(body: bytes) -> StoredSlice:
    """Raises msgspec.DecodeError if it is no EndpointSlice."""
    return _decoder.decode(body)


def is_superseded(stored: StoredSlice, own: Leadership) -> bool:
    """Whether another leader has written it after our term began."""
    return stored.term > own.term


def patch_to_point(stored: StoredSlice, own: Leadership) -> bytes | None:
    """A merge patch that makes the slice name this leader; None if it does already. It only takes
    effect on the very object that was looked at."""
    named = (stored.term, stored.member_id, stored.addresses)
    if named == (own.term, str(own.member_id), [own.pod_ip]) and len(stored.endpoints or ()) == 1:
        return None
    endpoint = {
        "addresses": [own.pod_ip],
        "conditions": {"ready": True, "serving": True, "terminating": False},
        "targetRef": {"kind": "Pod", "name": own.pod_name},
    }
    return _patch(stored, own, [endpoint])


def patch_to_empty(stored: StoredSlice, own: Leadership) -> bytes | None:
    """A merge patch that leaves nobody in a slice that still names this leader, in its own term;
    None if it does not."""
    if stored.term != own.term or own.pod_ip not in stored.addresses:
        return None
    return _patch(stored, own, [])


def _patch(stored: StoredSlice, own: Leadership, endpoints: list[object]) -> bytes:
    return msgspec.json.encode(
        {
            "metadata": {
                "resourceVersion": stored.metadata.resource_version,
                "annotations": {
                    TERM_ANNOTATION: str(own.term),
                    MEMBER_ANNOTATION: str(own.member_id),
                },
            },
            "endpoints": endpoints,
        }
    )
