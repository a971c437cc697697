"""One member of a Raft group, without any IO: the public entry of the package."""

from collections.abc import Mapping, Sequence

from bitebyte.raft import candidate, dispatch, follower, leader, replication, transfer
from bitebyte.raft.confchange import encode_change
from bitebyte.raft.config import RaftConfig
from bitebyte.raft.core import Core, RandomSource
from bitebyte.raft.errors import ConfigError, ProposalDropped
from bitebyte.raft.log import RaftLog
from bitebyte.raft.messages import (
    LocalMessage,
    PeerMessage,
    StorageAppend,
    StorageAppendResp,
    StorageApply,
)
from bitebyte.raft.progress import ProgressView
from bitebyte.raft.ready import Ready
from bitebyte.raft.types import (
    NONE_ID,
    ConfChange,
    ConfState,
    Entry,
    EntryKind,
    HardState,
    Role,
    SoftState,
    TermRun,
)


class RawNode:
    """Takes messages, ticks and requests; gives out `Ready`. See the package's text for the
    duties of the caller. Not safe for use by several threads at once."""

    def __init__(
        self,
        config: RaftConfig,
        *,
        hard_state: HardState,
        conf_state: ConfState,
        term_runs: Sequence[TermRun],
        first_index: int,
        last_index: int,
        entries: Sequence[Entry],
        applied_index: int,
        random: RandomSource,
    ) -> None:
        """Starts a member from what its storage holds: first_index 1 and last_index 0 if nothing.

        `entries` are those after `applied_index`, up to `last_index`. `term_runs` cover the whole
        stored log and, where it is compacted, the entry before it. `conf_state` is as of
        `applied_index`; empty on a member that joins. hard_state.commit is a hint and is clamped
        to [applied_index, last_index]. Raises ConfigError when options or stored
        state contradict themselves.
        """
        _check_config(config)
        log = RaftLog(
            term_runs=term_runs,
            first_index=first_index,
            last_index=last_index,
            entries=entries,
            applied_index=applied_index,
            commit_index=hard_state.commit,
        )
        self.core = Core(
            config, hard_state=hard_state, conf_state=conf_state, log=log, random=random
        )
        """For tests and tracing: look, but do not touch."""
        self._offered_hard_state = hard_state
        self._offered_soft_state = self._soft_state()

    # Inputs.

    def tick(self) -> None:
        """One tick of time has passed. Call it at a steady pace; do not make up for missed ones."""
        dispatch.tick(self.core)
        self.core.check_invariants()

    def step(self, message: PeerMessage | LocalMessage) -> None:
        """Takes a message from a peer, or an answer from own storage. Late, repeated and foreign
        messages are harmless. Raises ConfChangeUnreadable when the log holds a change of membership
        of a version that this member does not know: it must not go on."""
        dispatch.step(self.core, message)
        self.core.check_invariants()

    def campaign(self) -> None:
        """Tries to become leader now. Does nothing on a leader, on who has no vote, while a
        committed change of membership is not applied, or while the own disk stalls."""
        candidate.campaign(self.core)
        self.core.check_invariants()

    def propose(self, proposals: Sequence[bytes]) -> None:
        """Has the proposals appended to the log, here or by the leader. No promise that they will
        be applied: watch what is applied. Raises ProposalDropped when certainly nothing happened.
        """
        assert all(proposals), "an empty proposal would look like a no-op"
        if not proposals:
            return
        core = self.core
        match core.role:
            case Role.LEADER:
                leader.propose_as_leader(core, tuple(proposals))
            case Role.FOLLOWER:
                follower.propose_as_follower(core, tuple(proposals))
            case Role.PRE_CANDIDATE | Role.CANDIDATE:
                raise ProposalDropped("an election is under way")
        core.check_invariants()

    def propose_conf_change(self, change: ConfChange) -> None:
        """Has a change of membership appended to the log, here or by the leader. It takes effect
        on each member when its entry is applied there.

        Raises ProposalDropped as `propose` does, and ConfChangeRefused, naming the rule, when the
        change is not allowed now. A leader that cannot take a forwarded one appends it as void.
        """
        assert not change.is_void, "a void change is the answer to a proposal, not one"
        core = self.core
        match core.role:
            case Role.LEADER:
                leader.propose_change_as_leader(core, change)
            case Role.FOLLOWER:
                data = encode_change(change)
                follower.propose_as_follower(core, (data,), kind=EntryKind.CONF_CHANGE)
            case Role.PRE_CANDIDATE | Role.CANDIDATE:
                raise ProposalDropped("an election is under way")
        core.check_invariants()

    def transfer_leader(self, transferee: int) -> None:
        """Has leadership handed over to `transferee`, by this member or by its leader. It takes no
        proposals meanwhile, and goes on after an election timeout if nothing came of it.

        Raises TransferRefused when that is certainly not begun; a leader that was asked by another
        member refuses silently.
        """
        core = self.core
        if core.role is Role.LEADER:
            transfer.start_transfer(core, transferee)
        else:
            follower.transfer_as_follower(core, transferee)
        core.check_invariants()

    def forget_leader(self) -> None:
        """A follower no longer believes that there is a leader, because its driver knows better:
        it may vote for another one at once. A word of the leader makes it believe again."""
        if self.core.role is Role.FOLLOWER:
            self.core.leader_id = NONE_ID

    def read_index(self, request_id: int) -> bool:
        """Asks for an index that, once applied here, makes a read linearizable. It comes as a
        ReadState, or never: after a timeout ask again under a *new* id. False: not asked, because
        no leader is known or too many reads wait. Ids must not repeat, not even after a restart.
        """
        if self.core.role is Role.LEADER:
            return leader.read_as_leader(self.core, request_id)
        return follower.read_as_follower(self.core, request_id)

    def tell_followers(self) -> None:
        """Tells followers what nobody there is known to wait for: a commit index, and entries that
        a quorum has without them. To be called some milliseconds after `has_untold` became true,
        if it still is."""
        self.core.is_notice_due = True

    @property
    def has_untold(self) -> bool:
        """Whether a follower could be told more of the log, or of what is committed."""
        return replication.has_untold(self.core)

    def compact(self, through_index: int) -> None:
        """Forgets entries up to `through_index`: a peer that needs them will get a snapshot. The
        state that they led to must be durable, so that it may be at most the applied index. What is
        compacted already is no error. Delete stored entries only after this call."""
        self.core.log.compact(through_index)
        self.core.check_invariants()

    # Output.

    def has_ready(self) -> bool:
        """Whether `ready` would return any work."""
        core = self.core
        if core.role is Role.LEADER:
            leader.flush(core)
        return bool(
            core.messages
            or core.read_states
            or core.fetches
            or core.snapshot_requests
            or self._has_append()
            or self._has_appliable()
            or self._soft_state() != self._offered_soft_state
        )

    def ready(self) -> Ready:
        """Hands over all work there is. The caller owes it all; there is nothing to confirm but
        through the responses that the work itself carries."""
        core = self.core
        if core.role is Role.LEADER:
            leader.flush(core)
        append = self._take_append()
        apply = None
        if self._has_appliable():
            apply = StorageApply(core.log.start_apply(core.config.apply_size_bytes_max))
        soft_state = self._soft_state()
        ready = Ready(
            soft_state=soft_state if soft_state != self._offered_soft_state else None,
            read_states=tuple(core.read_states),
            messages=tuple(core.messages),
            append=append,
            apply=apply,
            fetches=tuple(core.fetches),
            snapshots=tuple(core.snapshot_requests),
        )
        self._offered_soft_state = soft_state
        core.read_states.clear()
        core.messages.clear()
        core.fetches.clear()
        core.snapshot_requests.clear()
        core.check_invariants()
        return ready

    # What people and drivers look at.

    @property
    def id(self) -> int:
        return self.core.id

    @property
    def term(self) -> int:
        return self.core.term

    @property
    def role(self) -> Role:
        return self.core.role

    @property
    def leader_id(self) -> int:
        """The leader of this term, or NONE_ID while none is known."""
        return self.core.leader_id

    @property
    def commit_index(self) -> int:
        return self.core.log.committed

    @property
    def last_index(self) -> int:
        return self.core.log.last_index

    @property
    def applied_index(self) -> int:
        """As last reported by a StorageApplyResp."""
        return self.core.log.applied

    @property
    def first_index(self) -> int:
        """Of the stored log: everything before it is compacted."""
        return self.core.log.first_index

    @property
    def conf_state(self) -> ConfState:
        """The configuration in force here: as of the applied index."""
        return self.core.conf_state

    @property
    def pending_conf_index(self) -> int:
        """The newest change of membership in the log that is not applied; 0 if there is none."""
        return self.core.log.pending_conf_index

    @property
    def is_promotable(self) -> bool:
        """Whether this member may ever campaign under the configuration in force: it is a voter
        and its log is whole."""
        return self.core.is_promotable

    @property
    def has_lost_log(self) -> bool:
        """Whether the disk of this member once forgot what it had acknowledged. It goes on as a
        copy, but has to be replaced under a new identity."""
        return self.core.has_lost_log

    @property
    def lead_transferee(self) -> int:
        """On a leader, who is to take over; NONE_ID as a rule."""
        return self.core.lead_transferee

    @property
    def leader_contact_age_ticks(self) -> int:
        """Ticks since the leader was heard; on a leader, since a quorum was last found active."""
        return self.core.leader_contact_age_ticks

    def progress(self) -> Mapping[int, ProgressView]:
        """On a leader, what it knows of every member including itself; elsewhere empty."""
        core = self.core
        learners = core.conf_state.learners
        return {
            member_id: peer.view(is_learner=member_id in learners)
            for member_id, peer in core.progress.items()
            if member_id in core.quorum.voters or member_id in learners
        }

    # Inside.

    def _soft_state(self) -> SoftState:
        return SoftState(leader_id=self.core.leader_id, role=self.core.role)

    def _has_appliable(self) -> bool:
        """Not while a snapshot waits for the state machine to come to rest."""
        core = self.core
        return core.waiting_snapshot is None and core.log.has_appliable(
            core.config.apply_size_bytes_max
        )

    def _has_append(self) -> bool:
        """Not beside the installation of a snapshot: everything that waits for the disk waits for
        that first."""
        core = self.core
        return not core.log.is_install_in_flight and bool(
            core.responses or core.log.has_unoffered() or self._must_write_hard_state()
        )

    def _must_write_hard_state(self) -> bool:
        """The commit index alone is not worth a write: it is only a hint for the next start. But
        that a change of membership is committed must not be forgotten (see `membership`)."""
        core, offered = self.core, self._offered_hard_state
        return (
            core.term != offered.term
            or core.vote != offered.vote
            or core.has_lost_log != offered.has_lost_log
            or (bool(core.log.conf_changes) and core.log.committed_conf_index > offered.commit)
        )

    def _take_append(self) -> StorageAppend | None:
        """The next write with the responses that wait for it.

        Responses without a write follow the writes under way; if there are none, all that they
        promise is durable already and they go at once.
        """
        core, log = self.core, self.core.log
        if log.is_install_in_flight:
            return None
        responses: tuple[PeerMessage | StorageAppendResp, ...] = tuple(core.responses)
        core.responses.clear()
        must_write_hard_state = self._must_write_hard_state()
        if not log.has_unoffered() and not must_write_hard_state:
            if log.is_write_in_flight:
                return StorageAppend((), None, responses) if responses else None
            for response in responses:
                assert not isinstance(response, StorageAppendResp)
                core.send(response)
            return None
        # The commit index rides along only where term or vote are written anyway: it is a hint,
        # and a row more in every write is too much for a hint.
        hard_state = None
        snapshot = log.snapshot
        if snapshot is not None or must_write_hard_state:
            hard_state = HardState(core.term, core.vote, log.committed, core.has_lost_log)
            self._offered_hard_state = hard_state
        entries = log.start_write()
        done = StorageAppendResp(
            to=core.id,
            sender=core.id,
            term=core.term,
            index=log.last_index,
            entry_term=log.last_term,
            sequence=log.write_sequence,
        )
        return StorageAppend(entries, hard_state, (*responses, done), snapshot)


def _check_config(config: RaftConfig) -> None:
    """Raises ConfigError naming the option that is out of its bounds."""
    if config.id == NONE_ID:
        raise ConfigError("id must not be zero")
    for option in (
        "heartbeat_ticks",
        "size_per_message_bytes_max",
        "inflight_messages_max",
        "inflight_bytes_max",
        "apply_size_bytes_max",
        "log_cache_bytes_max",
        "pending_reads_max",
        "unapplied_bytes_max",
        "disk_stall_ticks",
    ):
        if getattr(config, option) < 1:
            raise ConfigError(f"{option} must be at least 1")
    if config.election_ticks < 3 * config.heartbeat_ticks:
        raise ConfigError("election_ticks must be at least three times heartbeat_ticks")
