"""Snapshots in place of compacted entries: who gets one, and how it is taken in."""

from prompt_member import (
    ELECTION_TICKS,
    HEARTBEAT_TICKS,
    PromptMember,
    elected_leader,
    only,
    request_append,
)

from bitebyte.raft import (
    ConfState,
    Entry,
    HardState,
    ProgressState,
    Role,
    Snapshot,
)
from bitebyte.raft.messages import (
    MsgApp,
    MsgAppResp,
    MsgHeartbeat,
    MsgHeartbeatResp,
    MsgSnap,
    MsgVote,
    MsgVoteResp,
    SnapshotRequest,
    SnapshotStatus,
    StorageAppend,
    StorageAppendResp,
    StorageApplyResp,
    StorageFetchResp,
)

CONF = ConfState((1, 2, 3))
CONF_WITHOUT_2 = ConfState((1, 3))


def accept(sender: int, index: int) -> MsgAppResp:
    return MsgAppResp(to=1, sender=sender, term=1, index=index)


def reject(sender: int, index: int, hint: int) -> MsgAppResp:
    return MsgAppResp(
        to=1,
        sender=sender,
        term=1,
        index=index,
        is_rejected=True,
        hint_index=hint,
        hint_term=1 if hint else 0,
    )


def entries(*terms: int, first: int = 1) -> tuple[Entry, ...]:
    return tuple(Entry(term, index, b"%d" % index) for index, term in enumerate(terms, first))


def compacted_leader(**options: int) -> PromptMember:
    """A leader of six entries, four of them compacted; member 3 has the first two at most."""
    member = elected_leader(**options)
    for number in range(2, 7):
        member.propose(b"%d" % number)
        member.step(accept(2, number))
    assert member.node.applied_index == 6
    member.node.compact(4)
    member.disk.compact(4)
    return member


def leader_at_snapshot(**options: int) -> PromptMember:
    """The same, after member 3 has said that it lacks what is compacted."""
    member = compacted_leader(**options)
    member.node.step(reject(3, 6, 2))
    assert member.node.ready().snapshots == (SnapshotRequest(peer_id=3, index_min=4, term=1),)
    return member


def ended(index: int, *, is_failed: bool = False) -> SnapshotStatus:
    return SnapshotStatus(to=1, sender=1, peer_id=3, index=index, is_failed=is_failed)


def install(index: int, *, term: int = 1, conf_state: ConfState = CONF, sender: int = 1) -> MsgSnap:
    return MsgSnap(to=2, sender=sender, term=2, snapshot=Snapshot(index, term, conf_state))


def view(member: PromptMember) -> tuple[ProgressState, int, int]:
    seen = member.node.progress()[3]
    return seen.state, seen.match_index, seen.next_index


def durable(node_append: StorageAppend | None) -> StorageAppendResp:
    assert node_append is not None
    done = node_append.responses[-1]
    assert isinstance(done, StorageAppendResp)
    return done


# Compaction


def test_compaction_forgets_entries_but_not_the_term_before_the_first() -> None:
    member = compacted_leader()
    assert (member.node.first_index, member.node.last_index) == (5, 6)
    assert member.node.core.log.term(4) == 1
    member.node.compact(2)
    assert member.node.first_index == 5, "what is compacted already is no error"


def test_a_compacted_log_is_taken_up_after_a_restart() -> None:
    member = compacted_leader()
    member.restart()
    assert (member.node.first_index, member.node.last_index) == (5, 6)
    assert member.node.core.log.term(4) == 1


def test_entries_from_the_boundary_on_still_go_out() -> None:
    member = compacted_leader()
    sent = only(member.step(reject(3, 6, 4)), MsgApp, to=3)
    assert [(m.prev_index, m.prev_term) for m in sent] == [(4, 1)]


# Who gets a snapshot


def test_a_peer_that_needs_compacted_entries_is_sent_a_snapshot_and_nothing_else() -> None:
    member = leader_at_snapshot()
    assert member.node.progress()[3].pending_snapshot == 4
    member.node.propose([b"x"])
    heartbeats: list[MsgHeartbeat] = []
    for _ in range(3 * HEARTBEAT_TICKS):
        member.node.tick()
        member.node.step(MsgHeartbeatResp(to=1, sender=3, term=1))
        member.node.step(accept(2, 6))
        ready = member.node.ready()
        assert ready.snapshots == (), "asked for once"
        assert only(ready.messages, MsgApp, to=3) == []
        heartbeats += only(ready.messages, MsgHeartbeat, to=3)
    assert len(heartbeats) == 3, "but it is kept from campaigning"


def test_a_silent_peer_gets_no_snapshot() -> None:
    member = compacted_leader()
    member.node.step(reject(3, 6, 2))
    member.node.core.progress[3].is_recently_active = False
    assert member.node.ready().snapshots == ()


def test_an_arrived_snapshot_is_followed_by_a_probe_behind_it() -> None:
    member = leader_at_snapshot()
    member.step(ended(6))
    assert view(member) == (ProgressState.PROBE, 1, 7)
    sent = member.step(accept(3, 6))
    assert view(member) == (ProgressState.REPLICATE, 6, 7)
    assert only(sent, MsgApp, to=3)[-1].commit == 6


def test_a_failed_snapshot_is_asked_for_again_after_a_heartbeat_and_not_before() -> None:
    member = leader_at_snapshot()
    member.node.step(ended(0, is_failed=True))
    assert member.node.ready().snapshots == ()
    for _ in range(HEARTBEAT_TICKS):
        member.node.tick()
    assert member.node.ready().snapshots == ()
    member.node.step(MsgHeartbeatResp(to=1, sender=3, term=1))
    assert len(member.node.ready().snapshots) == 1


def test_an_acknowledgement_alone_ends_it_even_of_an_older_snapshot() -> None:
    """etcd: snapshot_succeed_via_app_resp and _behind."""
    member = leader_at_snapshot()
    member.step(accept(3, 3))
    assert view(member)[0] is ProgressState.SNAPSHOT, "the log does not reach so far back"
    sent = member.step(accept(3, 4))
    assert view(member) == (ProgressState.REPLICATE, 4, 7)
    assert [(m.prev_index, len(m.entries)) for m in only(sent, MsgApp, to=3)] == [(4, 2)]


def test_it_is_given_up_when_the_peer_is_silent_for_an_election_timeout() -> None:
    member = leader_at_snapshot()
    for _ in range(2 * ELECTION_TICKS):
        member.node.tick()
        member.node.step(accept(2, 6))
        member.node.ready()
    assert view(member) == (ProgressState.PROBE, 1, 2)
    member.node.step(MsgHeartbeatResp(to=1, sender=3, term=1))
    assert len(member.node.ready().snapshots) == 1, "asked for again when it is back"


def test_a_fetch_that_compaction_overtook_becomes_a_snapshot() -> None:
    member = elected_leader(log_cache_bytes_max=1)
    for number in range(2, 7):
        member.propose(b"%d" % number)
        member.step(accept(2, number))
    member.node.step(reject(3, 6, 2))
    member.node.step(accept(3, 2))
    (fetch,) = member.node.ready().fetches
    member.node.compact(5)
    member.node.step(StorageFetchResp(to=1, sender=1, peer_id=3, low=fetch.low, entries=()))
    assert [request.index_min for request in member.node.ready().snapshots] == [5]


def test_a_status_that_nobody_waits_for_changes_nothing() -> None:
    member = compacted_leader()
    before = view(member)
    assert member.step(ended(6)) == []
    assert view(member) == before


# How it is taken in


def test_a_snapshot_counts_when_it_is_durable() -> None:
    node = PromptMember(2, voters=()).node
    node.step(install(5))
    append = node.ready().append
    assert append is not None
    assert append.snapshot == Snapshot(5, 1, CONF)
    assert append.hard_state == HardState(term=2, commit=5)
    assert (node.last_index, node.commit_index, node.applied_index) == (5, 5, 0)
    assert node.conf_state == ConfState(())
    node.campaign()
    assert node.role is Role.FOLLOWER
    assert [m.index for m in append.responses if isinstance(m, MsgAppResp)] == [5]
    node.step(durable(append))
    assert (node.applied_index, node.first_index, node.conf_state) == (5, 6, CONF)


def test_nothing_is_written_or_applied_beside_an_installation() -> None:
    node = PromptMember(2).node
    node.step(install(5))
    append = node.ready().append
    node.step(
        MsgApp(
            to=2,
            sender=1,
            term=2,
            prev_index=5,
            prev_term=1,
            entries=entries(2, first=6),
            commit=6,
        )
    )
    node.step(MsgHeartbeat(to=2, sender=1, term=3, commit=0))
    ready = node.ready()
    assert (ready.append, ready.apply) == (None, None)
    assert not node.has_ready()
    node.step(durable(append))
    after = node.ready().append
    assert after is not None
    assert [entry.index for entry in after.entries] == [6]
    assert after.hard_state is not None
    assert after.hard_state.term == 3
    node.step(durable(after))
    apply = node.ready().apply
    assert apply is not None
    assert [entry.index for entry in apply.entries] == [6]


def test_entries_that_follow_at_once_go_into_the_same_write() -> None:
    node = PromptMember(2).node
    node.step(install(5))
    node.step(
        MsgApp(
            to=2, sender=1, term=2, prev_index=5, prev_term=1, entries=entries(2, first=6), commit=5
        )
    )
    append = node.ready().append
    assert append is not None
    assert append.snapshot is not None
    assert [entry.index for entry in append.entries] == [6]
    assert [m.index for m in append.responses if isinstance(m, MsgAppResp)] == [6]


def test_it_waits_until_the_state_machine_has_come_to_rest() -> None:
    """etcd and camunda PR #10463: an apply that runs on would write into replaced rows."""
    node = PromptMember(2, terms=(1, 1), hard_state=HardState(term=2, commit=2)).node
    assert node.ready().apply is not None
    node.step(install(5))
    assert not node.has_ready()
    assert (node.last_index, node.commit_index) == (2, 2)
    probe = MsgApp(to=2, sender=1, term=2, prev_index=5, prev_term=1)
    node.step(probe)
    assert node.ready().messages == (), "a rejection would ask for another snapshot"
    node.step(StorageApplyResp(to=2, sender=2, index=2))
    append = node.ready().append
    assert append is not None
    assert append.snapshot is not None


def test_writes_that_began_before_make_nothing_stable() -> None:
    node = PromptMember(2).node
    node.step(MsgApp(to=2, sender=1, term=1, prev_index=0, prev_term=0, entries=entries(1, 1, 1)))
    old = node.ready().append
    node.step(install(5, term=2))
    new = node.ready().append
    node.step(durable(old))
    assert (node.core.log.stable, node.applied_index) == (0, 0)
    node.step(durable(new))
    assert (node.core.log.stable, node.applied_index) == (5, 5)


def test_a_log_that_conflicts_with_it_is_replaced() -> None:
    member = PromptMember(2, terms=(1, 1, 1, 1, 1, 1, 1))
    member.step(install(5, term=2))
    assert (member.node.first_index, member.node.last_index) == (6, 5)
    assert (member.disk.first_index, member.disk.last_index, member.disk.base_term) == (6, 5, 2)


def test_a_log_that_holds_its_last_entry_is_kept() -> None:
    member = PromptMember(2, terms=(1, 1, 1, 1, 1, 1, 1))
    (answer,) = only(member.step(install(5)), MsgAppResp)
    assert answer.index == 5
    assert (member.node.first_index, member.node.last_index) == (1, 7)
    assert (member.node.commit_index, member.node.applied_index) == (5, 5)


def test_an_old_snapshot_takes_nothing_back() -> None:
    member = PromptMember(2, terms=(1, 1, 1, 1), hard_state=HardState(term=1, commit=4))
    member.work()
    (answer,) = only(member.step(install(2)), MsgAppResp)
    assert answer.index == 4
    assert (member.node.commit_index, member.node.applied_index) == (4, 4)
    assert member.node.first_index == 1


def test_appends_go_on_behind_it() -> None:
    member = PromptMember(2, voters=())
    member.step(install(5))
    sent = member.step(
        request_append(member, sender=1, term=2, prev=(5, 1), entries=entries(2, first=6), commit=6)
    )
    assert [m.index for m in only(sent, MsgAppResp)] == [6]
    assert [entry.index for entry in member.applied] == [6]


def test_a_second_snapshot_waits_for_the_first() -> None:
    node = PromptMember(2).node
    node.step(install(5))
    first = node.ready().append
    node.step(install(9))
    assert node.ready().append is None
    node.step(durable(first))
    second = node.ready().append
    assert second is not None
    assert second.snapshot is not None
    assert second.snapshot.index == 9
    node.step(durable(second))
    assert node.applied_index == 9


def test_restore_ignores_a_snapshot_without_a_sound_configuration() -> None:
    member = PromptMember(2)
    for broken in (ConfState(()), ConfState((1, 2), (2,)), ConfState((2, 1))):
        assert only(member.step(install(5, conf_state=broken)), MsgAppResp) == []
    assert member.node.last_index == 0


def test_who_is_not_in_it_follows_and_never_campaigns() -> None:
    member = PromptMember(2)
    member.step(install(5, conf_state=CONF_WITHOUT_2))
    member.tick(3 * ELECTION_TICKS)
    assert (member.node.role, member.node.is_promotable) == (Role.FOLLOWER, False)


def test_restore_voter_to_learner() -> None:
    member = PromptMember(2)
    assert member.node.is_promotable
    member.step(install(5, conf_state=ConfState((1, 3), (2,))))
    assert not member.node.is_promotable


def test_restore_with_voters_outgoing() -> None:
    member = PromptMember(2, voters=())
    joint = ConfState((2, 3), voters_outgoing=(1, 2))
    member.step(install(5, conf_state=joint))
    assert member.node.conf_state == joint
    assert member.node.core.quorum.voters == (1, 2, 3)


def test_a_vote_during_an_installation_waits_for_it_and_is_kept() -> None:
    node = PromptMember(2).node
    node.step(install(5))
    append = node.ready().append
    node.forget_leader()
    node.step(request := vote_request_after(5))
    assert node.ready().append is None
    node.step(durable(append))
    after = node.ready().append
    assert after is not None
    assert after.hard_state == HardState(term=request.term, vote=3, commit=5)
    assert [m.is_rejected for m in after.responses if isinstance(m, MsgVoteResp)] == [False]


def vote_request_after(index: int) -> MsgVote:
    return MsgVote(to=2, sender=3, term=3, last_index=index, last_term=1)
