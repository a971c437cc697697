"""The state of one member, and every way in which its role changes.

House rules:
1. Term, vote, role and leader change only in `_reset` and the `become_*` methods of this file.
2. This file sends nothing on its own: `send` queues what may go at once, `respond` what must wait
   until everything before it is durable. `follower`, `candidate` and `leader` decide what to say.
3. No clock, no chance but the injected source, no iteration in hash order.
"""

from typing import Protocol

from bitebyte.raft.config import RaftConfig
from bitebyte.raft.errors import ConfigError
from bitebyte.raft.log import RaftLog
from bitebyte.raft.messages import (
    MsgAppResp,
    MsgSnap,
    PeerMessage,
    SnapshotRequest,
    StorageFetch,
)
from bitebyte.raft.progress import Inflights, Progress, ProgressState
from bitebyte.raft.quorum import Quorum
from bitebyte.raft.read_index import ReadRounds
from bitebyte.raft.types import NONE_ID, ConfState, HardState, ReadState, Role


class RandomSource(Protocol):
    """Where election timeouts come from; a seeded `random.Random` fits."""

    def randrange(self, stop: int, /) -> int:
        """An integer in [0, stop)."""
        ...


class Core:
    """One member. Created by `RawNode`, which is also the only one to call into it."""

    __slots__ = (
        "_random",
        "conf_state",
        "config",
        "disk_stall_elapsed_ticks",
        "election_elapsed_ticks",
        "fetches",
        "has_lost_log",
        "heartbeat_elapsed_ticks",
        "id",
        "is_campaign_owed",
        "is_heartbeat_due",
        "is_notice_due",
        "is_timeout_now_sent",
        "lead_transferee",
        "leader_contact_age_ticks",
        "leader_id",
        "log",
        "messages",
        "peers",
        "progress",
        "prompt_ids",
        "quorum",
        "randomized_election_timeout_ticks",
        "read_states",
        "reads",
        "responses",
        "role",
        "snapshot_requests",
        "term",
        "transfer_elapsed_ticks",
        "vote",
        "votes",
        "waiting_snapshot",
    )

    def __init__(
        self,
        config: RaftConfig,
        *,
        hard_state: HardState,
        conf_state: ConfState,
        log: RaftLog,
        random: RandomSource,
    ) -> None:
        if log.last_term > hard_state.term:
            raise ConfigError(
                f"the log has term {log.last_term}, above the stored term {hard_state.term}"
            )
        self.config = config
        self.id = config.id
        self.log = log
        self.term = hard_state.term
        self.vote = hard_state.vote
        self.has_lost_log = hard_state.has_lost_log
        """See `lost_log`. Once set it stays."""
        self.role = Role.FOLLOWER
        self.leader_id = NONE_ID
        self.conf_state = conf_state
        self.quorum = Quorum(conf_state)
        self._random = random

        self.election_elapsed_ticks = 0
        """Since the last contact with the leader, vote given or campaign; for a leader, since the
        last quorum check."""
        self.heartbeat_elapsed_ticks = 0
        self.randomized_election_timeout_ticks = 0
        self.leader_contact_age_ticks = 0
        """Unlike election_elapsed_ticks, only a leader's word (or a passed check) resets it."""
        self.disk_stall_elapsed_ticks = 0
        """Since a write of ours last became durable, while another is under way."""
        self.is_campaign_owed = False
        """A leader wants this member to take over, which has to wait until a committed change of
        membership is applied."""

        self.votes: dict[int, bool] = {}
        """Per distinct voter, its first answer in this campaign."""
        self.progress: dict[int, Progress] = {}
        """While leading: every member including this one, in order of id."""
        self.peers: tuple[Progress, ...] = ()
        """The same without this one."""
        self.reads = ReadRounds(config.pending_reads_max)
        self.is_heartbeat_due = False
        self.is_notice_due = False
        """The driver wants followers to know the commit index now."""
        self.prompt_ids: frozenset[int] = frozenset()
        """While leading: a quorum that is sent entries at once, see `defers_spare_appends`."""
        self.lead_transferee = NONE_ID
        """While leading: who is to take over."""
        self.transfer_elapsed_ticks = 0
        self.is_timeout_now_sent = False
        """The transferee was told since the last heartbeat."""

        self.messages: list[PeerMessage] = []
        self.responses: list[PeerMessage] = []
        self.fetches: list[StorageFetch] = []
        self.snapshot_requests: list[SnapshotRequest] = []
        self.waiting_snapshot: MsgSnap | None = None
        """It arrived, but the state machine is still at work: see `snapshots`."""
        self.read_states: list[ReadState] = []
        self._randomize_election_timeout()

    # Who takes part.

    @property
    def is_voter(self) -> bool:
        """Whether the vote of this member counts in either half of the configuration in force."""
        return self.id in self.quorum.voters

    @property
    def is_promotable(self) -> bool:
        """Whether this member may ever campaign under the configuration in force."""
        return self.is_voter and not self.has_lost_log

    def is_member(self, member_id: int) -> bool:
        """Whether the configuration in force knows that member, as voter or learner."""
        return member_id in self.quorum.voters or member_id in self.conf_state.learners

    @property
    def is_disk_stalled(self) -> bool:
        """A write of ours has been under way for suspiciously long."""
        return self.disk_stall_elapsed_ticks >= self.config.disk_stall_ticks

    @property
    def is_transferring(self) -> bool:
        """This leader is handing leadership over."""
        return self.lead_transferee != NONE_ID

    @property
    def may_campaign(self) -> bool:
        """Whether this member may stand for election now: it must be a voter, know the
        configuration that is in force (see `membership`, `snapshots`), and be able to write its
        vote."""
        return (
            self.is_promotable
            and self.role is not Role.LEADER
            and not self.log.committed_conf_index
            and not self.is_disk_stalled
            and not self.log.is_installing
            and self.waiting_snapshot is None
        )

    @property
    def may_vote(self) -> bool:
        """Whether this member may give its vote to anybody. Not if the configuration in force does
        not know it: then it was removed, or is new, or its disk was emptied and has forgotten what
        it voted before. And never again when its disk has forgotten entries: see `lost_log`."""
        return self.is_member(self.id) and not self.has_lost_log

    @property
    def knows_configuration(self) -> bool:
        """Whether this member was ever told who belongs to its group."""
        return bool(self.quorum.voters)

    def set_configuration(self, conf_state: ConfState) -> None:
        """Puts a configuration in force; `membership` and `snapshots` draw the conclusions."""
        self.conf_state = conf_state
        self.quorum = Quorum(conf_state)

    def track_members(self) -> None:
        """A leader keeps a progress for every member, and always for itself. Who is new is first
        asked where its log ends, and has as long to answer as anybody."""
        members = {*self.quorum.voters, *self.conf_state.learners, self.id}
        tracked = self.progress
        self.progress = {}
        for member_id in sorted(members):
            progress = tracked.get(member_id)
            if progress is None:
                progress = Progress(
                    member_id,
                    next_index=self.log.last_index + 1,
                    inflights=Inflights(
                        self.config.inflight_messages_max, self.config.inflight_bytes_max
                    ),
                )
                progress.is_recently_active = bool(tracked)
            self.progress[member_id] = progress
        self.peers = tuple(peer for peer in self.progress.values() if peer.id != self.id)

    # What leaves.

    def send(self, message: PeerMessage) -> None:
        """For what may go before anything of ours is durable."""
        self.messages.append(message)

    def respond(self, message: PeerMessage) -> None:
        """For what promises durability: it waits for all writes handed out until now and next.

        Acknowledgements are cumulative, so a newer one replaces the last one to the same leader.
        """
        responses = self.responses
        if responses and type(message) is MsgAppResp:
            last = responses[-1]
            if (
                type(last) is MsgAppResp
                and last.to == message.to
                and last.term == message.term
                and last.index <= message.index
            ):
                responses[-1] = message
                return
        responses.append(message)

    # How roles change.

    def become_follower(self, term: int, leader_id: int) -> None:
        """Follows `leader_id`, or nobody known yet, in `term`."""
        self._reset(term)
        self.role = Role.FOLLOWER
        self.leader_id = leader_id

    def become_pre_candidate(self) -> None:
        """Asks whether an election could be won. Changes neither term nor vote."""
        assert self.role is not Role.LEADER, "a leader campaigns"
        self.role = Role.PRE_CANDIDATE
        self.leader_id = NONE_ID
        self.votes = {}
        self._restart_election_timer()

    def become_candidate(self) -> None:
        """Enters a new term and votes for itself there; the vote counts once it is durable."""
        assert self.role is not Role.LEADER, "a leader campaigns"
        assert self.is_voter, "a member without a vote campaigns"
        self._reset(self.term + 1)
        self.vote = self.id
        self.role = Role.CANDIDATE

    def become_leader(self) -> None:
        """Leads its term, beginning with a no-op: only entries of the own term may be counted
        for commitment, and with the no-op all earlier ones commit too (paper §5.4.2, §8)."""
        assert self.role is Role.CANDIDATE, "only a candidate can win"
        assert self.vote == self.id, "a leader that did not vote for itself"
        self._reset(self.term)
        self.role = Role.LEADER
        self.leader_id = self.id
        self.leader_contact_age_ticks = 0
        self.track_members()
        own = self.progress[self.id]
        own.note_accepted(self.log.stable)
        own.is_recently_active = True
        self.is_heartbeat_due = True
        self.log.append_new(self.term, (b"",))

    def grant_vote(self, candidate_id: int) -> None:
        """Votes for the candidate, the only one in this term."""
        assert self.vote in (NONE_ID, candidate_id), "a second vote in one term"
        self.vote = candidate_id
        self.election_elapsed_ticks = 0

    def note_leader_contact(self, leader_id: int) -> None:
        """The leader of this term was heard."""
        assert self.leader_id in (NONE_ID, leader_id), "two leaders in one term"
        self.leader_id = leader_id
        self.election_elapsed_ticks = 0
        self.leader_contact_age_ticks = 0

    @property
    def is_in_leader_lease(self) -> bool:
        """A leader was heard so recently that nobody has a reason to replace it."""
        return (
            self.leader_id != NONE_ID and self.election_elapsed_ticks < self.config.election_ticks
        )

    def _reset(self, term: int) -> None:
        assert term >= self.term, "the term falls"
        if term != self.term:
            self.term = term
            self.vote = NONE_ID
            # What was promised to the former term and has not left: its receivers will not
            # believe it any more, and an append of the new term may take back the entries that
            # it acknowledges before they were ever written.
            self.responses.clear()
        self.leader_id = NONE_ID
        self.heartbeat_elapsed_ticks = 0
        self.votes = {}
        self.progress = {}
        self.peers = ()
        self.reads.drop_all()
        self.is_heartbeat_due = False
        self.is_notice_due = False
        self.prompt_ids = frozenset()
        self.lead_transferee = NONE_ID
        self.is_timeout_now_sent = False
        self.is_campaign_owed = False
        self._restart_election_timer()

    def _restart_election_timer(self) -> None:
        self.election_elapsed_ticks = 0
        self._randomize_election_timeout()

    def _randomize_election_timeout(self) -> None:
        election_ticks = self.config.election_ticks
        self.randomized_election_timeout_ticks = election_ticks + self._random.randrange(
            election_ticks
        )

    def check_invariants(self) -> None:
        """What must hold after every step. It costs the same however long the log is and however
        much is under way; a few comparisons per member on a leader."""
        log = self.log
        log.check_invariants()
        assert self.term >= log.last_term, "an entry from a future term"
        if self.role is Role.FOLLOWER:
            assert self.lead_transferee == NONE_ID, "a follower hands leadership over"
            return
        assert not log.is_installing, "a snapshot is installed under a leader or candidate"
        assert not self.has_lost_log, "a member that has lost its log campaigns"
        if self.role is not Role.LEADER:
            assert not log.committed_conf_index, "a campaign under an outdated configuration"
            return
        assert self.leader_id == self.id == self.vote, "a leader that follows somebody"
        next_index_max = log.last_index + 1
        sent_max = self.config.inflight_messages_max
        for peer in self.peers:
            assert peer.match_index < peer.next_index <= next_index_max, "a peer out of its bounds"
            sent = len(peer.inflights)
            assert sent <= sent_max, "more is under way than allowed"
            assert not sent or peer.state is ProgressState.REPLICATE, "sent ahead without knowing"
