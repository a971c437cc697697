"""What a leader knows of one member's log, and how it therefore sends to it.

    PROBE      the place where the logs agree is unknown: one append, then wait for its answer
    REPLICATE  the logs agree: send ahead of the answers, up to the inflight cap
    SNAPSHOT   the entries it needs are gone: nothing is sent until a snapshot has arrived

An accepted append turns PROBE into REPLICATE, a rejected one turns REPLICATE into PROBE.
"""

import enum
from collections import deque

import msgspec


class ProgressState(enum.Enum):
    """See the module's text."""

    PROBE = "probe"
    REPLICATE = "replicate"
    SNAPSHOT = "snapshot"


class ProgressView(msgspec.Struct, frozen=True, gc=False):
    """A copy of a progress for people to look at."""

    match_index: int
    next_index: int
    state: ProgressState
    is_recently_active: bool
    is_learner: bool = False
    pending_snapshot: int = 0
    """In SNAPSHOT, the index that the snapshot has to reach at least; else 0."""
    has_lost_log: bool = False
    """Its disk once forgot what it had acknowledged: replace it (see HardState)."""


class Inflights:
    """The appends that are under way, oldest first, and the payload that they carry together. Full
    with `messages_max` of them or `bytes_max` of payload; the one that fills it may exceed that."""

    __slots__ = ("_appends", "_bytes_max", "_messages_max", "payload_bytes")

    def __init__(self, messages_max: int, bytes_max: int) -> None:
        self._messages_max = messages_max
        self._bytes_max = bytes_max
        # (last index, payload bytes) of each.
        self._appends: deque[tuple[int, int]] = deque()
        self.payload_bytes = 0

    def __len__(self) -> int:
        return len(self._appends)

    @property
    def is_full(self) -> bool:
        return len(self._appends) >= self._messages_max or self.payload_bytes >= self._bytes_max

    def add(self, last_index: int, payload_bytes: int) -> None:
        """An append up to `last_index` was sent. May only be called when not full."""
        assert not self.is_full, "append beyond the inflight cap"
        assert not self._appends or self._appends[-1][0] < last_index, "appends out of order"
        self._appends.append((last_index, payload_bytes))
        self.payload_bytes += payload_bytes

    def free_through(self, index: int) -> None:
        """Everything up to `index` arrived."""
        appends = self._appends
        while appends and appends[0][0] <= index:
            self.payload_bytes -= appends.popleft()[1]

    def clear(self) -> None:
        self._appends.clear()
        self.payload_bytes = 0


class Progress:
    """One member as its leader sees it. Invariant: match_index < next_index."""

    __slots__ = (
        "commit_sent",
        "fetch_low",
        "has_lost_log",
        "id",
        "inflights",
        "is_append_sent",
        "is_paused",
        "is_recently_active",
        "match_index",
        "next_index",
        "pending_snapshot",
        "prompt_through",
        "read_seq_acked",
        "state",
    )

    def __init__(self, member_id: int, *, next_index: int, inflights: Inflights) -> None:
        self.id = member_id
        self.match_index = 0
        """Highest index known to be durable there and equal to ours. Only a lost log lowers it."""
        self.next_index = next_index
        """First index of the next append. In REPLICATE it runs ahead of the answers."""
        self.state = ProgressState.PROBE
        self.inflights = inflights
        self.is_paused = False
        """Nothing more to send until an answer, or a sign of life after the next heartbeat."""
        self.prompt_through = 0
        """Up to here somebody at that member waits: entries and their commitment go at once."""
        self.is_append_sent = False
        """An append went out since the last regular heartbeat, so its answer may be under way."""
        self.is_recently_active = False
        """It said something since the last quorum check."""
        self.commit_sent = 0
        """Highest commit index it was told of, if nothing was lost."""
        self.read_seq_acked = 0
        """Newest read round that it confirmed."""
        self.fetch_low = 0
        """Where the fetch under way for it begins; 0 when there is none."""
        self.pending_snapshot = 0
        """See ProgressView."""
        self.has_lost_log = False
        """It says so itself; see ProgressView."""

    def become_probe(self, next_index: int) -> None:
        """The logs may part anywhere after match_index: look from `next_index` downwards."""
        self._change_state(ProgressState.PROBE)
        self.next_index = max(next_index, self.match_index + 1)
        self.commit_sent = min(self.commit_sent, self.next_index - 1)

    def become_replicate(self) -> None:
        """The logs agree up to match_index: send everything after it."""
        self._change_state(ProgressState.REPLICATE)
        self.next_index = self.match_index + 1

    def become_snapshot(self, index_min: int) -> None:
        """What it needs is compacted: send nothing until a snapshot of at least `index_min` has
        arrived, or was given up."""
        self._change_state(ProgressState.SNAPSHOT)
        self.pending_snapshot = index_min

    def _change_state(self, state: ProgressState) -> None:
        self.state = state
        self.pending_snapshot = 0
        self.is_paused = False
        self.inflights.clear()

    def note_sent(self, entry_count: int, payload_bytes: int) -> None:
        """An append with so many entries was sent from next_index on."""
        self.is_append_sent = True
        if self.state is ProgressState.PROBE:
            self.is_paused = True
        elif entry_count:
            self.next_index += entry_count
            self.inflights.add(self.next_index - 1, payload_bytes)

    def note_accepted(self, index: int) -> bool:
        """The log there matches ours up to `index`. Says whether that is news."""
        is_news = index > self.match_index
        if is_news:
            self.match_index = index
            self.next_index = max(self.next_index, index + 1)
        if self.state is ProgressState.PROBE and index == self.match_index:
            self.become_replicate()
        elif self.state is ProgressState.REPLICATE:
            self.inflights.free_through(index)
        return is_news

    def note_rejected(self, prev_index: int, next_index_hint: int) -> bool:
        """The append after `prev_index` did not fit. Says whether that is news: an answer that
        was overtaken by others must not move anything."""
        if self.state is ProgressState.REPLICATE:
            if prev_index <= self.match_index or prev_index >= self.next_index:
                return False
        elif self.state is ProgressState.SNAPSHOT or prev_index != self.next_index - 1:
            return False
        self.become_probe(min(prev_index, next_index_hint))
        return True

    def view(self, *, is_learner: bool) -> ProgressView:
        """A copy; whether it is a learner only the configuration knows."""
        return ProgressView(
            match_index=self.match_index,
            next_index=self.next_index,
            state=self.state,
            is_recently_active=self.is_recently_active,
            is_learner=is_learner,
            pending_snapshot=self.pending_snapshot,
            has_lost_log=self.has_lost_log,
        )
