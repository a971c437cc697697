"""One test per rule sentence of the paper (Ongaro and Ousterhout, extended version): replication.

Each docstring quotes no text; it restates the rule and names the section it stands in. Elections
are in test_raft_paper.py.
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

from bitebyte.raft import Entry, HardState, Role
from bitebyte.raft.messages import MsgApp, MsgAppResp, MsgVoteResp, PeerMessage

# §5.3 Log replication


def test_a_proposal_is_appended_and_sent_in_parallel() -> None:
    """§5.3: the leader appends the command and issues AppendEntries in parallel to all others."""
    member = elected_leader()
    member.node.propose([b"mojito"])
    ready = member.node.ready()
    assert ready.append is not None
    assert ready.append.entries == (Entry(1, 2, b"mojito"),)
    sent = only(ready.messages, MsgApp)
    assert [(m.to, m.prev_index, m.prev_term, m.entries) for m in sent] == [
        (2, 1, 1, ready.append.entries),
        (3, 1, 1, ready.append.entries),
    ]


def test_an_entry_is_committed_once_a_majority_stores_it_and_only_then_applied() -> None:
    """§5.3: committed once the leader that created it has replicated it on a majority."""
    member = elected_leader()
    member.propose(b"mojito")
    assert (member.node.commit_index, member.payloads) == (1, [])
    sent = member.step(MsgAppResp(to=1, sender=3, term=1, index=2))
    assert (member.node.commit_index, member.payloads) == (2, [b"mojito"])
    assert {m.commit for m in only(sent, MsgApp, to=3)} == {2}


def test_the_own_disk_is_one_of_the_majority_and_counts_when_it_is_done() -> None:
    """§5.3: a leader that has not stored an entry itself must not count itself."""
    member = elected_leader()
    member.node.propose([b"mojito"])
    append = member.node.ready().append
    assert append is not None
    member.node.step(MsgAppResp(to=1, sender=2, term=1, index=2))
    assert member.node.commit_index == 1
    for response in append.responses:
        member.node.step(response)
    assert member.node.commit_index == 2


def test_committing_an_entry_commits_all_before_it_also_those_of_earlier_leaders() -> None:
    """§5.3: this also commits all preceding entries in the log, including of previous leaders."""
    member = PromptMember(1, terms=[1, 2])
    member.campaign()
    for is_pre in (True, False):
        member.step(MsgVoteResp(to=1, sender=2, term=3, is_pre=is_pre))
    member.step(MsgAppResp(to=1, sender=2, term=3, index=3))
    assert member.node.commit_index == 3
    assert [entry.term for entry in member.applied] == [1, 2, 3]


def test_a_follower_applies_what_it_learns_to_be_committed_in_log_order() -> None:
    """§5.3: a follower that learns that an entry is committed applies it in log order."""
    member = PromptMember(2)
    entries = (Entry(1, 1, b"a"), Entry(1, 2, b"b"), Entry(1, 3, b"c"))
    member.step(request_append(member, sender=1, term=1, entries=entries, commit=2))
    assert member.payloads == [b"a", b"b"]
    member.step(request_append(member, sender=1, term=1, prev=(3, 1), commit=3))
    assert member.payloads == [b"a", b"b", b"c"]


def test_a_follower_commits_only_what_the_leader_has_shown_to_match() -> None:
    """§5.3, figure 2: commitIndex = min(leaderCommit, index of last new entry)."""
    member = PromptMember(2, terms=[1, 1, 1])
    member.step(request_append(member, sender=1, term=2, prev=(1, 1), commit=3))
    assert member.node.commit_index == 1


@pytest.mark.parametrize(
    ("prev", "is_accepted"),
    [((0, 0), True), ((1, 1), True), ((2, 2), True), ((2, 1), False), ((3, 3), False)],
)
def test_a_follower_checks_that_the_previous_entry_matches(
    prev: tuple[int, int], is_accepted: bool
) -> None:
    """§5.3: without an entry of that index and term in its log it refuses the new entries."""
    member = PromptMember(2, terms=[1, 2])
    answer = only(member.step(request_append(member, sender=1, term=3, prev=prev)), MsgAppResp)[0]
    assert answer.is_rejected == (not is_accepted)
    assert answer.index == prev[0]


@pytest.mark.parametrize(
    ("prev", "new_terms", "expected"),
    [
        ((2, 2), [3], [1, 2, 3]),
        ((1, 1), [3, 4], [1, 3, 4]),
        ((0, 0), [3, 4], [3, 4]),
        ((0, 0), [1], [1, 2]),
        ((0, 0), [1, 2], [1, 2]),
        ((0, 0), [1, 3], [1, 3]),
    ],
)
def test_a_conflicting_entry_and_all_after_it_are_replaced_and_nothing_else(
    prev: tuple[int, int], new_terms: list[int], expected: list[int]
) -> None:
    """§5.3: conflicting entries are overwritten; figure 2: same index but different term. Entries
    that are merely beyond a short or late message stay."""
    member = PromptMember(2, terms=[1, 2])
    entries = tuple(Entry(term, prev[0] + i) for i, term in enumerate(new_terms, 1))
    member.step(request_append(member, sender=1, term=5, prev=prev, entries=entries))
    assert member.log_terms == expected
    assert [entry.term for entry in member.disk.entries] == expected


def test_an_append_is_durable_before_it_is_acknowledged() -> None:
    """§5.3, figure 2: log[] is updated on stable storage before responding to RPCs."""
    member = PromptMember(2)
    member.node.step(request_append(member, sender=1, term=1, entries=(Entry(1, 1, b"a"),)))
    ready = member.node.ready()
    assert ready.messages == ()
    assert ready.append is not None
    assert ready.append.responses[0] == MsgAppResp(to=1, sender=2, term=1, index=1)


FIGURE_7 = {
    "a": [1, 1, 1, 4, 4, 5, 5, 6, 6],
    "b": [1, 1, 1, 4],
    "c": [1, 1, 1, 4, 4, 5, 5, 6, 6, 6, 6],
    "d": [1, 1, 1, 4, 4, 5, 5, 6, 6, 6, 7, 7],
    "e": [1, 1, 1, 4, 4, 4, 4],
    "f": [1, 1, 1, 2, 2, 2, 3, 3, 3, 3, 3],
}


@pytest.mark.parametrize("case", sorted(FIGURE_7))
def test_a_leader_brings_every_log_of_figure_7_to_its_own(case: str) -> None:
    """§5.3: the leader finds the latest entry where the two logs agree, deletes what follows and
    sends its own. The third voter is out of reach; figure 7's leader has term 8."""
    leader_terms = [1, 1, 1, 4, 4, 5, 5, 6, 6, 6]
    group = Group(
        PromptMember(1, terms=leader_terms, hard_state=HardState(term=7)),
        PromptMember(2, terms=FIGURE_7[case], hard_state=HardState(term=7)),
        PromptMember(3, hard_state=HardState(term=7)),
    )
    group.is_lost = lambda message: isinstance(message, MsgApp) and message.to == 3
    group.elect(1)
    assert group[1].node.role is Role.LEADER
    assert group[2].log_terms == [*leader_terms, 8]
    assert group[2].node.commit_index == 11


def test_a_rejection_lets_the_leader_skip_whole_terms() -> None:
    """§5.3: with the conflicting term in the answer, one AppendEntries RPC is required for each
    term with conflicts rather than one per entry."""
    group = Group(
        PromptMember(1, terms=[1] + [4] * 50, hard_state=HardState(term=4)),
        PromptMember(2, terms=[1] + [2] * 30 + [3] * 30, hard_state=HardState(term=4)),
        PromptMember(3, hard_state=HardState(term=4)),
    )
    probes: list[PeerMessage] = []
    group.is_lost = lambda message: (
        isinstance(message, MsgApp) and message.to == 2 and bool(probes.append(message))
    )
    group.elect(1)
    assert group[2].log_terms == [1, *[4] * 50, 5]
    assert len(probes) <= 4


def test_a_late_append_does_not_take_back_what_was_acknowledged() -> None:
    """§5.3: AppendEntries is idempotent: a request for entries already in the log is ignored."""
    member = PromptMember(2)
    entries = (Entry(1, 1, b"a"), Entry(1, 2, b"b"), Entry(1, 3, b"c"))
    member.step(request_append(member, sender=1, term=1, entries=entries, commit=3))
    sent = member.step(request_append(member, sender=1, term=1, entries=entries[:1]))
    assert member.log_terms == [1, 1, 1]
    assert only(sent, MsgAppResp)[0].index == 3, "what is committed matches in any case"


def test_a_leader_retries_until_all_followers_store_all_entries() -> None:
    """§5.3: if followers crash, run slowly, or packets are lost, it retries indefinitely."""
    group = three()
    group.elect(1)
    group.isolate(3)
    for number in range(20):
        group.propose(1, b"%d" % number)
    group.heal()
    group.tick(1, 2 * HEARTBEAT_TICKS)
    assert group[3].payloads == [b"%d" % number for number in range(20)]


def test_a_leader_never_overwrites_its_own_log() -> None:
    """§5.3: Leader Append-Only."""
    member = elected_leader()
    member.propose(b"a", b"b")
    member.step(MsgAppResp(to=1, sender=2, term=1, index=3, is_rejected=True, hint_index=0))
    assert [entry.data for entry in member.disk.entries] == [b"", b"a", b"b"]


# §5.4 Safety: what is committed


def test_only_entries_of_the_current_term_are_committed_by_counting() -> None:
    """§5.4.2, figure 8: an old entry on a majority may still be overwritten."""
    member = PromptMember(1, terms=[1, 2, 2])
    member.campaign()
    for is_pre in (True, False):
        member.step(MsgVoteResp(to=1, sender=2, term=3, is_pre=is_pre))
    member.step(MsgAppResp(to=1, sender=2, term=3, index=3))
    assert member.node.commit_index == 0
    member.step(MsgAppResp(to=1, sender=2, term=3, index=4))
    assert member.node.commit_index == 4


# §5.5 and §5.6 Crashes, timing


def test_a_crashed_follower_catches_up_after_its_restart() -> None:
    """§5.5: if a server crashes, RPCs to it fail and are retried; they complete on restart."""
    group = three()
    group.elect(1)
    group.propose(1, b"a")
    group.isolate(3)
    group.propose(1, b"b")
    group[3].restart()
    group.heal()
    group.tick(1, 2 * HEARTBEAT_TICKS)
    assert group[3].payloads == [b"a", b"b"]


def test_repeated_requests_do_no_harm() -> None:
    """§5.5: Raft RPCs are idempotent."""
    member = PromptMember(2)
    request = request_append(member, sender=1, term=1, entries=(Entry(1, 1, b"a"),), commit=1)
    first = member.step(request)
    assert member.step(request) == first
    assert member.payloads == [b"a"]
