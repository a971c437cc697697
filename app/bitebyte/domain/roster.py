"""The cluster itself as a row of its own state: who belongs to it, and what all of them know.

Who votes is the business of the configuration that the Raft core keeps; this row holds what the
configuration has no place for: names, addresses, what a member is meant to become, and which ids
are used up. It changes in the same entry of the log as the configuration.
"""

from typing import ClassVar, Final

import msgspec

from bitebyte.domain.entity import Entity, Key

CLUSTER_ROW_ID: Final = "cluster"
"""There is one such row."""

LEVEL_FIRST: Final = 1
LEVEL_NEWEST: Final = 2
"""Of what this program knows. A command kind that older programs cannot read gets a level of its
own (`commands.level_of`) and is proposed only when every member knows that level."""


class ClusterMember(msgspec.Struct, frozen=True, array_like=True, gc=False):
    """A member as people know it. The id is its identity, 63 bits wide; the rest may change."""

    id: int
    name: str
    peer_address: str
    """`host:port` of its peer listener; empty as long as nobody has told it."""
    wants_vote: bool = False
    """A learner that shall become a voter as soon as it has caught up."""
    replaces_id: int = 0
    """The member that leaves in the same change; 0: none."""


class Cluster(Entity, frozen=True, array_like=True, gc=False):
    """The members, the ids that never come back, and the level that every member knows."""

    KIND: ClassVar[str] = "cluster"
    id: str = CLUSTER_ROW_ID
    cluster_version: int = LEVEL_FIRST
    members: tuple[ClusterMember, ...] = ()
    """By id. A member of the configuration that nobody has described yet is not here."""
    retired_ids: tuple[int, ...] = ()
    """Ids that once belonged to a member, in the order of their removal: eight bytes each, at
    the pace at which machines die."""

    @property
    def key(self) -> Key:
        return Key(self.KIND, (self.id,))

    def member(self, member_id: int) -> ClusterMember | None:
        """The member of that id, if it is described."""
        return next((member for member in self.members if member.id == member_id), None)


CLUSTER_KEY: Final = Key(Cluster.KIND, (CLUSTER_ROW_ID,))
