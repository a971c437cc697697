"""Placing an order: all of it or nothing, at the server's prices, once."""

import pytest
from bar_scene import BarScene, kinds, takes

from bitebyte.domain import commands as c
from bitebyte.domain.ids import is_id
from bitebyte.domain.limits import IDEMPOTENCY_WINDOW_MS
from bitebyte.domain.results import Accepted, Refused, Shortage


@pytest.fixture
def scene() -> BarScene:
    return BarScene()


def test_an_order_reserves_its_ingredients_and_takes_nothing_yet(scene: BarScene) -> None:
    gin = scene.ingredient("Gin", "700")
    martini = scene.product(takes(gin, "60"))
    scene.order((martini, 2))
    assert scene.stock(gin) == (700, 120)


def test_an_order_is_numbered_priced_and_snapshotted(scene: BarScene) -> None:
    gin = scene.ingredient("Gin", "700")
    martini = scene.product(takes(gin, "60"), name="Martini", price_minor=1150)
    command = scene.placing((martini, 2))
    order = scene.accepted(command).order
    assert order is not None
    assert order.id == command.id
    assert (order.number, order.status, order.version) == (1, "placed", 1)
    assert (order.total_minor, order.currency) == (2300, "EUR")
    line = order.lines[0]
    assert (line.name, line.quantity, line.unit_price_minor, line.total_minor) == (
        "Martini",
        2,
        1150,
        2300,
    )
    assert order.customer_name == "Guest"
    assert [step.status for step in order.history] == ["placed"]


def test_later_edits_of_the_menu_reach_no_order_that_was_placed(scene: BarScene) -> None:
    gin = scene.ingredient("Gin", "700")
    martini = scene.product(takes(gin, "60"), name="Martini", price_minor=1150)
    order = scene.order((martini, 1))
    scene.accepted(
        scene.say(
            c.UpdateProduct,
            product_id=martini,
            name="Vesper",
            price_minor=1,
            recipe=(takes(gin, "10"),),
        )
    )
    scene.move(order.id, "accepted", "preparing", "ready")
    assert scene.the_order(order.id).lines == order.lines
    assert scene.stock(gin) == (640, 0)


def test_the_last_drop_may_be_sold(scene: BarScene) -> None:
    gin = scene.ingredient("Gin", "60")
    scene.order((scene.product(takes(gin, "60")), 1))
    assert scene.stock(gin) == (60, 60)


def test_one_drop_too_much_is_refused_with_what_is_missing(scene: BarScene) -> None:
    gin = scene.ingredient("Gin", "59")
    refused = scene.refused(scene.placing((scene.product(takes(gin, "60")), 1)))
    assert refused.code == "insufficient_stock"
    assert refused.shortages == (Shortage(gin, "Gin", 60_000, 59_000, "ul"),)
    assert "Gin" in refused.detail
    assert scene.stock(gin) == (59, 0)


def test_demand_is_summed_over_lines_that_share_an_ingredient(scene: BarScene) -> None:
    lime = scene.ingredient("Lime juice", "50")
    daiquiri = scene.product(takes(lime, "30"))
    margarita = scene.product(takes(lime, "30"))
    refused = scene.refused(scene.placing((daiquiri, 1), (margarita, 1)))
    assert refused.shortages == (Shortage(lime, "Lime juice", 60_000, 50_000, "ul"),)


def test_an_ingredient_twice_in_one_recipe_counts_twice(scene: BarScene) -> None:
    rum = scene.ingredient("Rum", "100")
    order = scene.order((scene.product(takes(rum, "30"), takes(rum, "15")), 2))
    assert scene.stock(rum) == (100, 90)
    assert sum(line.quantity_base for line in order.reservation) == 90_000


def test_every_short_ingredient_is_named_in_the_order_of_first_use(scene: BarScene) -> None:
    gin, lime, mint = (scene.ingredient(name) for name in ("Gin", "Lime", "Mint"))
    rum = scene.ingredient("Rum", "700")
    first = scene.product(takes(mint, "1"), takes(rum, "1"), takes(gin, "1"))
    second = scene.product(takes(lime, "1"), takes(mint, "1"))
    refused = scene.refused(scene.placing((first, 1), (second, 1)))
    assert [short.name for short in refused.shortages] == ["Mint", "Gin", "Lime"]
    assert scene.stock(rum) == (700, 0)


def test_a_refused_order_alerts_the_staff_once_for_each_short_ingredient(scene: BarScene) -> None:
    gin = scene.ingredient("Gin", "10")
    lime = scene.ingredient("Lime juice")
    sour = scene.product(takes(gin, "60"), takes(lime, "30"))
    first = scene.do(scene.placing((sour, 1)))
    assert kinds(first) == ["stock.low", "notification.created"] * 2
    assert all(not event.is_public and not event.account_id for event in first.events)
    alert = scene.the_alert(gin)
    assert alert is not None
    assert (alert.state, alert.reason, alert.available) == ("open", "shortage", 10_000)
    assert is_id(alert.id)
    assert kinds(scene.do(scene.placing((sour, 1)))) == []


def test_enough_but_now_at_the_threshold_is_accepted_and_alerts(scene: BarScene) -> None:
    gin = scene.ingredient("Gin", "160", threshold="100")
    applied = scene.do(scene.placing((scene.product(takes(gin, "60")), 1)))
    assert isinstance(applied.result, Accepted)
    alert = scene.the_alert(gin)
    assert alert is not None
    assert (alert.reason, alert.available, alert.threshold) == ("threshold", 100_000, 100_000)
    assert "stock.low" in kinds(applied)


def test_above_the_threshold_nobody_is_alarmed(scene: BarScene) -> None:
    gin = scene.ingredient("Gin", "161", threshold="100")
    scene.order((scene.product(takes(gin, "60")), 1))
    assert scene.the_alert(gin) is None


def test_optional_lines_are_neither_checked_nor_reserved(scene: BarScene) -> None:
    gin = scene.ingredient("Gin", "60")
    olive = scene.ingredient("Olive", unit="piece")
    martini = scene.product(takes(gin, "60"), takes(olive, "1", "piece", is_optional=True))
    scene.order((martini, 1))
    assert scene.stock(olive) == (0, 0)


@pytest.mark.parametrize("tracking", ["ample", "binary"])
def test_what_is_not_counted_is_there_unless_it_is_marked_as_out(
    scene: BarScene, tracking: str
) -> None:
    ice = scene.ingredient("Ice", unit="cube", tracking=tracking)
    drink = scene.product(takes(ice, "3", "cube"))
    order = scene.order((drink, 1))
    assert order.reservation == ()
    scene.accepted(scene.say(c.UpdateIngredient, ingredient_id=ice, is_out=True))
    refused = scene.refused(scene.placing((drink, 1)))
    assert refused.shortages == (Shortage(ice, "Ice", 3_000, 0, "mpc"),)
    assert scene.the_alert(ice) is not None
    scene.accepted(scene.say(c.UpdateIngredient, ingredient_id=ice, is_out=False))
    assert scene.the_alert(ice) is None
    scene.order((drink, 1))


def test_a_product_that_is_not_on_this_menu_is_pointed_at(scene: BarScene) -> None:
    here = scene.product()
    hidden = scene.product()
    scene.accepted(scene.say(c.UpdateProduct, product_id=hidden, status="hidden"))
    archived = scene.product()
    scene.accepted(scene.say(c.UpdateProduct, product_id=archived, status="archived"))
    unknown = scene.new_id()
    refused = scene.refused(scene.placing((here, 1), (hidden, 1), (archived, 1), (unknown, 1)))
    assert refused.code == "product_not_available"
    assert [error.pointer for error in refused.errors] == [
        "/lines/1/product_id",
        "/lines/2/product_id",
        "/lines/3/product_id",
    ]


def test_another_bars_product_is_not_on_this_menu(scene: BarScene) -> None:
    product = scene.product()
    other = scene.say(
        c.CreateBar, name="Other", slug="other", currency="EUR", timezone="Europe/Berlin"
    )
    scene.accepted(other)
    refused = scene.refused(scene.placing((product, 1), bar_id=other.id))
    assert refused.code == "product_not_available"


@pytest.mark.parametrize(
    ("lines", "pointer"),
    [
        ([], "/lines"),
        ([("p", 1)] * 51, "/lines"),
        ([("p", 1), ("p", 0)], "/lines/1/quantity"),
        ([("p", -1)], "/lines/0/quantity"),
        ([("p", 101)], "/lines/0/quantity"),
        ([("p", 1, "x" * 281)], "/lines/0/note"),
    ],
)
def test_nonsense_is_refused_where_it_stands(
    scene: BarScene, lines: list[tuple[str, int]], pointer: str
) -> None:
    refused = scene.refused(scene.placing(*lines))
    assert refused.code == "invalid_order"
    assert [error.pointer for error in refused.errors] == [pointer]


def test_an_order_needs_a_bar_an_account_and_a_key(scene: BarScene) -> None:
    product = scene.product()
    unknown = scene.new_id()
    assert scene.refused(scene.placing((product, 1), bar_id=unknown)).code == "bar_not_found"
    assert scene.refused(scene.placing((product, 1), actor_id=unknown)).code == "account_not_found"
    keyless = scene.say(
        c.PlaceOrder, bar_id=scene.bar_id, lines=(), idempotency_key="", request_hash="",
        business_day="",
    )  # fmt: skip
    assert scene.refused(keyless).code == "idempotency_key_required"


def test_numbers_count_from_one_on_every_business_day(scene: BarScene) -> None:
    product = scene.product()

    def number(day: str) -> tuple[int, str]:
        order = scene.accepted(scene.placing((product, 1), business_day=day)).order
        assert order is not None
        return order.number, order.business_day

    assert number("2025-11-24") == (1, "2025-11-24")
    assert number("2025-11-24") == (2, "2025-11-24")
    assert number("2025-11-25") == (1, "2025-11-25")


def test_an_order_of_a_day_that_is_over_counts_in_the_newer_day(scene: BarScene) -> None:
    product = scene.product()
    scene.accepted(scene.placing((product, 1), business_day="2025-11-25"))
    late = scene.accepted(scene.placing((product, 1), business_day="2025-11-24")).order
    assert late is not None
    assert (late.number, late.business_day) == (2, "2025-11-25")


def test_the_customer_and_the_staff_are_told_and_nobody_else(scene: BarScene) -> None:
    gin = scene.ingredient("Gin", "700")
    product = scene.product(takes(gin, "60"), price_minor=1000)
    applied = scene.do(scene.placing((product, 1)))
    placed, notified, stock = applied.events
    assert isinstance(applied.result, Accepted)
    order = applied.result.order
    assert order is not None
    assert (placed.kind, placed.account_id, placed.is_public) == (
        "order.placed",
        scene.guest_id,
        False,
    )
    assert placed.payload == {
        "order_id": order.id,
        "number": 1,
        "status": "placed",
        "version": 1,
        "bar_id": scene.bar_id,
        "total_minor": 1000,
    }
    assert (notified.kind, notified.account_id) == ("notification.created", "")
    assert notified.payload == {"kind": "order.placed", "order_id": order.id, "number": 1}
    assert (stock.kind, stock.account_id, stock.is_public) == ("stock.changed", "", False)
    assert stock.payload["ingredients"] == [
        {"ingredient_id": gin, "on_hand": 700_000, "reserved": 60_000, "available": 640_000}
    ]


def test_a_repeat_gets_the_first_answer_and_does_nothing(scene: BarScene) -> None:
    product = scene.product(takes(scene.ingredient("Gin", "700"), "60"))
    first = scene.order((product, 1), key="k")
    scene.move(first.id, "accepted")
    again = scene.do(scene.placing((product, 1), key="k"))
    assert again.result == Accepted(order=first, is_replay=True)
    assert again.changes == ()
    assert again.events == ()


def test_a_refusal_is_an_answer_too(scene: BarScene) -> None:
    gin = scene.ingredient("Gin")
    product = scene.product(takes(gin, "60"))
    first = scene.refused(scene.placing((product, 1), key="k"))
    scene.accepted(scene.movement(gin, "receive", "700"))
    again = scene.do(scene.placing((product, 1), key="k"))
    assert isinstance(again.result, Refused)
    assert again.result.is_replay
    assert again.result.shortages == first.shortages
    assert again.changes == ()


def test_a_key_is_for_one_request_of_one_account(scene: BarScene) -> None:
    product = scene.product()
    scene.order((product, 1), key="k")
    reused = scene.do(scene.placing((product, 2), key="k"))
    assert isinstance(reused.result, Refused)
    assert reused.result.code == "idempotency_key_reused"
    assert reused.changes == ()
    mine = scene.order((product, 2), key="k", actor_id=scene.other_guest_id)
    assert mine.customer_id == scene.other_guest_id


def test_a_key_is_forgotten_after_its_window(scene: BarScene) -> None:
    product = scene.product()
    first = scene.order((product, 1), key="k")
    scene.at_ms = first.placed_at_ms + IDEMPOTENCY_WINDOW_MS - 1_000
    assert scene.accepted(scene.placing((product, 1), key="k")).is_replay
    second = scene.accepted(scene.placing((product, 1), key="k"))
    assert not second.is_replay
    assert second.order is not None
    assert second.order.id != first.id


def test_quantities_beyond_any_stock_are_a_shortage_and_not_a_crash(scene: BarScene) -> None:
    gin = scene.ingredient("Gin", "700")
    huge = scene.product(takes(gin, "1000000", "l"))
    refused = scene.refused(scene.placing(*[(huge, 100)] * 50))
    assert refused.shortages[0].needed == 5_000 * 10**12
