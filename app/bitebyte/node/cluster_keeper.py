"""What a member keeps of its cluster: the row, the peers that follow from it, the changes that are
under way and, while it leads, the duties."""

import asyncio
from collections.abc import Callable, Sequence

from bitebyte.domain.commands import AnyCommand, ChangeMembers
from bitebyte.domain.entities import AnyEntity
from bitebyte.domain.roster import CLUSTER_KEY, Cluster
from bitebyte.node.applier import Applier
from bitebyte.node.leader_duties import LeaderDuties
from bitebyte.node.membership import MembershipView
from bitebyte.node.membership_changes import MembershipChanges
from bitebyte.node.own_commands import OwnCommands
from bitebyte.node.ports import Links
from bitebyte.node.types import MemberStatus, NodeOptions, Proposed
from bitebyte.raft.rawnode import RawNode
from bitebyte.raft.types import ConfState, Role, SingleChange
from bitebyte.transport.frames import StatusReport

OWN_COMMAND_TIMEOUT_S = 5.0
"""For what the leader proposes by itself: it tries again anyway."""


class ClusterKeeper:
    """For the node's event loop. `propose(command, deadline_s)` queues a command of our own."""

    def __init__(
        self,
        *,
        raw: RawNode,
        options: NodeOptions,
        membership: MembershipView,
        applier: Applier,
        random_base: int,
        propose: Callable[[AnyCommand, float], "asyncio.Future[Proposed]"],
        schedule_turn: Callable[[], None],
        on_fatal: Callable[[BaseException], None],
    ) -> None:
        self._loop = asyncio.get_running_loop()
        self._raw = raw
        self._options = options
        self._membership = membership
        self._applier = applier
        self._propose = propose
        self._schedule_turn = schedule_turn
        self._on_fatal = on_fatal
        self._links: Links | None = None
        self._row: Cluster | None = None
        self._conf_state = applier.conf_state
        self._load: asyncio.Task[None] | None = None
        self._is_told_removed = False
        self.removed = asyncio.Event()
        """Set when it is known that this member was removed: that is for ever."""
        self.program_version = membership.program_version
        self.changes = MembershipChanges(member_id=raw.id, sequence_base=random_base)
        self.commands = OwnCommands(
            member_id=raw.id, random_base=random_base, log_time_ms=lambda: applier.log_time_ms
        )
        self._duties = LeaderDuties(
            membership,
            self.commands,
            level_known=options.level_known,
            propose=self._propose_own,
            change=self._change_own,
        )

    def start(self, links: Links) -> None:
        """Reads the row. From now on the links follow it."""
        self._links = links
        self.reload()

    def stop(self) -> None:
        """Ends callers; nothing is proposed any more."""
        self.changes.stop()
        if self._load is not None:
            self._load.cancel()

    # The row --------------------------------------------------------------------------------

    @property
    def cluster(self) -> Cluster:
        """The cluster's row as of the applied index."""
        return self._membership.cluster

    @property
    def is_removed(self) -> bool:
        """Whether this member does not belong to the cluster any more."""
        return self._is_told_removed or self._membership.is_removed(self._raw.id)

    def reload(self) -> None:
        """Reads the row, at the start and after a snapshot; from then on it is in memory whenever
        it changes."""
        self._row = None
        self._load = self._loop.create_task(self._load_row())

    def look_at_row(self) -> None:
        """Entries were applied: takes notice of the row and the configuration if they changed."""
        row = self._applier.rows.peek(CLUSTER_KEY)
        if row is not self._row or self._applier.conf_state is not self._conf_state:
            self._note(row)

    async def _load_row(self) -> None:
        try:
            found = await self._applier.load_rows([CLUSTER_KEY])
        except Exception as error:  # noqa: BLE001  a state that cannot be read ends the member
            self._on_fatal(error)
            return
        self._load = None
        self._note(found.get(CLUSTER_KEY))

    def _note(self, row: AnyEntity | None) -> None:
        if isinstance(row, Cluster):
            self._row = row
            self._membership.cluster = row
            if self.is_removed:
                self.removed.set()
        self._conf_state = self._applier.conf_state
        self._set_peers()

    def _set_peers(self) -> None:
        if self._links is not None:
            self._links.set_peers(self._membership.peers(self._applier.conf_state))

    # What others say ------------------------------------------------------------------------

    def note_report(self, member_id: int, report: StatusReport) -> None:
        """A peer has told how it is."""
        self._membership.note(member_id, report, self._loop.time())

    def note_hello(self, member_id: int, name: str, peer_address: str) -> None:
        """A peer has connected and said who and where it is."""
        if self._membership.note_hello(member_id, name, peer_address):
            self._set_peers()

    def note_lost(self, member_id: int) -> None:
        """The connection to a peer broke."""
        self._membership.note_lost(member_id)

    def note_removed(self) -> None:
        """A peer says that this member was removed."""
        self._is_told_removed = True
        self.removed.set()

    def is_removed_member(self, member_id: int) -> bool:
        """Whether that member was removed from the cluster."""
        return self._membership.is_removed(member_id)

    # For people -----------------------------------------------------------------------------

    def members(self, *, applied_index: int, flushed_index: int) -> tuple[MemberStatus, ...]:
        """All members as seen from here."""
        return self._membership.members(
            self._raw,
            applied_index=applied_index,
            now_s=self._loop.time(),
            conf_state=self._applier.conf_state,
            flushed_index=flushed_index,
            level_known=self._options.level_known,
        )

    def reports(self, conf_state: ConfState) -> dict[int, StatusReport]:
        """The newest report of each other member that was heard lately."""
        now_s = self._loop.time()
        found = {
            peer_id: self._membership.report_of(peer_id, now_s)
            for peer_id in self._membership.others(conf_state)
        }
        return {peer_id: report for peer_id, report in found.items() if report is not None}

    def commit_index_of(self, member_id: int) -> int | None:
        """What a member last said that it knows to be committed; None if it has said nothing."""
        report = self._membership.last_report_of(member_id)
        return report.commit_index if report is not None else None

    def name_of(self, member_id: int) -> str | None:
        """The name of a member; None for no member."""
        return self._membership.name_of(member_id)

    # While it leads -------------------------------------------------------------------------

    def keep(self, *, applied_term: int) -> None:
        """To be called at a steady pace."""
        now_s = self._loop.time()
        self.changes.expire(now_s)
        raw = self._raw
        if raw.role != Role.LEADER:
            self._duties.rest()
        elif applied_term == raw.term and self._load is None:
            self._duties.look(raw, self._applier.conf_state, now_s)

    def _propose_own(self, command: AnyCommand) -> "asyncio.Future[Proposed]":
        self._schedule_turn()
        return self._propose(command, self._loop.time() + OWN_COMMAND_TIMEOUT_S)

    def _change_own(
        self, parts: Sequence[SingleChange], command: ChangeMembers
    ) -> "asyncio.Future[Proposed]":
        self._schedule_turn()
        deadline_s = self._loop.time() + OWN_COMMAND_TIMEOUT_S
        return self.changes.add(parts, command, deadline_s=deadline_s)
