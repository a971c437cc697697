"""One test per rule sentence on log compaction and snapshots (paper §7, thesis chapter 5).

Each docstring quotes no text; it restates the rule and names the section it stands in. The rows of
a snapshot travel outside the core, so chunks and offsets are not tested here.
"""

import pytest
from prompt_member import (
    HEARTBEAT_TICKS,
    Group,
    PromptMember,
    elected_leader,
    only,
    request_append,
    three,
)

from bitebyte.raft import ConfState, Entry, HardState, ProgressState, Role, Snapshot
from bitebyte.raft.messages import (
    MsgApp,
    MsgAppResp,
    MsgHeartbeatResp,
    MsgSnap,
    MsgVoteResp,
    SnapshotStatus,
)


def install(
    member: PromptMember, index: int, term: int, conf_state: ConfState | None = None
) -> MsgSnap:
    """A snapshot that the leader, member 1, has sent to `member`."""
    return MsgSnap(
        to=member.node.id,
        sender=1,
        term=max(term, member.node.term),
        snapshot=Snapshot(index, term, conf_state or ConfState((1, 2, 3))),
    )


def leader_with_compacted_log() -> PromptMember:
    """Member 1 leads; entries up to 5 are compacted, and nobody was heard of member 3."""
    leader = PromptMember(1, after=(5, 1), hard_state=HardState(term=1))
    leader.campaign()
    for is_pre in (True, False):
        leader.step(MsgVoteResp(to=1, sender=2, term=2, is_pre=is_pre))
    leader.step(MsgAppResp(to=1, sender=2, term=2, index=6))
    assert (leader.node.role, leader.node.first_index) == (Role.LEADER, 6)
    return leader


def test_each_server_compacts_its_log_by_itself() -> None:
    """§7: each server takes snapshots independently, covering just the committed entries of its
    log."""
    group = three()
    group.elect(1)
    group.propose(1, b"spritz")
    group[2].compact(2)
    assert [group[m].node.first_index for m in (1, 2, 3)] == [1, 3, 1]
    group.propose(1, b"negroni")
    assert group[2].payloads == [b"spritz", b"negroni"]


def test_what_is_not_applied_is_never_compacted() -> None:
    """§7: the snapshot replaces what the state machine has applied, nothing else."""
    member = elected_leader()
    member.propose(b"spritz")
    assert member.node.applied_index == 1
    with pytest.raises(AssertionError):
        member.node.compact(2)


def test_index_and_term_of_the_last_compacted_entry_stay_known() -> None:
    """§7: they are kept for the consistency check of the first AppendEntries after the snapshot."""
    leader = elected_leader()
    leader.propose(b"spritz")
    for peer in (2, 3):
        leader.step(MsgAppResp(to=1, sender=peer, term=1, index=2))
    leader.compact(2)
    sent = leader.propose(b"negroni")
    assert {(append.prev_index, append.prev_term) for append in only(sent, MsgApp)} == {(2, 1)}
    leader.restart()
    assert leader.node.core.log.term(2) == 1, "also after a restart"
    follower = PromptMember(2, after=(2, 1))
    answer = follower.step(
        request_append(follower, sender=1, term=1, prev=(2, 1), entries=(Entry(1, 3),))
    )
    assert not only(answer, MsgAppResp)[0].is_rejected


def test_the_configuration_is_part_of_a_snapshot() -> None:
    """§7: to enable membership changes the snapshot includes the latest configuration as of its
    last included index."""
    member = PromptMember(2, voters=())
    member.step(install(member, 7, 2, ConfState((1, 3), (2,))))
    assert member.conf_state == ConfState((1, 3), (2,))
    member.restart()
    assert member.conf_state == ConfState((1, 3), (2,))


def test_a_leader_sends_a_snapshot_when_it_has_discarded_what_a_follower_needs() -> None:
    """§7: this happens when the leader has already discarded the next log entry to send."""
    leader = leader_with_compacted_log()
    leader.step(MsgHeartbeatResp(to=1, sender=3, term=2))
    assert leader.snapshot_requests == []
    leader.step(MsgAppResp(to=1, sender=3, term=2, index=5, is_rejected=True, hint_index=2))
    (request,) = leader.snapshot_requests
    assert (request.peer_id, request.index_min) == (3, 5)
    assert leader.node.progress()[3].state is ProgressState.SNAPSHOT


def test_nothing_is_appended_while_a_snapshot_is_under_way() -> None:
    """§7: the snapshot brings the follower up to date; entries after it follow when it is there."""
    leader = leader_with_compacted_log()
    leader.step(MsgHeartbeatResp(to=1, sender=3, term=2))
    leader.step(MsgAppResp(to=1, sender=3, term=2, index=5, is_rejected=True))
    assert only(leader.propose(b"spritz"), MsgApp, to=3) == []
    assert only(leader.tick(HEARTBEAT_TICKS), MsgApp, to=3) == []
    sent = leader.step(MsgAppResp(to=1, sender=3, term=2, index=6))
    assert [entry.index for entry in only(sent, MsgApp, to=3)[0].entries] == [7]


def test_a_snapshot_of_what_is_new_replaces_the_whole_log() -> None:
    """§7: usually it contains information not already in the log; the follower discards its entire
    log, even uncommitted entries that conflict with it."""
    member = PromptMember(2, terms=[1, 1, 1], hard_state=HardState(term=1))
    sent = member.step(install(member, 7, 2))
    assert (member.node.first_index, member.node.last_index) == (8, 7)
    assert (member.node.commit_index, member.node.applied_index) == (7, 7)
    assert (member.disk.first_index, member.disk.entries) == (8, [])
    assert only(sent, MsgAppResp) == [MsgAppResp(to=1, sender=2, term=2, index=7)]


def test_a_conflicting_log_longer_than_the_snapshot_is_replaced_too() -> None:
    """§7: what follows the snapshot's last entry is kept only where that entry itself agrees."""
    member = PromptMember(2, terms=[1] * 9, hard_state=HardState(term=1))
    member.step(install(member, 7, 2))
    assert member.node.last_index == 7


def test_a_snapshot_of_a_prefix_of_the_log_keeps_what_follows() -> None:
    """§7: if the follower has that entry, entries covered by the snapshot are done with, but
    entries following it are still valid and must be retained."""
    member = PromptMember(2, terms=[1, 1, 2, 2], hard_state=HardState(term=2))
    sent = member.step(install(member, 3, 2))
    assert member.log_terms == [1, 1, 2, 2]
    assert (member.node.commit_index, member.node.applied_index) == (3, 3)
    assert only(sent, MsgAppResp)[0].index == 3


def test_a_snapshot_never_takes_anything_back() -> None:
    """§7: one that was retransmitted, or sent by mistake, describes a prefix of what is there."""
    member = PromptMember(2, terms=[1, 1, 1], hard_state=HardState(term=1, commit=3))
    member.work()
    assert member.node.applied_index == 3
    sent = member.step(install(member, 2, 1))
    assert (member.node.applied_index, member.log_terms) == (3, [1, 1, 1])
    assert only(sent, MsgAppResp)[0].index == 3, "it says how far it really is"


def test_a_snapshot_is_acknowledged_when_it_is_durable() -> None:
    """§7, figure 13: the follower replies when the state is reset from the snapshot."""
    member = PromptMember(2)
    member.node.step(install(member, 7, 2))
    ready = member.node.ready()
    assert ready.messages == ()
    assert ready.append is not None
    assert ready.append.snapshot == Snapshot(7, 2, ConfState((1, 2, 3)))
    assert ready.append.hard_state is not None
    assert member.node.applied_index == 0, "not before it is durable"
    assert not member.node.ready().apply


def test_a_snapshot_of_an_older_term_is_refused() -> None:
    """Figure 13: reply immediately if the term is older than the current one."""
    member = PromptMember(2, hard_state=HardState(term=5))
    message = MsgSnap(to=2, sender=1, term=4, snapshot=Snapshot(7, 4, ConfState((1, 2, 3))))
    sent = member.step(message)
    assert only(sent, MsgAppResp)[0].is_rejected
    assert member.node.last_index == 0


def test_a_candidate_that_gets_a_snapshot_follows_again() -> None:
    """Figure 13 and §5.2: a snapshot of the own term or a later one comes from a legitimate leader.
    But it was long on its way, so who leads now is learnt from the next append or heartbeat."""
    member = PromptMember(2)
    member.campaign()
    member.step(install(member, 7, 2))
    assert (member.node.role, member.node.term, member.node.leader_id) == (Role.FOLLOWER, 2, 0)
    member.step(request_append(member, sender=1, term=2, prev=(7, 2)))
    assert member.node.leader_id == 1


def test_a_lagging_follower_is_caught_up_by_snapshot_and_log() -> None:
    """§7: the ordinary way of a follower that is exceptionally slow, or new, from end to end."""
    group: Group = three()
    group.elect(1)
    group.isolate(3)
    for number in range(5):
        group.propose(1, b"%d" % number)
    group[1].compact(4)
    group.heal()
    group.tick(1, 4 * HEARTBEAT_TICKS)
    assert group[3].disk.applied_index == group[1].disk.applied_index == 6
    group.propose(1, b"five")
    assert group[3].payloads[-1] == b"five"


def test_a_snapshot_that_failed_is_asked_for_again() -> None:
    """§5.3, §7: requests that fail are retried indefinitely, here once per heartbeat at most."""
    leader = leader_with_compacted_log()
    leader.step(MsgHeartbeatResp(to=1, sender=3, term=2))
    leader.step(MsgAppResp(to=1, sender=3, term=2, index=5, is_rejected=True))
    leader.step(SnapshotStatus(to=1, sender=1, peer_id=3, index=0, is_failed=True))
    assert len(leader.snapshot_requests) == 1, "not at once"
    leader.tick(HEARTBEAT_TICKS)
    leader.step(MsgHeartbeatResp(to=1, sender=3, term=2))
    assert len(leader.snapshot_requests) == 2
