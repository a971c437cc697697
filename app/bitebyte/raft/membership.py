"""Changes of the membership: when they may be proposed, and how they take effect.

A change takes effect on each member at one stated moment: when a StorageApplyResp that covers its
entry is stepped. Two members may therefore be one change apart, and quorums of neighbouring
configurations intersect (thesis §4). They are never further apart where it matters:

1. A leader appends a change only when the one before has taken effect on it, so was committed.
2. Nobody campaigns while a change that it knows to be committed has not taken effect on it.
3. Whoever holds two changes knows that the earlier one is committed: the message that brought the
   later one said so, and a commit index that covers a change is written with it (`RawNode`).

So a candidate campaigns under the configuration before its newest entry of this kind, at worst
(etcd #7280, #11284). Single-server changes are safe here too, because a leader also waits until
an entry of its own term is committed (the bug in Ongaro's thesis, raft-dev 2015).
"""

from bitebyte.raft import commitment, transfer
from bitebyte.raft.confchange import apply_change, check_change, decode_change, encode_change
from bitebyte.raft.core import Core
from bitebyte.raft.errors import ConfChangeRefused, ConfChangeUnreadable
from bitebyte.raft.types import ConfChange, ConfState, Entry, Role


def append_change(core: Core, change: ConfChange) -> None:
    """A leader appends the change. Raises ConfChangeRefused, naming the rule, if it may not."""
    if core.log.pending_conf_index:
        raise ConfChangeRefused(
            f"the change of membership at index {core.log.pending_conf_index} is not applied yet"
        )
    if not commitment.has_committed_in_term(core):
        raise ConfChangeRefused("the leader is new: no entry of its term is committed yet")
    check_change(core.conf_state, change)
    _append(core, change)


def append_forwarded(core: Core, data: bytes) -> None:
    """A leader appends a change that another member has proposed. If it may not, the change takes
    its place in the log as void, so that its proposer learns its fate from the log like any other.
    """
    try:
        change = decode_change(data)
    except ConfChangeUnreadable:
        return
    try:
        append_change(core, change)
    except ConfChangeRefused:
        _append(core, ConfChange(change.changes, change.transition, change.context, is_void=True))


def take_effect(core: Core, entry: Entry) -> None:
    """The entry is applied: its configuration is in force from now on. A change that cannot be
    applied to the configuration before it changes nothing, on every member alike."""
    try:
        conf_state = apply_change(core.conf_state, decode_change(entry.data))
    except ConfChangeRefused:
        return
    switch_configuration(core, conf_state)


def switch_configuration(core: Core, conf_state: ConfState) -> None:
    """Puts a configuration in force, and draws the conclusions if this member leads."""
    core.set_configuration(conf_state)
    if core.role is not Role.LEADER:
        return
    core.track_members()
    core.prompt_ids = frozenset()
    # A smaller quorum may have what it needs already, and whoever left should hear of it.
    commitment.advance_commit(core)
    commitment.finish_reads(core)
    core.is_notice_due = True
    transfer.reconsider(core)
    leave_joint_if_due(core)


def leave_joint_if_due(core: Core) -> None:
    """A leader proposes to leave a joint configuration that says so, exactly once: the proposal is
    itself a change that is not applied yet. While it hands leadership over, the next one does."""
    if (
        core.conf_state.auto_leave
        and core.role is Role.LEADER
        and not core.log.pending_conf_index
        and not core.is_transferring
        and commitment.has_committed_in_term(core)
    ):
        _append(core, ConfChange())


def _append(core: Core, change: ConfChange) -> None:
    core.log.append_conf_change(core.term, encode_change(change))
    # Rare and awaited: everyone is told at once when it is committed.
    for peer in core.peers:
        peer.prompt_through = core.log.last_index
