"""What a message may say, and what it tells its receiver: the specification of each RPC.

A message is judged when it leaves the process, by the disk of its sender where it promises
something. When it arrives it must be one that was sent, however late, often or out of order.
"""

from typing import Protocol

from bitebyte.raft.messages import (
    LocalMessage,
    MsgApp,
    MsgAppResp,
    MsgHeartbeat,
    MsgHeartbeatResp,
    MsgProp,
    MsgReadIndexResp,
    MsgSnap,
    MsgTimeoutNow,
    MsgVote,
    MsgVoteResp,
    PeerMessage,
    StorageAppendResp,
)
from bitebyte.raft.types import Entry, Role
from bitebyte.simulation.specified_configuration import Configuration, configuration_of
from bitebyte.simulation.specified_member import SpecifiedMember


class Evidence(Protocol):
    """What the specification knows of the whole group, and how it refuses."""

    committed: list[Entry]
    configurations: list[Configuration]
    leader_of: dict[int, int]
    leader_logs: dict[int, list[Entry]]
    sent: set[PeerMessage]

    def member(self, member_id: int, /) -> SpecifiedMember:
        """What is known of that member."""
        ...

    def require(self, holds: bool, rule: str, reason: str, /) -> None:
        """Refuses the transition at hand unless `holds`."""
        ...


def send(spec: Evidence, member: SpecifiedMember, message: PeerMessage) -> None:
    """Judges a message that leaves `member`."""
    spec.require(message.sender == member.id, "members speak for themselves", "it does not")
    if not (isinstance(message, MsgVote | MsgVoteResp) and message.is_pre):
        # A pre-vote speaks of a term that nobody has entered.
        spec.require(message.term <= member.term, "members speak of terms they know", "it is not")
    match message:
        case MsgVote():
            _send_vote_request(spec, member, message)
        case MsgVoteResp():
            _send_vote(spec, member, message)
        case MsgApp():
            _send_entries(spec, member, message)
        case MsgAppResp():
            _send_acknowledgement(spec, member, message)
        case MsgHeartbeat():
            _require_leader(spec, member, message)
            rule = "a heartbeat tells only what was acknowledged"
            acked = member.acks.get(message.to, 0) if member.term == message.term else None
            if acked is not None:
                spec.require(message.commit <= acked, rule, f"{acked} is")
                spec.require(message.match_index <= acked, rule, f"{acked} is")
            spec.require(message.commit <= member.commit, rule, "it is not committed here")
        case MsgHeartbeatResp():
            spec.require(
                (message.to, message.term, message.read_seq) in member.rounds,
                "a heartbeat is answered as it came",
                "no such heartbeat has come",
            )
        case MsgReadIndexResp():
            _require_leader(spec, member, message)
            rule = "a read sees what was committed when it was asked (thesis §6.4)"
            asked_at = spec.member(message.to).reads.get(message.request_id, 0)
            spec.require(asked_at <= message.index <= member.commit, rule, f"{asked_at} was")
        case MsgTimeoutNow():
            _require_leader(spec, member, message)
        case _:
            pass


def _require_leader(spec: Evidence, member: SpecifiedMember, message: PeerMessage) -> None:
    spec.require(
        spec.leader_of.get(message.term) == member.id,
        "only the leader of a term speaks as one",
        f"{spec.leader_of.get(message.term)} leads it",
    )


def _send_vote_request(spec: Evidence, member: SpecifiedMember, message: MsgVote) -> None:
    if message.is_pre:
        return
    stored = member.stored
    spec.require(
        stored.votes.get(message.term) == member.id,
        "a candidate asks when its own vote is durable",
        "its disk does not know that it stands",
    )
    spec.require(
        (message.last_index, message.last_term) in stored.ever
        or message.last_index <= stored.snapshot_index,
        "a candidate boasts only of what is durable",
        "its disk does not hold that entry",
    )


def _send_vote(spec: Evidence, member: SpecifiedMember, message: MsgVoteResp) -> None:
    if message.is_rejected:
        return
    if message.is_pre:
        spec.require(
            (message.to, message.term, True) in member.requests,
            "a pre-vote goes to a log that is at least as up-to-date (thesis §9.6)",
            "no such candidate has asked",
        )
        return
    spec.require(
        member.stored.votes.get(message.term) == message.to,
        "a vote is durable before it is given (§5.1)",
        f"the disk says {member.stored.votes.get(message.term)}",
    )


def _send_entries(spec: Evidence, member: SpecifiedMember, message: MsgApp) -> None:
    _require_leader(spec, member, message)
    log = spec.leader_logs[message.term]
    last = message.prev_index + len(message.entries)
    rule = "a leader sends its own log (figure 2)"
    spec.require(last <= len(log), rule, "its log is shorter")
    if message.prev_index:
        prev_term = log[message.prev_index - 1].term
        spec.require(message.prev_term == prev_term, rule, f"the term there is {prev_term}")
    spec.require(
        message.entries == tuple(log[message.prev_index : last]), rule, "it holds something else"
    )
    spec.require(message.commit <= member.commit, rule, "it has not committed so much")


def _send_acknowledgement(spec: Evidence, member: SpecifiedMember, message: MsgAppResp) -> None:
    if message.is_rejected:
        return
    rule = "an acknowledgement means the leader's entries, on this disk (figure 2)"
    log = spec.leader_logs.get(message.term)
    spec.require(log is not None and message.index <= len(log), rule, "the leader has no such log")
    if log is None or message.index == 0:
        return
    entry, stored = log[message.index - 1], member.stored
    spec.require(
        (entry.index, entry.term) in stored.ever or entry.index <= stored.snapshot_index,
        rule,
        f"entry {entry.index} of term {entry.term} is not there",
    )


def receive(spec: Evidence, member: SpecifiedMember, message: PeerMessage | LocalMessage) -> None:
    """Notes what `member` may conclude from a message that it steps."""
    if isinstance(message, StorageAppendResp):
        spec.require(
            all(write.sequence > message.sequence for write in member.writes),
            "a write is reported when it is durable",
            "it is under way",
        )
    if isinstance(message, LocalMessage):
        return
    is_own_vote = isinstance(message, MsgVoteResp) and message.sender == member.id
    if is_own_vote:
        spec.require(
            member.stored.votes.get(message.term) == member.id,
            "a vote is durable before it is given (§5.1)",
            "the own one is not",
        )
    elif not isinstance(message, MsgProp | MsgSnap):
        # A driver may refuse parts of proposals; the rows of a snapshot travel another way.
        spec.require(message in spec.sent, "what arrives was sent", "nobody has sent it")
    if not (isinstance(message, MsgVote | MsgVoteResp) and message.is_pre) or (
        isinstance(message, MsgVoteResp) and message.is_rejected
    ):
        member.heard_term = max(member.heard_term, message.term)
    match message:
        case MsgVote():
            if member.would_elect(message.last_index, message.last_term):
                member.requests.add((message.sender, message.term, message.is_pre))
        case MsgVoteResp():
            _receive_vote(member, message)
        case MsgApp():
            member.offers = []
            if message.term >= member.term:
                _receive_entries(member, message)
        case MsgAppResp():
            _receive_acknowledgement(member, message)
        case MsgHeartbeat():
            if message.term >= member.term:
                member.rounds.add((message.sender, message.term, message.read_seq))
                if not member.knows_loss and message.commit <= len(member.log):
                    member.told_commit = max(member.told_commit, message.commit)
        case MsgSnap():
            _receive_snapshot(spec, member, message)
        case MsgTimeoutNow():
            member.is_asked_to_lead = member.is_asked_to_lead or message.term >= member.term
        case _:
            pass


def _receive_vote(member: SpecifiedMember, message: MsgVoteResp) -> None:
    if member.has(message.commit, message.commit_term):
        member.told_commit = max(member.told_commit, message.commit)
    if message.is_rejected:
        return
    if message.is_pre:
        if member.role is Role.PRE_CANDIDATE and message.term == member.term + 1:
            member.pre_votes.add(message.sender)
    elif member.role is Role.CANDIDATE and message.term == member.term:
        member.voters.add(message.sender)


def _receive_entries(member: SpecifiedMember, message: MsgApp) -> None:
    """What becomes of the log of a follower (figure 2, AppendEntries, rules 2 to 5)."""
    if not member.has(message.prev_index, message.prev_term) and not (
        # All that is committed agrees, so that of it only the rest is looked at.
        message.prev_index < member.commit
    ):
        return
    last = message.prev_index + len(message.entries)
    news = [e for e in message.entries if not member.has(e.index, e.term)]
    if news:
        first = news[0].index
        member.offers = [(first, message.entries[first - message.prev_index - 1 :])]
    member.told_commit = max(member.told_commit, min(message.commit, last))


def _receive_acknowledgement(member: SpecifiedMember, message: MsgAppResp) -> None:
    if message.term == member.term and not message.is_rejected and member.role is Role.LEADER:
        known = member.acks.get(message.sender, 0)
        member.acks[message.sender] = max(known, message.index)


def _receive_snapshot(spec: Evidence, member: SpecifiedMember, message: MsgSnap) -> None:
    snapshot = message.snapshot
    rule = "a snapshot is a state of the log (§7)"
    is_known = 0 < snapshot.index <= len(spec.committed)
    spec.require(is_known, rule, "it is of what nobody has committed")
    spec.require(spec.committed[snapshot.index - 1].term == snapshot.term, rule, "of another term")
    spec.require(
        configuration_of(snapshot.conf_state) == spec.configurations[snapshot.index],
        rule,
        "its configuration is another",
    )
    member.snapshots.add((snapshot.index, snapshot.term))
    if member.has(snapshot.index, snapshot.term):
        member.told_commit = max(member.told_commit, snapshot.index)
