"""Cases on replication, storage and reads that other implementations found worth a test of their
own, by their names.

Each docstring says what the case shows and who has it. Those on elections are in
test_raft_known_elections.py; more are scenario files.
"""

from random import Random

import pytest
from prompt_member import (
    ELECTION_TICKS,
    HEARTBEAT_TICKS,
    Group,
    PromptMember,
    elected_leader,
    only,
    request_append,
    three,
)

from bitebyte.raft import (
    ConfState,
    Entry,
    HardState,
    ProgressState,
    ProposalDropped,
    ReadState,
    Role,
)
from bitebyte.raft.messages import (
    MsgApp,
    MsgAppResp,
    MsgHeartbeat,
    MsgHeartbeatResp,
    PeerMessage,
    SnapshotStatus,
    StorageApplyResp,
)


def test_leader_msg_app_self_ack_after_term_change() -> None:
    """etcd: the own disk finishes a write of an earlier term late, when this member leads no more.
    What is durable is durable; nothing is committed by it."""
    leader = elected_leader()
    leader.node.propose([b"spritz"])
    ready = leader.node.ready()
    assert ready.append is not None
    leader.disk.submit(ready.append)
    leader.node.step(request_append(leader, sender=2, term=2, prev=(1, 1)))
    for response in leader.disk.finish_write():
        leader.node.step(response)
    assert (leader.node.role, leader.node.commit_index) == (Role.FOLLOWER, 1)
    assert leader.node.core.log.stable == 2
    leader.work()
    leader.step(
        request_append(leader, sender=2, term=2, prev=(1, 1), entries=(Entry(2, 2, b"negroni"),))
    )
    assert [entry.data for entry in leader.disk.entries] == [b"", b"negroni"]


@pytest.mark.parametrize("seed", range(5))
def test_log_replication_with_reordered_messages(seed: int) -> None:
    """etcd: messages overtake each other, and some come twice; all logs become the same."""
    random = Random(seed)
    group = three(size_per_message_bytes_max=2)
    group.elect(1)
    flying: list[PeerMessage] = []
    for number in range(30):
        flying += group[1].propose(b"%d" % number)
        for _ in range(random.randrange(4)):
            message = flying[random.randrange(len(flying))]
            if random.random() < 0.7:
                flying.remove(message)
            flying += group[message.to].step(message)
            if not flying:
                break
    random.shuffle(flying)
    group.deliver(flying)
    group.tick(1, 4 * HEARTBEAT_TICKS)
    expected = [b"%d" % number for number in range(30)]
    assert [member.payloads for member in group.members.values()] == [expected] * 3


@pytest.mark.parametrize(
    ("leader_terms", "follower_terms", "rejections_expected"),
    [
        ([1, 3, 3, 3, 5, 5, 5], [1, 1, 1, 1, 2, 2, 2], 1),
        ([1, 1, 1, 1, 1, 1, 4], [1, 1, 1, 1, 1, 1, 3], 1),
        ([1, 2, 3, 4, 5, 6, 7], [1], 1),
        ([1, 1, 1, 2, 2, 2, 5], [1, 1, 1, 1, 1, 1, 3, 3, 3], 2),
    ],
)
def test_fast_log_rejection(
    leader_terms: list[int], follower_terms: list[int], rejections_expected: int
) -> None:
    """etcd: hints with terms on both sides find the place where two logs part in few steps."""
    leader = PromptMember(1, voters=(1, 2), terms=leader_terms, hard_state=HardState(term=7))
    follower = PromptMember(2, voters=(1, 2), terms=follower_terms, hard_state=HardState(term=7))
    group = Group(leader, follower)
    rejections: list[PeerMessage] = []
    group.is_lost = lambda message: (
        isinstance(message, MsgAppResp) and message.is_rejected and bool(rejections.append(message))
    )
    group.elect(1)
    assert follower.log_terms == [*leader_terms, 8]
    assert len(rejections) == rejections_expected


def test_commit_pagination_after_restart() -> None:
    """etcd: after a restart the committed entries are handed out in bounded pages, and none is
    skipped between two of them."""
    member = PromptMember(1, voters=(1,), apply_size_bytes_max=100)
    member.disk.entries = [Entry(1, index, b"x" * 40) for index in range(1, 11)]
    member.disk.hard_state = HardState(term=1, commit=10)
    member.restart()
    pages: list[int] = []
    while member.node.has_ready():
        ready = member.node.ready()
        if ready.apply is not None:
            pages.append(len(ready.apply.entries))
            member.applied.extend(ready.apply.entries)
        index = member.applied[-1].index
        member.node.step(StorageApplyResp(to=1, sender=1, index=index))
    assert [entry.index for entry in member.applied] == list(range(1, 11))
    assert pages == [2] * 5


def propose_until_dropped(leader: PromptMember) -> int:
    """How many proposals of 100 bytes were taken; more than 1,000 would be a leak."""
    for taken in range(1000):
        try:
            leader.propose(b"x" * 100)
        except ProposalDropped:
            return taken
    raise AssertionError("the log grows without a bound")


def test_bounded_log_growth_with_partition() -> None:
    """etcd: a leader that cannot commit does not take proposals for ever."""
    group = three(unapplied_bytes_max=1000)
    group.elect(1)
    group.isolate(1)
    taken = propose_until_dropped(group[1])
    assert taken == 11, "as many as fit, and the one that showed that no more do"
    group.heal()
    group.tick(1, 2 * HEARTBEAT_TICKS)
    assert len(group[2].payloads) == taken
    group.propose(1, b"there is room again")


def test_read_only_duplicate_request() -> None:
    """etcd: the same request id twice is two reads, and neither confirms the other."""
    leader = elected_leader()
    leader.read(7)
    leader.read(7)
    leader.step(MsgHeartbeatResp(to=1, sender=2, term=1, read_seq=1))
    assert leader.reads == [ReadState(7, 1)]
    leader.step(MsgHeartbeatResp(to=1, sender=2, term=1, read_seq=2))
    assert leader.reads == [ReadState(7, 1)] * 2


def test_raft_frees_read_only_memory() -> None:
    """etcd: reads that were answered, or died with the leadership, leave nothing behind."""
    leader = elected_leader(pending_reads_max=4)
    for number in range(1, 100):
        leader.read(number)
        leader.step(MsgHeartbeatResp(to=1, sender=3, term=1, read_seq=number))
    assert len(leader.reads) == 99, "the bound of 4 would have been reached"
    for number in range(200, 204):
        leader.read(number)
    leader.step(MsgHeartbeat(to=1, sender=2, term=2, commit=1))
    reads = leader.node.core.reads
    assert (reads.is_round_open, reads.has_queued) == (False, False)


def test_hung_follower_blocks_nobody() -> None:
    """openraft: a follower that answers nothing costs bounded messages and holds nobody up."""
    group = three(inflight_messages_max=3)
    group.elect(1)
    sent_to_3: list[PeerMessage] = []
    group.is_lost = lambda message: message.to == 3 and (sent_to_3.append(message) or True)
    for number in range(50):
        group.propose(1, b"%d" % number)
    assert group[2].node.commit_index == group[1].node.commit_index == 51
    appends = [m for m in sent_to_3 if isinstance(m, MsgApp) and m.entries]
    assert len(appends) == 3


def test_building_a_snapshot_blocks_neither_append_nor_apply() -> None:
    """openraft: while a snapshot is being made and sent, orders are appended and applied."""
    group = three()
    group.elect(1)
    group.isolate(3)
    group.propose(1, b"spritz")
    group[1].compact(2)
    leader = group[1]
    leader.step(MsgHeartbeatResp(to=1, sender=3, term=1))
    leader.tick(HEARTBEAT_TICKS)
    leader.step(MsgAppResp(to=1, sender=3, term=1, index=2, is_rejected=True, hint_index=1))
    assert leader.node.progress()[3].state is ProgressState.SNAPSHOT
    for number in range(10):
        group.propose(1, b"%d" % number)
    assert leader.payloads[-1] == group[2].payloads[-1] == b"9"


def test_lost_snapshot_trigger() -> None:
    """openraft: nobody ever says how a snapshot ended. When the peer is silent too it is given up,
    and when the peer is heard again it is asked for anew."""
    leader = elected_leader()
    leader.propose(b"spritz")
    leader.step(MsgAppResp(to=1, sender=2, term=1, index=2))
    leader.compact(2)
    leader.step(MsgAppResp(to=1, sender=3, term=1, index=2, is_rejected=True))
    leader.tick(HEARTBEAT_TICKS)
    leader.step(MsgHeartbeatResp(to=1, sender=3, term=1))
    assert len(leader.snapshot_requests) == 1
    for _ in range(3 * ELECTION_TICKS):
        leader.tick()
        leader.step(MsgHeartbeatResp(to=1, sender=2, term=1))
    assert leader.node.progress()[3].state is ProgressState.PROBE
    leader.step(MsgHeartbeatResp(to=1, sender=3, term=1))
    leader.tick(HEARTBEAT_TICKS)
    leader.step(MsgHeartbeatResp(to=1, sender=3, term=1))
    assert len(leader.snapshot_requests) == 2
    leader.step(SnapshotStatus(to=1, sender=1, peer_id=3, index=2))
    leader.step(MsgAppResp(to=1, sender=3, term=1, index=2))
    assert leader.node.progress()[3].state is ProgressState.REPLICATE


def test_replication_of_one_voter_to_an_isolated_learner() -> None:
    """openraft: one voter commits alone, whatever becomes of its learner."""
    group = Group(
        PromptMember(1, voters=(1,), learners=(2,)), PromptMember(2, voters=(1,), learners=(2,))
    )
    group.elect(1)
    group.isolate(2)
    for _ in range(3 * ELECTION_TICKS):
        group.tick(1)
    group.propose(1, b"spritz")
    assert (group[1].node.role, group[1].payloads) == (Role.LEADER, [b"spritz"])
    group.heal()
    group.tick(1, 3 * HEARTBEAT_TICKS)
    assert group[2].payloads == [b"spritz"]
    assert group[2].conf_state == ConfState((1,), (2,))


def test_restore_committed_logs() -> None:
    """hashicorp: what was committed is applied again after a restart, also without a leader, as far
    as the stored hint says."""
    member = PromptMember(1, terms=[1, 1, 1], hard_state=HardState(term=1, commit=2))
    member.work()
    assert (member.node.applied_index, member.node.leader_id) == (2, 0)


def test_raw_node_overwrite_entries() -> None:
    """raft-rs: entries that were handed to the disk and not yet durable are replaced by those of a
    later leader; the last write wins, on disk as in memory."""
    member = PromptMember(3)
    writes = [
        request_append(member, sender=1, term=1, entries=(Entry(1, 1, b"a"), Entry(1, 2, b"b"))),
        request_append(member, sender=2, term=2, entries=(Entry(2, 1, b"c"),)),
    ]
    for message in writes:
        member.node.step(message)
        ready = member.node.ready()
        assert ready.append is not None
        member.disk.submit(ready.append)
    while member.disk.pending:
        for response in member.disk.finish_write():
            if response.to == 3:
                member.node.step(response)
    assert [entry.data for entry in member.disk.entries] == [b"c"]
    assert (member.node.last_index, member.node.core.log.stable) == (1, 1)
    assert only(member.work(), MsgAppResp) == []
