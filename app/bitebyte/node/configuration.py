"""What an entry of kind CONF_CHANGE does: to the configuration, and to the cluster's own row."""

from collections.abc import Collection
from typing import NamedTuple

import msgspec

from bitebyte.domain.changeset import refuse
from bitebyte.domain.cluster import apply_configuration
from bitebyte.domain.commands import ChangeMembers
from bitebyte.domain.results import Applied
from bitebyte.domain.view import View
from bitebyte.node.envelope import UnknownEntry, open_envelope
from bitebyte.raft import confchange
from bitebyte.raft.errors import ConfChangeRefused, ConfChangeUnreadable
from bitebyte.raft.messages import MsgProp
from bitebyte.raft.types import ChangeKind, ConfState


class Reconfigured(NamedTuple):
    """The configuration from here on, whose call it was (0: nobody's), and what it did."""

    conf_state: ConfState
    origin: int
    sequence: int
    applied: Applied


def ids_of(conf_state: ConfState) -> frozenset[int]:
    """Everybody who has a part in the configuration."""
    return frozenset(
        (
            *conf_state.voters,
            *conf_state.learners,
            *conf_state.voters_outgoing,
            *conf_state.learners_next,
        )
    )


def is_voter(conf_state: ConfState, member_id: int) -> bool:
    """Whether the member has a vote, in either half."""
    return member_id in conf_state.voters or member_id in conf_state.voters_outgoing


def apply_conf_change(view: View, conf_state: ConfState, data: bytes) -> Reconfigured:
    """Computes what the core computes for itself when it is told that the entry is applied.

    A void change, and one that is not possible from here, changes nothing, on every member alike.
    Raises NotLoaded; ConfChangeUnreadable, UnknownEntry or UnknownCommand for what a newer
    program wrote.
    """
    change = confchange.decode_change(data)
    origin = sequence = 0
    command: ChangeMembers | None = None
    if change.context:
        envelope, opened = open_envelope(change.context)
        origin, sequence = envelope.origin, envelope.sequence
        if not isinstance(opened, ChangeMembers):
            raise UnknownEntry(f"a configuration change that carries a {type(opened).__name__}")
        command = opened
    if change.is_void:
        applied = refuse(
            "change_under_way",
            "The leader could not take it: another change is under way, or it is not allowed.",
        )
        return Reconfigured(conf_state, origin, sequence, applied)
    try:
        changed = confchange.apply_change(conf_state, change)
    except ConfChangeRefused as error:
        return Reconfigured(conf_state, origin, sequence, refuse("change_refused", str(error)))
    removed_ids = ids_of(conf_state) - ids_of(changed)
    applied = apply_configuration(view, command, removed_ids=removed_ids)
    return Reconfigured(changed, origin, sequence, applied)


def refuse_retired(message: MsgProp, retired_ids: Collection[int]) -> MsgProp:
    """A forwarded change that would bring a removed member back becomes void, so that its proposer
    learns it. At the leader this is exact: a change is only taken when all before are applied."""
    return msgspec.structs.replace(
        message, proposals=tuple(_void_if_retired(data, retired_ids) for data in message.proposals)
    )


def _void_if_retired(data: bytes, retired_ids: Collection[int]) -> bytes:
    try:
        change = confchange.decode_change(data)
    except ConfChangeUnreadable:
        return data  # the core decides what becomes of nonsense
    if any(p.kind != ChangeKind.REMOVE and p.member_id in retired_ids for p in change.changes):
        return confchange.encode_change(msgspec.structs.replace(change, is_void=True))
    return data
