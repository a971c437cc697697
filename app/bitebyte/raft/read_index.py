"""Linearizable reads without writing to the log (thesis §6.4), in rounds.

A leader may have been replaced without knowing it, so before it says "read at index i" it has a
quorum confirm that it still led *after* the read arrived. Reads share confirmations: those that
have arrived when a round starts belong to it, later ones wait for the next.

Why an old confirmation can never serve a newer read: rounds are numbered upwards, a heartbeat
carries the newest number, a member echoes what it was sent, and a round is confirmed only by
echoes of its own or a later number. Requests are never looked up by a client's id, so an id that
comes twice is simply two reads (the confusion of ids is what made etcd #20418 possible).
"""

from collections.abc import Callable

from bitebyte.raft.quorum import Quorum


class ReadRequest:
    """A read that member `sender` wants to do."""

    __slots__ = ("request_id", "sender")

    def __init__(self, sender: int, request_id: int) -> None:
        self.sender = sender
        self.request_id = request_id


class ReadRounds:
    """The reads of one leader. At most one round is under way; `pending_max` bounds all reads."""

    __slots__ = ("_pending_max", "_queued", "_round", "index", "seq")

    def __init__(self, pending_max: int) -> None:
        self._pending_max = pending_max
        self._queued: list[ReadRequest] = []
        self._round: list[ReadRequest] = []
        self.seq = 0
        """Number of the newest round. Never falls, so that a heartbeat can always carry it."""
        self.index = 0
        """Commit index when that round started: what its reads have to see."""

    @property
    def is_round_open(self) -> bool:
        return bool(self._round)

    @property
    def has_queued(self) -> bool:
        return bool(self._queued)

    def add(self, request: ReadRequest) -> bool:
        """Queues a read for the next round; False when too many wait already."""
        if len(self._queued) + len(self._round) >= self._pending_max:
            return False
        self._queued.append(request)
        return True

    def start_round(self, commit_index: int) -> None:
        """Everything queued becomes a new round. May be called when none is open."""
        assert not self._round, "a read round inside another"
        self._round, self._queued = self._queued, []
        self.seq += 1
        self.index = commit_index

    def take_confirmed(self, quorum: Quorum, acked_seq: Callable[[int], int]) -> list[ReadRequest]:
        """The reads of the open round, once a quorum has echoed its number; else nothing."""
        if not self._round or quorum.committed_index(acked_seq) < self.seq:
            return []
        confirmed, self._round = self._round, []
        return confirmed

    def drop_all(self) -> None:
        """Leadership is over: whoever waits has to ask again."""
        self._queued = []
        self._round = []
