"""Moving leadership on purpose, and waiting for it to have moved."""

import asyncio
from collections.abc import Callable

from bitebyte.node.types import MembershipRefused, NoLeader, OutcomeUnknown
from bitebyte.raft.errors import TransferRefused
from bitebyte.raft.rawnode import RawNode
from bitebyte.raft.types import NONE_ID, Role

ASK_AGAIN_S = 0.3
"""The message to the leader, or its word to the next one, may be lost."""


class Leadership:
    """For one event loop. `note_change` is called whenever the core names another leader."""

    def __init__(self, raw: RawNode, *, schedule_turn: Callable[[], None]) -> None:
        self._loop = asyncio.get_running_loop()
        self._raw = raw
        self._schedule_turn = schedule_turn
        self._changed = asyncio.Event()

    @property
    def changed(self) -> asyncio.Event:
        """Set at the next change of the leader, and then replaced by a new one."""
        return self._changed

    def note_change(self) -> None:
        """Wakes whoever waits for another leader."""
        self._changed.set()
        self._changed = asyncio.Event()

    def best_successor(self) -> int:
        """On a leader: the voter that was heard lately and has most of the log; NONE_ID if there is
        none."""
        raw = self._raw
        candidates = [
            (progress.match_index, member_id)
            for member_id, progress in raw.progress().items()
            if member_id != raw.id
            and member_id in raw.conf_state.voters
            and progress.is_recently_active
            and not progress.has_lost_log
        ]
        return max(candidates, default=(0, NONE_ID))[1]

    async def transfer(self, transferee: int, *, timeout_s: float) -> None:
        """Returns when this node knows `transferee` as the leader.

        Raises MembershipRefused if it cannot lead, NoLeader if nobody could be asked, and
        OutcomeUnknown if it was asked for but has not happened in time: it still may.
        """
        raw, loop = self._raw, self._loop
        deadline_s = loop.time() + timeout_s
        was_asked = False
        while raw.leader_id != transferee:
            left_s = deadline_s - loop.time()
            if left_s <= 0:
                if was_asked:
                    raise OutcomeUnknown("leadership has not moved in time; it still may")
                raise NoLeader("no leader was found that could hand over in time")
            changed = self._changed
            if raw.leader_id != NONE_ID:
                try:
                    raw.transfer_leader(transferee)
                    was_asked = True
                except TransferRefused as error:
                    raise MembershipRefused("transfer_refused", str(error)) from None
                self._schedule_turn()
            try:
                async with asyncio.timeout(min(left_s, ASK_AGAIN_S)):
                    await changed.wait()
            except TimeoutError:
                continue

    async def hand_over(self, *, timeout_s: float) -> bool:
        """A leader lets the best other voter take over. False: it does not lead, there is nobody,
        or it did not happen in time; then an election will find the next one."""
        if self._raw.role != Role.LEADER:
            return False
        successor = self.best_successor()
        if successor == NONE_ID:
            return False
        try:
            await self.transfer(successor, timeout_s=timeout_s)
        except (MembershipRefused, NoLeader, OutcomeUnknown):
            return self._raw.role != Role.LEADER
        return True
