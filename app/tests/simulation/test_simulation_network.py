"""The rules of the simulated network."""

from random import Random

import pytest

from bitebyte.raft.messages import MsgTimeoutNow
from bitebyte.simulation.loop import Scheduler, SimulatedLoop
from bitebyte.simulation.network import Network
from bitebyte.simulation.plan import NetworkOptions


class Scene:
    """A network whose deliveries are written down."""

    def __init__(self) -> None:
        self.scheduler = Scheduler()
        self.got: list[tuple[int, int, int]] = []
        self.network = Network(
            SimulatedLoop(self.scheduler, "world"), Random(1), deliver=self._deliver
        )

    def _deliver(self, sender: int, receiver: int, batch: object) -> None:
        assert isinstance(batch, tuple)
        self.got.append((sender, receiver, batch[0].term))

    def send(self, sender: int, receiver: int, number: int) -> None:
        self.network.send(
            sender, receiver, (MsgTimeoutNow(to=receiver, sender=sender, term=number),)
        )

    def run(self, for_s: float = 5.0) -> None:
        self.scheduler.run_until(self.scheduler.now_s + for_s, lambda: False)


@pytest.fixture
def scene() -> Scene:
    return Scene()


def test_a_link_keeps_the_order(scene: Scene) -> None:
    for number in range(50):
        scene.send(1, 2, number)
    scene.run()
    assert [number for _, _, number in scene.got] == list(range(50))


def test_reordering_lets_later_ones_overtake(scene: Scene) -> None:
    scene.network.options = NetworkOptions(reordering=0.5)
    for number in range(50):
        scene.send(1, 2, number)
    scene.run()
    arrived = [number for _, _, number in scene.got]
    assert sorted(arrived) == list(range(50)) != arrived


def test_loss_and_duplication(scene: Scene) -> None:
    scene.network.options = NetworkOptions(loss=0.5, duplication=0.5)
    for number in range(200):
        scene.send(1, 2, number)
    scene.run()
    arrived = [number for _, _, number in scene.got]
    assert 60 < len(set(arrived)) < 140
    assert len(arrived) > len(set(arrived))


def test_a_cut_has_one_direction_and_takes_what_is_under_way(scene: Scene) -> None:
    scene.send(1, 2, 7)
    scene.network.cut([(1, 2)])
    scene.send(1, 2, 8)
    scene.send(2, 1, 9)
    scene.run()
    assert scene.got == [(2, 1, 9)]


def test_overlapping_cuts_end_one_by_one(scene: Scene) -> None:
    scene.network.cut([(1, 2)])
    scene.network.cut([(1, 2)])
    scene.network.mend([(1, 2)])
    scene.send(1, 2, 1)
    scene.network.mend([(1, 2)])
    scene.send(1, 2, 2)
    scene.run()
    assert scene.got == [(1, 2, 2)]


def test_a_clogged_link_holds_and_then_gives_all(scene: Scene) -> None:
    scene.network.clog((1, 2))
    for number in range(5):
        scene.send(1, 2, number)
    scene.run()
    assert scene.got == []
    scene.network.unclog((1, 2))
    scene.run()
    assert [number for _, _, number in scene.got] == list(range(5))


def test_healing_ends_everything(scene: Scene) -> None:
    scene.network.options = NetworkOptions(loss=1.0)
    scene.network.extra_loss = 1.0
    scene.network.cut([(1, 2)])
    scene.network.clog((2, 1))
    scene.network.heal()
    scene.send(1, 2, 1)
    scene.send(2, 1, 2)
    scene.run()
    assert sorted(scene.got) == [(1, 2, 1), (2, 1, 2)]
