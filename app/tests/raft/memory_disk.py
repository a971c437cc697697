"""A disk for tests: a write is durable when the test says so, and a crash loses what is not."""

from collections import deque
from collections.abc import Sequence

from bitebyte.raft import ConfState, Entry, HardState, RaftConfig, RandomSource, RawNode, TermRun
from bitebyte.raft.messages import PeerMessage, StorageAppend, StorageAppendResp, StorageFetch


class MemoryDisk:
    """The stored log and hard state of one member, with writes that wait to become durable."""

    def __init__(self) -> None:
        self.hard_state = HardState()
        self.entries: list[Entry] = []
        self.pending: deque[StorageAppend] = deque()

    @property
    def last_index(self) -> int:
        return len(self.entries)

    def submit(self, append: StorageAppend) -> None:
        self.pending.append(append)

    def finish_write(self) -> Sequence[PeerMessage | StorageAppendResp]:
        """Makes the oldest write durable; returns the responses that waited for it."""
        append = self.pending.popleft()
        if append.hard_state is not None:
            self._write_hard_state(append.hard_state)
        if append.entries:
            first_index = append.entries[0].index
            assert first_index <= self.last_index + 1, "a gap in the stored log"
            del self.entries[first_index - 1 :]
            self.entries.extend(append.entries)
            assert self.entries[-1].index == self.last_index, "stored entries are not contiguous"
        return append.responses

    def _write_hard_state(self, new: HardState) -> None:
        old = self.hard_state
        assert new.term >= old.term, "the stored term falls"
        assert new.term > old.term or old.vote in (0, new.vote), "a second vote is stored"
        self.hard_state = new

    def crash(self) -> None:
        """Everything that is not durable is gone."""
        self.pending.clear()

    def has(self, index: int, term: int) -> bool:
        return index == 0 or (index <= self.last_index and self.entries[index - 1].term == term)

    def read(self, fetch: StorageFetch) -> tuple[Entry, ...]:
        """What a StorageFetch asks for, within its bounds."""
        found: list[Entry] = []
        size_bytes = 0
        for entry in self.entries[fetch.low - 1 : fetch.high - 1]:
            size_bytes += len(entry.data)
            if found and size_bytes > fetch.bytes_max:
                break
            found.append(entry)
        return tuple(found)

    def term_runs(self) -> list[TermRun]:
        runs: list[TermRun] = []
        for entry in self.entries:
            if not runs or runs[-1].term != entry.term:
                runs.append(TermRun(entry.index, entry.term))
        return runs

    def start(
        self,
        config: RaftConfig,
        conf_state: ConfState,
        *,
        random: RandomSource,
        applied_index: int = 0,
    ) -> RawNode:
        """Starts a member from what is stored here."""
        return RawNode(
            config,
            hard_state=self.hard_state,
            conf_state=conf_state,
            term_runs=self.term_runs(),
            first_index=1,
            last_index=self.last_index,
            entries=self.entries[applied_index:],
            applied_index=applied_index,
            random=random,
        )
