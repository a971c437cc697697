"""How an order moves on: the table, who may, and what it does to the stock."""

import itertools

import pytest
from bar_scene import BarScene, kinds, takes

from bitebyte.domain import commands as c
from bitebyte.domain.entities import MovementKind, Order, OrderStatus, StockMovement

TABLE = {
    ("placed", "accepted"),
    ("placed", "rejected"),
    ("placed", "cancelled"),
    ("accepted", "preparing"),
    ("accepted", "cancelled"),
    ("preparing", "ready"),
    ("preparing", "cancelled"),
    ("ready", "completed"),
    ("ready", "abandoned"),
}
PATHS = {
    "placed": (),
    "accepted": ("accepted",),
    "preparing": ("accepted", "preparing"),
    "ready": ("accepted", "preparing", "ready"),
    "completed": ("accepted", "preparing", "ready", "completed"),
    "abandoned": ("accepted", "preparing", "ready", "abandoned"),
    "rejected": ("rejected",),
    "cancelled": ("cancelled",),
}


class Round:
    """Two Negronis and a gin, waiting: 120 ml of gin and 60 ml of Campari are reserved."""

    def __init__(self) -> None:
        self.scene = BarScene()
        self.gin = self.scene.ingredient("Gin", "700")
        self.campari = self.scene.ingredient("Campari", "700")
        negroni = self.scene.product(takes(self.gin, "30"), takes(self.campari, "30"))
        neat = self.scene.product(takes(self.gin, "60"))
        self.order_id = self.scene.order((negroni, 2), (neat, 1)).id

    @property
    def order(self) -> Order:
        return self.scene.the_order(self.order_id)

    def stock(self) -> tuple[tuple[int, int], tuple[int, int]]:
        return self.scene.stock(self.gin), self.scene.stock(self.campari)

    def movements(self, kind: MovementKind) -> dict[str, int]:
        """Signed ml by ingredient."""
        return {
            row.ingredient_id: row.delta_base // 1000
            for row in self.scene.state.rows.values()
            if isinstance(row, StockMovement) and row.kind == kind
        }


@pytest.fixture
def round_() -> Round:
    return Round()


@pytest.mark.parametrize(
    ("source", "target"), list(itertools.product(PATHS, [status.value for status in OrderStatus]))
)
def test_the_staff_may_take_the_steps_of_the_table_and_no_other(source: str, target: str) -> None:
    round_ = Round()
    scene = round_.scene
    scene.move(round_.order_id, *PATHS[source])
    before = round_.order
    command = scene.moving(round_.order_id, target, disposition=("release",))
    if (source, target) in TABLE:
        moved = scene.accepted(command).order
        assert moved is not None
        assert moved.status == target
        assert moved.version == before.version + 1
        assert moved.history[:-1] == before.history
        assert moved.history[-1].actor_id == scene.merchant_id
    else:
        refused = scene.refused(command)
        assert refused.code == "invalid_transition"
        assert round_.order == before


@pytest.mark.parametrize("source", PATHS)
def test_a_customer_may_cancel_until_the_drinks_are_being_made(source: str) -> None:
    round_ = Round()
    scene = round_.scene
    scene.move(round_.order_id, *PATHS[source])
    command = scene.moving(round_.order_id, "cancelled", actor_id=scene.guest_id)
    if source in {"placed", "accepted"}:
        applied = scene.do(command)
        assert round_.order.status == "cancelled"
        assert round_.stock() == ((700, 0), (700, 0))
        assert kinds(applied) == ["order.cancelled", "notification.created", "stock.changed"]
    else:
        assert scene.refused(command).code == "invalid_transition"


@pytest.mark.parametrize("target", sorted({status.value for status in OrderStatus} - {"cancelled"}))
def test_a_customer_may_do_nothing_else(round_: Round, target: str) -> None:
    scene = round_.scene
    command = scene.moving(round_.order_id, target, actor_id=scene.guest_id)
    assert scene.refused(command).code == "forbidden"


def test_to_a_stranger_the_order_does_not_exist(round_: Round) -> None:
    scene = round_.scene
    for actor_id in (scene.other_guest_id, scene.register("m@example.org", role="merchant")):
        command = scene.moving(round_.order_id, "cancelled", actor_id=actor_id)
        assert scene.refused(command).code == "order_not_found"
    unknown = scene.moving(round_.order_id, "cancelled", version=1)
    unknown = c.TransitionOrder(
        id=unknown.id, at_ms=unknown.at_ms, actor_id=scene.merchant_id,
        order_id=scene.new_id(), to="accepted", expected_version=1,
    )  # fmt: skip
    assert scene.refused(unknown).code == "order_not_found"


def test_a_stale_writer_is_told_the_version_that_is(round_: Round) -> None:
    scene = round_.scene
    scene.move(round_.order_id, "accepted")
    refused = scene.refused(scene.moving(round_.order_id, "rejected", version=1))
    assert (refused.code, refused.current_version) == ("stale_version", 2)


@pytest.mark.parametrize("steps", [("accepted",), ("accepted", "preparing")])
def test_accepting_and_preparing_leave_the_stock_reserved(
    round_: Round, steps: tuple[str, ...]
) -> None:
    round_.scene.move(round_.order_id, *steps)
    assert round_.stock() == ((700, 120), (700, 60))
    assert round_.order.reservation_state == "active"


def test_ready_consumes_what_was_reserved_with_one_movement_for_each_ingredient(
    round_: Round,
) -> None:
    round_.scene.move(round_.order_id, "accepted", "preparing", "ready")
    assert round_.stock() == ((580, 0), (640, 0))
    assert round_.order.reservation_state == "consumed"
    assert round_.movements(MovementKind.CONSUME) == {round_.gin: -120, round_.campari: -60}


@pytest.mark.parametrize("end", ["completed", "abandoned"])
def test_after_ready_the_stock_no_longer_moves(round_: Round, end: str) -> None:
    round_.scene.move(round_.order_id, "accepted", "preparing", "ready", end)
    assert round_.stock() == ((580, 0), (640, 0))


def test_a_rejected_order_gives_everything_back(round_: Round) -> None:
    scene = round_.scene
    scene.accepted(scene.moving(round_.order_id, "rejected", reason="closing"))
    assert round_.stock() == ((700, 0), (700, 0))
    assert round_.order.reservation_state == "released"
    assert round_.order.history[-1].reason == "closing"


@pytest.mark.parametrize(
    "disposition", [(), ("release", "waste", "waste"), ("burn",), ("release", "burn")]
)
def test_cancelling_drinks_that_are_being_made_must_say_what_becomes_of_them(
    round_: Round, disposition: tuple[str, ...]
) -> None:
    scene = round_.scene
    scene.move(round_.order_id, "accepted", "preparing")
    command = scene.moving(round_.order_id, "cancelled", disposition=disposition)
    assert scene.refused(command).code == "disposition_required"
    assert round_.order.status == "preparing"


def test_wasting_all_takes_everything_out_of_the_bar(round_: Round) -> None:
    scene = round_.scene
    scene.move(round_.order_id, "accepted", "preparing")
    scene.accepted(scene.moving(round_.order_id, "cancelled", disposition=("waste",)))
    assert round_.stock() == ((580, 0), (640, 0))
    assert round_.order.reservation_state == "wasted"
    assert round_.movements(MovementKind.WASTE) == {round_.gin: -120, round_.campari: -60}


def test_each_line_may_be_wasted_or_released_on_its_own(round_: Round) -> None:
    scene = round_.scene
    scene.move(round_.order_id, "accepted", "preparing")
    scene.accepted(scene.moving(round_.order_id, "cancelled", disposition=("release", "waste")))
    assert round_.stock() == ((640, 0), (700, 0))
    assert round_.order.reservation_state == "wasted"
    assert round_.movements(MovementKind.WASTE) == {round_.gin: -60}


def test_the_customer_follows_every_step(round_: Round) -> None:
    scene = round_.scene
    for to in ("accepted", "preparing", "ready", "completed"):
        applied = scene.do(scene.moving(round_.order_id, to))
        event = applied.events[0]
        assert (event.kind, event.account_id, event.is_public) == (
            f"order.{to}",
            scene.guest_id,
            False,
        )
        assert event.payload["version"] == round_.order.version
        assert "notification.created" not in kinds(applied)


def test_giving_back_what_was_reserved_ends_the_alert(round_: Round) -> None:
    scene = round_.scene
    rum = scene.ingredient("Rum", "100", threshold="50")
    order = scene.order((scene.product(takes(rum, "60")), 1))
    assert scene.the_alert(rum) is not None
    applied = scene.do(scene.moving(order.id, "rejected"))
    assert scene.the_alert(rum) is None
    assert "stock.recovered" in kinds(applied)


def test_what_is_consumed_after_its_tracking_changed_still_balances(round_: Round) -> None:
    scene = round_.scene
    scene.accepted(scene.say(c.UpdateIngredient, ingredient_id=round_.gin, tracking="ample"))
    scene.move(round_.order_id, "accepted", "preparing", "ready")
    assert scene.stock(round_.gin) == (580, 0)
