"""Ingredients, their ledger and their alerts."""

import pytest
from bar_scene import BarScene, base, kinds, takes

from bitebyte.domain import commands as c
from bitebyte.domain.entities import AlertState
from bitebyte.domain.results import Accepted
from bitebyte.domain.rows import alert_key, name_claim_key


@pytest.fixture
def scene() -> BarScene:
    return BarScene()


# The ledger


@pytest.mark.parametrize(
    ("kind", "amount", "on_hand", "delta"),
    [
        ("receive", "50", 150, 50),
        ("waste", "30", 70, -30),
        ("adjust", "-100", 0, -100),
        ("adjust", "1", 101, 1),
        ("count", "0", 0, -100),
        ("count", "100", 100, 0),
        ("count", "700", 700, 600),
    ],
)
def test_a_movement_changes_what_is_on_hand(
    scene: BarScene, kind: str, amount: str, on_hand: int, delta: int
) -> None:
    gin = scene.ingredient("Gin", "100")
    movement = scene.accepted(scene.movement(gin, kind, amount, reason="inventory")).movement
    assert movement is not None
    assert (movement.delta_base, movement.amount, movement.unit) == (delta * 1000, amount, "ml")
    assert (movement.actor_id, movement.reason) == (scene.merchant_id, "inventory")
    assert scene.stock(gin) == (on_hand, 0)


@pytest.mark.parametrize(
    ("kind", "amount", "code"),
    [
        ("waste", "41", "insufficient_stock"),
        ("adjust", "-41", "stock_below_reserved"),
        ("count", "59", "stock_below_reserved"),
        ("receive", "0", "invalid_movement"),
        ("receive", "-1", "invalid_movement"),
        ("waste", "-1", "invalid_movement"),
        ("count", "-1", "invalid_movement"),
        ("adjust", "0", "invalid_movement"),
        ("consume", "1", "invalid_movement"),
        ("steal", "1", "invalid_movement"),
    ],
)
def test_a_movement_never_takes_what_orders_have_reserved(
    scene: BarScene, kind: str, amount: str, code: str
) -> None:
    gin = scene.ingredient("Gin", "100")
    scene.order((scene.product(takes(gin, "60")), 1))
    applied = scene.do(scene.movement(gin, kind, amount))
    assert getattr(applied.result, "code", None) == code
    assert applied.changes == ()
    assert scene.stock(gin) == (100, 60)


def test_down_to_what_is_reserved_is_allowed(scene: BarScene) -> None:
    gin = scene.ingredient("Gin", "100")
    scene.order((scene.product(takes(gin, "60")), 1))
    scene.accepted(scene.movement(gin, "count", "60"))
    assert scene.stock(gin) == (60, 60)


def test_the_refusal_names_the_amounts(scene: BarScene) -> None:
    gin = scene.ingredient("Gin", "100")
    scene.order((scene.product(takes(gin, "60")), 1))
    assert "60 ml of Gin" in scene.refused(scene.movement(gin, "count", "10")).detail
    wasted = scene.refused(scene.movement(gin, "waste", "50"))
    assert (wasted.shortages[0].needed, wasted.shortages[0].available) == (50_000, 40_000)


def test_what_is_not_counted_has_no_movements(scene: BarScene) -> None:
    ice = scene.ingredient("Ice", unit="cube", tracking="ample")
    assert scene.refused(scene.movement(ice, "receive", "5", unit="cube")).code == "not_tracked"


def test_no_bar_holds_more_than_can_be_counted(scene: BarScene) -> None:
    water = scene.ingredient("Water")
    for _ in range(1000):
        scene.state.execute(scene.movement(water, "receive", "1000000", unit="l"))
    assert scene.the_ingredient(water).on_hand == 10**15
    assert scene.refused(scene.movement(water, "receive", "1")).code == "stock_limit_exceeded"


def test_only_the_bars_own_people_move_its_stock(scene: BarScene) -> None:
    gin = scene.ingredient("Gin", "100")
    command = scene.movement(gin, "receive", "1")
    for actor_id in (scene.guest_id, scene.register("m@example.org", role="merchant"), ""):
        stranger = c.RecordStockMovement(
            id=scene.new_id(), at_ms=scene.at_ms, actor_id=actor_id, bar_id=scene.bar_id,
            ingredient_id=gin, kind="receive", quantity_base=1, amount="1", unit="ml",
        )  # fmt: skip
        assert scene.refused(stranger).code == "bar_not_found"
    other = scene.say(c.CreateBar, name="Other", slug="other", currency="EUR", timezone="UTC")
    scene.accepted(other)
    elsewhere = scene.movement(gin, "receive", "1", bar_id=other.id)
    assert scene.refused(elsewhere).code == "ingredient_not_found"
    scene.accepted(command)


def test_a_movement_with_a_key_happens_once(scene: BarScene) -> None:
    gin = scene.ingredient("Gin")
    keyed = {"idempotency_key": "k", "request_hash": "a"}
    first = scene.accepted(scene.movement(gin, "receive", "50", **keyed))
    again = scene.do(scene.movement(gin, "receive", "50", **keyed))
    assert again.result == Accepted(movement=first.movement, is_replay=True)
    assert again.changes == ()
    assert scene.stock(gin) == (50, 0)
    other = scene.movement(gin, "receive", "51", idempotency_key="k", request_hash="b")
    assert scene.refused(other).code == "idempotency_key_reused"


def test_a_movement_without_a_key_happens_each_time(scene: BarScene) -> None:
    gin = scene.ingredient("Gin", "50")
    scene.accepted(scene.movement(gin, "receive", "50"))
    assert scene.stock(gin) == (100, 0)


# Alerts


def test_a_new_ingredient_is_not_running_low(scene: BarScene) -> None:
    assert scene.the_alert(scene.ingredient("Gin", threshold="100")) is None


@pytest.mark.parametrize(("counted", "is_low"), [("101", False), ("100", True), ("0", True)])
def test_an_alert_opens_at_the_threshold(scene: BarScene, counted: str, is_low: bool) -> None:
    gin = scene.ingredient("Gin", "200", threshold="100")
    applied = scene.do(scene.movement(gin, "count", counted))
    assert (scene.the_alert(gin) is not None) == is_low
    assert ("stock.low" in kinds(applied)) == is_low


def test_there_is_at_most_one_alert_until_it_is_over(scene: BarScene) -> None:
    gin = scene.ingredient("Gin", "200", threshold="100")
    scene.accepted(scene.movement(gin, "count", "90"))
    alert = scene.the_alert(gin)
    assert alert is not None
    assert kinds(scene.do(scene.movement(gin, "count", "80"))) == ["stock.changed"]
    assert scene.the_alert(gin) == alert
    scene.accepted(scene.movement(gin, "receive", "20"))
    assert scene.the_alert(gin) == alert, "at the threshold it is still low"
    recovered = scene.do(scene.movement(gin, "receive", "1"))
    assert kinds(recovered) == ["stock.recovered", "stock.changed"]
    resolved = scene.state.rows[alert_key(alert.id)]
    assert (resolved.state, resolved.resolved_at_ms) == (AlertState.RESOLVED, scene.at_ms)
    scene.accepted(scene.movement(gin, "count", "1"))
    second = scene.the_alert(gin)
    assert second is not None
    assert second.id != alert.id


def test_a_shortage_without_a_threshold_is_over_with_the_next_delivery(scene: BarScene) -> None:
    gin = scene.ingredient("Gin", "50")
    scene.refused(scene.placing((scene.product(takes(gin, "60")), 1)))
    scene.accepted(scene.movement(gin, "waste", "10"))
    assert scene.the_alert(gin) is not None
    scene.accepted(scene.movement(gin, "receive", "1"))
    assert scene.the_alert(gin) is None


def test_a_threshold_below_what_is_there_leaves_the_shortage_alert(scene: BarScene) -> None:
    gin = scene.ingredient("Gin", "50")
    scene.refused(scene.placing((scene.product(takes(gin, "60")), 1)))
    alert = scene.the_alert(gin)
    scene.accepted(
        scene.say(
            c.UpdateIngredient,
            ingredient_id=gin,
            threshold_base=base("10", "ml"),
            threshold_amount="10",
            threshold_unit="ml",
        )
    )
    assert scene.the_alert(gin) == alert


def test_a_smaller_order_that_can_be_filled_leaves_the_shortage_alert(scene: BarScene) -> None:
    gin = scene.ingredient("Gin", "100", threshold="10")
    martini = scene.product(takes(gin, "60"))
    scene.refused(scene.placing((martini, 2)))
    alert = scene.the_alert(gin)
    scene.order((martini, 1))
    assert scene.the_alert(gin) == alert


def test_a_shortage_below_the_threshold_waits_for_the_threshold(scene: BarScene) -> None:
    gin = scene.ingredient("Gin", "150", threshold="100")
    scene.refused(scene.placing((scene.product(takes(gin, "160")), 1)))
    scene.accepted(scene.movement(gin, "count", "20"))
    scene.accepted(scene.movement(gin, "receive", "80"))
    assert scene.the_alert(gin) is not None
    scene.accepted(scene.movement(gin, "receive", "1"))
    assert scene.the_alert(gin) is None


def test_a_threshold_that_moves_opens_and_ends_alerts(scene: BarScene) -> None:
    gin = scene.ingredient("Gin", "100")

    def set_threshold(amount: str) -> None:
        scene.accepted(
            scene.say(
                c.UpdateIngredient,
                ingredient_id=gin,
                threshold_base=base(amount, "ml"),
                threshold_amount=amount,
                threshold_unit="ml",
            )
        )

    set_threshold("100")
    assert scene.the_alert(gin) is not None
    set_threshold("99")
    assert scene.the_alert(gin) is None
    set_threshold("200")
    scene.accepted(scene.say(c.UpdateIngredient, ingredient_id=gin, clears_threshold=True))
    assert scene.the_alert(gin) is None
    assert scene.the_ingredient(gin).threshold_amount is None


def test_what_is_no_longer_counted_is_no_longer_low(scene: BarScene) -> None:
    gin = scene.ingredient("Gin", "50", threshold="100")
    assert scene.the_alert(gin) is not None
    scene.accepted(scene.say(c.UpdateIngredient, ingredient_id=gin, tracking="ample"))
    assert scene.the_alert(gin) is None
    scene.accepted(scene.say(c.UpdateIngredient, ingredient_id=gin, tracking="exact"))
    assert scene.the_alert(gin) is not None


def test_what_is_out_stays_low_whatever_else_is_edited(scene: BarScene) -> None:
    ice = scene.ingredient("Ice", unit="cube", tracking="ample")
    scene.accepted(scene.say(c.UpdateIngredient, ingredient_id=ice, is_out=True))
    scene.refused(scene.placing((scene.product(takes(ice, "3", "cube")), 1)))
    alert = scene.the_alert(ice)
    assert alert is not None
    scene.accepted(scene.say(c.UpdateIngredient, ingredient_id=ice, tracking="binary"))
    assert scene.the_alert(ice) == alert


def test_acknowledging_says_that_somebody_knows(scene: BarScene) -> None:
    gin = scene.ingredient("Gin", "50", threshold="100")
    alert = scene.the_alert(gin)
    assert alert is not None
    for actor_id in (scene.guest_id, scene.register("m@example.org", role="merchant")):
        stranger = scene.say(c.AcknowledgeAlert, alert_id=alert.id, actor_id=actor_id)
        assert scene.refused(stranger).code == "alert_not_found"
    seen = scene.accepted(scene.say(c.AcknowledgeAlert, alert_id=alert.id)).alert
    assert seen is not None
    assert (seen.state, seen.acknowledged_at_ms) == ("acknowledged", scene.at_ms)
    again = scene.do(scene.say(c.AcknowledgeAlert, alert_id=alert.id))
    assert again.result == Accepted(alert=seen)
    assert again.changes == ()
    scene.accepted(scene.movement(gin, "receive", "700"))
    over = scene.accepted(scene.say(c.AcknowledgeAlert, alert_id=alert.id)).alert
    assert over is not None
    assert over.state == "resolved"


# Descriptions


def test_names_are_unique_in_a_bar_however_they_are_written(scene: BarScene) -> None:
    scene.ingredient("Lime  Juice")
    command = scene.say(
        c.CreateIngredient, bar_id=scene.bar_id, name="LIME juice", unit="ml", base_unit="ul",
        tracking="exact",
    )  # fmt: skip
    refused = scene.refused(command)
    assert (refused.code, refused.errors[0].pointer) == ("name_taken", "/name")


def test_a_renamed_ingredient_frees_its_name(scene: BarScene) -> None:
    gin = scene.ingredient("Gin")
    rum = scene.ingredient("Rum")
    taken = scene.say(c.UpdateIngredient, ingredient_id=gin, name="rum")
    assert scene.refused(taken).code == "name_taken"
    scene.accepted(scene.say(c.UpdateIngredient, ingredient_id=gin, name="Dry gin"))
    released = scene.state.rows[name_claim_key(f"ingredient:{scene.bar_id}", "gin")]
    assert released.holder_id == ""
    scene.accepted(scene.say(c.UpdateIngredient, ingredient_id=rum, name="Gin"))
    scene.accepted(scene.say(c.UpdateIngredient, ingredient_id=rum, name="GIN"))
    assert scene.the_ingredient(rum).name == "GIN"


def test_the_unit_may_change_as_long_as_it_measures_the_same(scene: BarScene) -> None:
    gin = scene.ingredient("Gin", "700")
    scene.accepted(scene.say(c.UpdateIngredient, ingredient_id=gin, unit="oz", base_unit="ul"))
    assert scene.the_ingredient(gin).unit == "oz"
    scene.accepted(scene.say(c.UpdateIngredient, ingredient_id=gin, unit="Millilitres"))
    assert scene.the_ingredient(gin).unit == "ml"
    grams = scene.say(c.UpdateIngredient, ingredient_id=gin, unit="g", base_unit="mg")
    assert scene.refused(grams).code == "unit_mismatch"
    shots = scene.say(c.UpdateIngredient, ingredient_id=gin, unit="shot")
    assert scene.refused(shots).code == "invalid_ingredient"


def test_versions_rise_with_edits_and_not_with_stock(scene: BarScene) -> None:
    gin = scene.ingredient("Gin", "700")
    assert scene.the_ingredient(gin).version == 1
    edit = scene.say(c.UpdateIngredient, ingredient_id=gin, expected_version=1, name="Dry gin")
    scene.accepted(edit)
    stale = scene.say(c.UpdateIngredient, ingredient_id=gin, expected_version=1, name="Old Tom")
    refused = scene.refused(stale)
    assert (refused.code, refused.current_version) == ("stale_version", 2)
    nothing = scene.do(scene.say(c.UpdateIngredient, ingredient_id=gin, name="Dry gin"))
    assert nothing.changes == ()


def test_to_strangers_an_ingredient_does_not_exist(scene: BarScene) -> None:
    gin = scene.ingredient("Gin")
    merchant = scene.register("m@example.org", role="merchant")
    for actor_id in (scene.guest_id, merchant):
        update = scene.say(c.UpdateIngredient, ingredient_id=gin, name="X", actor_id=actor_id)
        assert scene.refused(update).code == "ingredient_not_found"
        create = scene.say(
            c.CreateIngredient, bar_id=scene.bar_id, name="X", unit="ml", base_unit="ul",
            tracking="exact", actor_id=actor_id,
        )  # fmt: skip
        assert scene.refused(create).code == "bar_not_found"


@pytest.mark.parametrize(
    "wrong",
    [
        {"unit": "shot"},
        {"unit": "g"},
        {"tracking": "roughly"},
        {"threshold_base": -1},
        {"threshold_base": 10**12 + 1},
    ],
)
def test_an_ingredient_that_makes_no_sense_is_refused(
    scene: BarScene, wrong: dict[str, object]
) -> None:
    fields: dict[str, object] = {
        "bar_id": scene.bar_id, "name": "Gin", "unit": "ml", "base_unit": "ul", "tracking": "exact",
    }  # fmt: skip
    command = scene.say(c.CreateIngredient, **(fields | wrong))
    assert scene.refused(command).code == "invalid_ingredient"
