"""What the driver is promised by RawNode and Ready, duty by duty."""

from random import Random

import pytest
from memory_disk import MemoryDisk
from prompt_member import (
    ELECTION_TICKS,
    HEARTBEAT_TICKS,
    PromptMember,
    elected_leader,
    only,
    three,
)

from bitebyte.raft import (
    ConfigError,
    ConfState,
    Entry,
    HardState,
    ProgressState,
    ProposalDropped,
    RaftConfig,
    RawNode,
    Ready,
    Role,
    SoftState,
)
from bitebyte.raft.messages import (
    MsgApp,
    MsgAppResp,
    MsgHeartbeat,
    MsgHeartbeatResp,
    MsgProp,
    MsgVote,
    MsgVoteResp,
    StorageAppendResp,
    StorageApplyResp,
    StorageFetch,
    StorageFetchResp,
)


def accept(sender: int, index: int) -> MsgAppResp:
    return MsgAppResp(to=1, sender=sender, term=1, index=index)


def entries(*terms: int, first: int = 1) -> tuple[Entry, ...]:
    return tuple(Entry(term, index, b"%d" % term) for index, term in enumerate(terms, first))


# Ready


def test_a_fresh_member_has_nothing_to_do() -> None:
    node = PromptMember(1).node
    assert not node.has_ready()
    assert node.ready() == Ready()


def test_work_is_handed_out_once() -> None:
    member = elected_leader()
    member.node.propose([b"a"])
    assert member.node.ready() != Ready()
    assert not member.node.has_ready()


def test_what_arrives_between_two_readys_becomes_one_message_per_peer() -> None:
    member = elected_leader()
    for number in range(10):
        member.node.propose([b"%d" % number])
    ready = member.node.ready()
    assert [(m.to, len(m.entries)) for m in only(ready.messages, MsgApp)] == [(2, 10), (3, 10)]
    assert ready.append is not None
    assert len(ready.append.entries) == 10


def test_a_message_is_bounded_but_a_single_larger_entry_still_goes() -> None:
    member = elected_leader(size_per_message_bytes_max=10)
    member.node.propose([b"1234", b"5678", b"90", b"x" * 50, b"y"])
    sent = only(member.node.ready().messages, MsgApp, to=2)
    assert [[len(entry.data) for entry in m.entries] for m in sent] == [[4, 4, 2], [50], [1]]


def test_a_changed_commit_index_alone_writes_nothing() -> None:
    member = PromptMember(2)
    member.step(MsgApp(to=2, sender=1, term=1, prev_index=0, prev_term=0, entries=entries(1, 1)))
    stored = member.disk.hard_state
    member.node.step(MsgHeartbeat(to=2, sender=1, term=1, commit=2))
    ready = member.node.ready()
    assert ready.append is None
    assert ready.apply is not None
    assert member.node.commit_index == 2
    assert member.disk.hard_state == stored


def test_a_commit_index_adds_no_row_to_a_write_but_rides_along_with_a_vote() -> None:
    member = elected_leader()
    member.propose(b"a")
    member.step(accept(2, 2))
    member.propose(b"b")
    assert member.disk.hard_state == HardState(term=1, vote=1, commit=0)
    member.step(MsgVote(to=1, sender=2, term=2, last_index=9, last_term=1, is_forced=True))
    assert member.disk.hard_state == HardState(term=2, vote=2, commit=2)


def test_a_new_leader_or_role_is_told_once() -> None:
    node = PromptMember(1).node
    node.step(MsgHeartbeat(to=1, sender=2, term=1, commit=0))
    assert node.ready().soft_state == SoftState(leader_id=2, role=Role.FOLLOWER)
    node.step(MsgHeartbeat(to=1, sender=2, term=1, commit=0))
    assert node.ready().soft_state is None


# Durability


def test_answers_that_need_no_write_overtake_nothing_that_is_being_written() -> None:
    member = PromptMember(2)
    first = MsgApp(to=2, sender=1, term=1, prev_index=0, prev_term=0, entries=entries(1))
    member.node.step(first)
    write = member.node.ready().append
    assert write is not None
    member.node.step(first)
    repeated = member.node.ready()
    assert repeated.messages == ()
    assert repeated.append is not None
    assert (repeated.append.entries, repeated.append.hard_state) == ((), None)
    assert [m.index for m in repeated.append.responses if isinstance(m, MsgAppResp)] == [1]
    for response in write.responses:
        if response.to == 2:
            member.node.step(response)
    member.node.step(first)
    assert only(member.node.ready().messages, MsgAppResp), "all durable: the answer goes at once"


def test_a_late_write_does_not_vouch_for_entries_that_replaced_it() -> None:
    """The ABA race: index 1 is written in term 1, replaced in term 2, and put back by a leader of
    term 3 that has the entry of term 1. The answer to the very first write names the same index
    and term as the third."""
    node = PromptMember(3, voters=(1, 2, 3)).node
    writes: list[StorageAppendResp] = []
    for term, sender, entry in ((1, 1, Entry(1, 1)), (2, 2, Entry(2, 1)), (3, 1, Entry(1, 1))):
        node.step(
            MsgApp(to=3, sender=sender, term=term, prev_index=0, prev_term=0, entries=(entry,))
        )
        append = node.ready().append
        assert append is not None
        done = append.responses[-1]
        assert isinstance(done, StorageAppendResp)
        writes.append(done)
    assert (writes[0].index, writes[0].entry_term) == (writes[2].index, writes[2].entry_term)
    node.step(MsgHeartbeat(to=3, sender=1, term=3, commit=1))
    for done, is_durable in zip(writes, (False, False, True), strict=True):
        node.step(done)
        assert (node.core.log.stable == 1) == is_durable
        assert (node.ready().apply is not None) == is_durable


def test_an_acknowledgement_that_has_not_left_dies_with_its_term() -> None:
    """The next leader may take the entries back before they were ever written."""
    node = PromptMember(2, terms=(1,)).node
    node.step(
        MsgApp(to=2, sender=1, term=2, prev_index=1, prev_term=1, entries=entries(2, first=2))
    )
    node.step(
        MsgApp(to=2, sender=3, term=3, prev_index=1, prev_term=1, entries=entries(3, first=2))
    )
    append = node.ready().append
    assert append is not None
    sent = [r for r in append.responses if isinstance(r, MsgAppResp)]
    assert sent == [MsgAppResp(to=3, sender=2, term=3, index=2)]


def test_an_entry_is_applied_only_when_it_is_durable_here() -> None:
    node = PromptMember(2).node
    node.step(
        MsgApp(to=2, sender=1, term=1, prev_index=0, prev_term=0, entries=entries(1), commit=1)
    )
    ready = node.ready()
    assert (node.commit_index, ready.apply) == (1, None)
    assert ready.append is not None
    node.step(next(m for m in ready.append.responses if isinstance(m, StorageAppendResp)))
    apply = node.ready().apply
    assert apply is not None
    assert apply.entries == entries(1)


def test_a_request_for_votes_waits_until_term_and_vote_are_durable() -> None:
    node = PromptMember(1).node
    node.campaign()
    node.ready()
    node.step(MsgVoteResp(to=1, sender=2, term=1, is_pre=True))
    ready = node.ready()
    assert ready.messages == ()
    assert ready.append is not None
    assert [type(m).__name__ for m in ready.append.responses] == [
        "MsgVoteResp",
        "MsgVote",
        "MsgVote",
        "StorageAppendResp",
    ]


def test_a_vote_for_oneself_from_a_lost_election_counts_for_nothing() -> None:
    node = PromptMember(1, voters=(1, 2, 3)).node
    node.campaign()
    node.step(MsgVoteResp(to=1, sender=2, term=1, is_pre=True))
    append = node.ready().append
    assert append is not None
    node.step(MsgHeartbeat(to=1, sender=3, term=2, commit=0))
    for response in append.responses:
        if response.to == 1:
            node.step(response)
    assert (node.role, node.term, node.leader_id) == (Role.FOLLOWER, 2, 3)


# Apply


def test_apply_comes_in_bounded_batches_in_order_and_once() -> None:
    member = PromptMember(1, voters=(1,), apply_size_bytes_max=4)
    member.campaign()
    member.node.propose([b"aa", b"bb", b"cc", b"ddddddd", b"e"])
    batches: list[list[bytes]] = []
    for response in (append.responses[-1],) if (append := member.node.ready().append) else ():
        member.node.step(response)
    while (apply := member.node.ready().apply) is not None:
        batches.append([entry.data for entry in apply.entries])
        member.node.step(StorageApplyResp(to=1, sender=1, index=apply.entries[-1].index))
    assert batches == [[b"aa", b"bb"], [b"cc"], [b"ddddddd"], [b"e"]]


def test_a_slow_state_machine_is_given_no_more_than_two_batches_ahead() -> None:
    member = PromptMember(1, voters=(1,), apply_size_bytes_max=4)
    member.campaign()
    member.node.propose([b"aaaa", b"bbbb", b"cccc"])
    append = member.node.ready().append
    assert append is not None
    member.node.step(append.responses[-1])
    handed_out = [apply.entries[0].data for _ in range(5) if (apply := member.node.ready().apply)]
    assert handed_out == [b"aaaa", b"bbbb"]
    member.node.step(StorageApplyResp(to=1, sender=1, index=2))
    apply = member.node.ready().apply
    assert apply is not None
    assert apply.entries[0].data == b"cccc"


def test_after_a_restart_apply_goes_on_behind_the_applied_index() -> None:
    member = PromptMember(1, terms=[1, 1, 1, 1], hard_state=HardState(term=1, commit=3))
    node = member.disk.start(member.config, member.conf_state, random=Random(0), applied_index=1)
    apply = node.ready().apply
    assert apply is not None
    assert [entry.index for entry in apply.entries] == [2, 3]


# Proposals


def test_a_follower_forwards_to_the_leader_of_its_term() -> None:
    group = three()
    group.elect(1)
    sent = group[2].propose(b"a", b"b")
    assert sent == [MsgProp(to=1, sender=2, term=1, proposals=(b"a", b"b"))]
    group.deliver(sent)
    assert group[3].payloads == [b"a", b"b"]


def test_a_proposal_without_a_leader_is_dropped_for_certain() -> None:
    member = PromptMember(1)
    with pytest.raises(ProposalDropped):
        member.propose(b"a")
    member.campaign()
    with pytest.raises(ProposalDropped):
        member.propose(b"a")
    assert member.node.last_index == 0


def test_a_forwarded_proposal_of_another_term_is_dropped() -> None:
    member = PromptMember(1, terms=[1], hard_state=HardState(term=4))
    member.campaign()
    for is_pre in (True, False):
        member.step(MsgVoteResp(to=1, sender=2, term=5, is_pre=is_pre))
    member.step(MsgProp(to=1, sender=2, term=4, proposals=(b"late",)))
    assert member.log_terms == [1, 5]
    member.step(MsgProp(to=1, sender=2, term=5, proposals=(b"now",)))
    assert member.log_terms == [1, 5, 5]


def test_a_follower_drops_proposals_that_were_meant_for_a_leader() -> None:
    member = PromptMember(1)
    member.step(MsgProp(to=1, sender=2, term=0, proposals=(b"a",)))
    assert (member.node.last_index, member.node.role) == (0, Role.FOLLOWER)


def test_proposals_are_refused_while_too_much_is_not_applied() -> None:
    member = elected_leader(unapplied_bytes_max=10)
    member.propose(b"x" * 11)
    with pytest.raises(ProposalDropped, match="not applied yet"):
        member.propose(b"y")
    member.step(accept(2, 2))
    member.propose(b"y")
    assert member.node.last_index == 3


# Replication


def test_a_new_follower_is_probed_with_one_message_until_it_answers() -> None:
    member = PromptMember(1)
    member.campaign()
    for is_pre in (True, False):
        member.step(MsgVoteResp(to=1, sender=2, term=1, is_pre=is_pre))
    assert only(member.propose(b"a"), MsgApp) == []
    assert only(member.tick(3 * HEARTBEAT_TICKS), MsgApp) == [], "a dead member gets heartbeats"
    sent = member.step(MsgHeartbeatResp(to=1, sender=3, term=1))
    assert [len(m.entries) for m in only(sent, MsgApp, to=3)] == [2]
    assert only(member.step(MsgHeartbeatResp(to=1, sender=3, term=1)), MsgApp) == []


def test_appends_in_flight_are_capped_and_resume_when_answered() -> None:
    member = elected_leader(inflight_messages_max=2)
    sent = [len(only(member.propose(b"%d" % i), MsgApp, to=3)) for i in range(4)]
    assert sent == [1, 1, 0, 0]
    resumed = only(member.step(accept(3, 2)), MsgApp, to=3)
    assert [[entry.data for entry in m.entries] for m in resumed] == [[b"2", b"3"]]


def test_appends_that_were_lost_are_found_by_an_empty_one() -> None:
    member = elected_leader(inflight_messages_max=2)
    for number in range(4):
        member.propose(b"%d" % number)
    member.tick(HEARTBEAT_TICKS)
    sent = only(member.step(MsgHeartbeatResp(to=1, sender=3, term=1)), MsgApp, to=3)
    assert [(m.prev_index, m.entries) for m in sent] == [(3, ())]
    refusal = MsgAppResp(
        to=1, sender=3, term=1, index=3, is_rejected=True, hint_index=1, hint_term=1
    )
    resent = only(member.step(refusal), MsgApp, to=3)
    assert [(m.prev_index, len(m.entries)) for m in resent] == [(1, 4)]
    assert only(member.step(refusal), MsgApp, to=3) == [], "a repeated refusal is no news"


def test_a_commit_index_is_told_once_and_not_beyond_the_cap() -> None:
    member = elected_leader()
    member.propose(b"a")
    assert [m.commit for m in only(member.step(accept(2, 2)), MsgApp)] == [2, 2]
    assert member.step(accept(3, 2)) == []
    capped = elected_leader(inflight_messages_max=1)
    capped.propose(b"a")
    sent = capped.step(accept(2, 2))
    assert [m.to for m in only(sent, MsgApp)] == [2], "member 3 has its one append in flight"


def test_entries_that_left_memory_are_fetched_once_and_sent_on() -> None:
    member = elected_leader(log_cache_bytes_max=8, size_per_message_bytes_max=12)
    for number in range(10):
        member.propose(b"drink-%d" % number)
        member.step(accept(2, 2 + number))
    assert member.node.core.log.window_first > 9
    member.step(
        MsgAppResp(to=1, sender=3, term=1, index=9, is_rejected=True, hint_index=1, hint_term=1)
    )
    node = member.node
    node.step(accept(3, 1))
    ready = node.ready()
    high = node.core.log.window_first
    assert ready.fetches == (StorageFetch(peer_id=3, low=2, high=high, bytes_max=12),)
    assert only(ready.messages, MsgApp, to=3) == []
    assert node.ready().fetches == (), "one fetch per peer at a time"
    found = member.disk.read(ready.fetches[0])
    answer = StorageFetchResp(to=1, sender=1, peer_id=3, low=2, entries=found)
    node.step(answer)
    node.step(answer)
    ready = node.ready()
    assert [(m.prev_index, m.entries) for m in only(ready.messages, MsgApp, to=3)] == [(1, found)]
    assert [fetch.low for fetch in ready.fetches] == [3]


def test_a_fetch_that_failed_is_tried_again_after_a_sign_of_life() -> None:
    member = elected_leader(log_cache_bytes_max=1)
    for number in range(5):
        member.propose(b"drink-%d" % number)
        member.step(accept(2, 2 + number))
    node = member.node
    node.step(
        MsgAppResp(to=1, sender=3, term=1, index=6, is_rejected=True, hint_index=1, hint_term=1)
    )
    node.step(accept(3, 1))
    assert len(node.ready().fetches) == 1
    node.step(StorageFetchResp(to=1, sender=1, peer_id=3, low=2, entries=()))
    assert node.ready().fetches == ()
    for _ in range(HEARTBEAT_TICKS):
        node.tick()
    node.step(MsgHeartbeatResp(to=1, sender=3, term=1))
    assert [fetch.low for fetch in node.ready().fetches] == [2]


def test_a_leader_shows_what_it_knows_of_everyone() -> None:
    member = elected_leader()
    member.propose(b"a")
    views = member.node.progress()
    assert list(views) == [1, 2, 3]
    assert (views[1].match_index, views[2].match_index, views[2].next_index) == (2, 1, 3)
    assert views[2].state is ProgressState.REPLICATE
    assert PromptMember(1).node.progress() == {}


# Who is heard


def test_foreign_mail_and_the_answers_of_strangers_are_ignored() -> None:
    member = elected_leader()
    for answer in (
        MsgAppResp(to=1, sender=9, term=7, index=0, is_rejected=True),
        MsgHeartbeatResp(to=1, sender=9, term=7),
        MsgVoteResp(to=1, sender=9, term=7, is_rejected=True),
        MsgAppResp(to=1, sender=9, term=1, index=1),
        MsgHeartbeatResp(to=1, sender=9, term=1),
        MsgHeartbeat(to=2, sender=3, term=7, commit=0),
    ):
        assert member.step(answer) == []
    assert (member.node.role, member.node.term) == (Role.LEADER, 1)


def test_a_leader_is_followed_before_the_configuration_knows_it() -> None:
    """A member that joins has no configuration yet."""
    member = PromptMember(4, voters=())
    member.step(MsgHeartbeat(to=4, sender=1, term=3, commit=0))
    assert (member.node.leader_id, member.node.term) == (1, 3)


def test_malformed_appends_are_ignored() -> None:
    member = PromptMember(2)
    gap = (Entry(1, 1), Entry(1, 3))
    future = (Entry(8, 1),)
    for bad in (gap, future, entries(1, first=5)):
        message = MsgApp(to=2, sender=1, term=2, prev_index=0, prev_term=0, entries=bad)
        assert only(member.step(message), MsgAppResp) == []
    assert member.node.last_index == 0


def test_the_age_of_the_last_contact_with_the_leader_is_known() -> None:
    member = PromptMember(1)
    member.tick(3)
    assert member.node.leader_contact_age_ticks == 3
    member.step(MsgHeartbeat(to=1, sender=2, term=1, commit=0))
    assert member.node.leader_contact_age_ticks == 0
    leader = elected_leader()
    leader.tick(ELECTION_TICKS - 1)
    assert leader.node.leader_contact_age_ticks == ELECTION_TICKS - 1
    leader.tick()
    assert leader.node.leader_contact_age_ticks == 0, "both others answered the no-op"


# Options


@pytest.mark.parametrize(
    ("changed", "named"),
    [
        ({"id": 0}, "id"),
        ({"election_ticks": 5, "heartbeat_ticks": 2}, "election_ticks"),
        ({"heartbeat_ticks": 0}, "heartbeat_ticks"),
        ({"inflight_messages_max": 0}, "inflight_messages_max"),
        ({"pending_reads_max": -1}, "pending_reads_max"),
    ],
)
def test_options_out_of_bounds_are_refused_by_name(changed: dict[str, int], named: str) -> None:
    config = RaftConfig(**{"id": 1, **changed})
    with pytest.raises(ConfigError, match=named):
        MemoryDisk().start(config, ConfState((1,)), random=Random(0))


def test_a_log_ahead_of_the_stored_term_is_refused() -> None:
    with pytest.raises(ConfigError, match="above the stored term 1"):
        PromptMember(1, terms=[1, 2], hard_state=HardState(term=1))


def test_a_member_is_known_by_its_id() -> None:
    node: RawNode = PromptMember(42, voters=(42,)).node
    assert (node.id, node.conf_state) == (42, ConfState((42,)))
