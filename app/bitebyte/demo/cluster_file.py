"""What the demo remembers between two starts: `cluster.json` in the data folder.

It holds the identities that were drawn at the first start and which nodes have been
bootstrapped since. The second is why the file exists: a node that was bootstrapped once may
have voted, so it must never be bootstrapped again, not even when its disk is empty.
"""

from collections.abc import Callable

import msgspec

from bitebyte.demo.errors import DataFolderBroken

FILE_NAME = "cluster.json"
FORMAT = "bitebyte-demo"
FORMAT_VERSION = 1
NODES_COUNT = 3
"""The smallest cluster that survives the loss of a machine."""
ID_BITS = 63
"""Identities are positive and fit a signed 64-bit column."""


class MemberIdentity(msgspec.Struct, frozen=True):
    """A member's name for people and its id for Raft."""

    name: str
    id: int


class ClusterFile(msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """The whole of `cluster.json`."""

    format: str = FORMAT
    format_version: int = FORMAT_VERSION
    cluster_id: int
    members: tuple[MemberIdentity, ...]
    bootstrapped: tuple[str, ...] = ()
    """Names of the nodes whose database holds an identity."""
    is_bar_loaded: bool = False

    def with_bootstrapped(self, name: str) -> "ClusterFile":
        """The same file, remembering that this node must never be bootstrapped again."""
        if name in self.bootstrapped:
            return self
        return msgspec.structs.replace(self, bootstrapped=(*self.bootstrapped, name))

    def with_bar_loaded(self) -> "ClusterFile":
        """The same file, remembering that the bar is complete."""
        return msgspec.structs.replace(self, is_bar_loaded=True)


def draw_cluster(random_bits: Callable[[int], int]) -> ClusterFile:
    """A new cluster with random identities. `random_bits(n)` returns n random bits."""
    ids: list[int] = []
    while len(ids) < NODES_COUNT + 1:
        drawn = random_bits(ID_BITS)
        if drawn > 0 and drawn not in ids:
            ids.append(drawn)
    cluster_id, *member_ids = ids
    members = tuple(
        MemberIdentity(name=f"node-{number}", id=member_id)
        for number, member_id in enumerate(member_ids, start=1)
    )
    return ClusterFile(cluster_id=cluster_id, members=members)


def encode(cluster: ClusterFile) -> bytes:
    """The file's content, indented for people."""
    return msgspec.json.format(msgspec.json.encode(cluster), indent=2) + b"\n"


def decode(content: bytes) -> ClusterFile:
    """Reads `cluster.json`. Raises DataFolderBroken for anything this version did not write."""
    try:
        cluster = msgspec.json.decode(content, type=ClusterFile)
    except (msgspec.DecodeError, UnicodeDecodeError) as error:
        raise DataFolderBroken(f"{FILE_NAME} cannot be read: {error}") from error
    if cluster.format != FORMAT or cluster.format_version != FORMAT_VERSION:
        raise DataFolderBroken(
            f"{FILE_NAME} is {cluster.format} version {cluster.format_version}, "
            f"and this program knows {FORMAT} version {FORMAT_VERSION}"
        )
    ids = {cluster.cluster_id, *(member.id for member in cluster.members)}
    names = tuple(member.name for member in cluster.members)
    expected = tuple(f"node-{number}" for number in range(1, NODES_COUNT + 1))
    if names != expected or len(ids) != NODES_COUNT + 1 or not all(0 < i < 2**63 for i in ids):
        raise DataFolderBroken(f"{FILE_NAME} does not name {NODES_COUNT} distinct members")
    return cluster
