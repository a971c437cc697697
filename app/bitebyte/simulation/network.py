"""The simulated network between members: late, lossy, repeating, cut in any shape."""

from collections.abc import Callable, Sequence
from random import Random

from bitebyte.raft.messages import PeerMessage
from bitebyte.simulation.loop import SimulatedLoop
from bitebyte.simulation.plan import NetworkOptions
from bitebyte.simulation.snapshot_stream import SnapshotStream
from bitebyte.transport import PeerAddress
from bitebyte.transport.frames import SnapshotBegin, StatusReport

Link = tuple[int, int]
"""(sender, receiver)"""

CALM = NetworkOptions()


class Network:
    """Carries batches of messages. `deliver(sender, receiver, batch)` gives one to a member.

    Within a link messages arrive in the order sent, as on a connection, unless `reordering`
    says otherwise. A cut link loses what is sent and what is under way; a clogged one holds it.
    """

    def __init__(
        self,
        world: SimulatedLoop,
        random: Random,
        *,
        deliver: Callable[[int, int, Sequence[PeerMessage] | StatusReport], None],
    ) -> None:
        self.options = CALM
        self.extra_loss = 0.0
        self.cuts: dict[Link, int] = {}
        """How many faults cut a link: they may overlap."""
        self.clogs: dict[Link, int] = {}
        self._world = world
        self._random = random
        self._deliver = deliver
        self._newest_s: dict[Link, float] = {}
        self._held: dict[Link, list[Sequence[PeerMessage] | StatusReport]] = {}

    def send(self, sender: int, receiver: int, batch: Sequence[PeerMessage] | StatusReport) -> None:
        """Sends one batch, or loses it."""
        link = (sender, receiver)
        options = self.options
        random = self._random
        if link in self.cuts:
            return
        loss = options.loss + self.extra_loss
        if loss and random.random() < loss:
            return
        self._post(link, batch)
        if options.duplication and random.random() < options.duplication:
            self._post(link, batch)

    def cut(self, links: Sequence[Link]) -> None:
        """Nothing passes these links until `mend`."""
        for link in links:
            self.cuts[link] = self.cuts.get(link, 0) + 1

    def is_cut_either_way(self, link: Link) -> bool:
        """Whether a connection between the two could not live."""
        return link in self.cuts or (link[1], link[0]) in self.cuts

    def mend(self, links: Sequence[Link]) -> None:
        """Ends one cut of each of these links."""
        for link in links:
            _count_down(self.cuts, link)

    def clog(self, link: Link) -> None:
        """What passes this link waits until `unclog`."""
        self.clogs[link] = self.clogs.get(link, 0) + 1

    def unclog(self, link: Link) -> None:
        """Ends one clog; what was held arrives now, if no other clog holds it."""
        _count_down(self.clogs, link)
        if link not in self.clogs:
            for batch in self._held.pop(link, []):
                self._post(link, batch)

    def heal(self) -> None:
        """Ends everything that is wrong."""
        self.cuts.clear()
        self.extra_loss = 0.0
        self.options = CALM
        for link in sorted(self.clogs):
            self.clogs[link] = 1
            self.unclog(link)

    def _post(self, link: Link, batch: Sequence[PeerMessage] | StatusReport) -> None:
        options = self.options
        random = self._random
        when_s = self._world.time() + random.uniform(options.delay_s_min, options.delay_s_max)
        if options.reordering and random.random() < options.reordering:
            when_s += random.random() * options.reordering_s_max
        else:
            when_s = max(when_s, self._newest_s.get(link, 0.0))
            self._newest_s[link] = when_s
        self._world.call_at(when_s, self._arrive, link, batch)

    def _arrive(self, link: Link, batch: Sequence[PeerMessage] | StatusReport) -> None:
        if link in self.cuts:
            return
        if link in self.clogs:
            self._held.setdefault(link, []).append(batch)
            return
        self._deliver(link[0], link[1], batch)


def _count_down(counts: dict[Link, int], link: Link) -> None:
    left = counts.get(link, 0) - 1
    if left > 0:
        counts[link] = left
    else:
        counts.pop(link, None)


class SimulatedLinks:
    """One process's way to its peers: the node's Links. `check(messages)` sees all that leaves."""

    def __init__(
        self,
        network: Network,
        own_id: int,
        peer_ids: Sequence[int],
        *,
        check: Callable[[PeerMessage], None],
        open_stream: Callable[[int, SnapshotBegin], SnapshotStream],
    ) -> None:
        self.peer_ids = list(peer_ids)
        self._network = network
        self._own_id = own_id
        self._check = check
        self._open_stream = open_stream

    def send(self, peer_id: int, messages: Sequence[PeerMessage]) -> None:
        for message in messages:
            self._check(message)
        self._network.send(self._own_id, peer_id, tuple(messages))

    def broadcast(self, report: StatusReport) -> None:
        for peer_id in self.peer_ids:
            self._network.send(self._own_id, peer_id, report)

    def set_peers(self, peers: Sequence[PeerAddress]) -> None:
        self.peer_ids = [peer.id for peer in peers]

    async def open_snapshot(self, peer_id: int, begin: SnapshotBegin) -> SnapshotStream:
        return self._open_stream(peer_id, begin)
