"""Nothing that can be put into the log makes a replica stop or the state unsound.

The edge refuses most of this; but a bug there must not reach every node through the log.
"""

from collections.abc import Iterator
from typing import Any, get_args, get_type_hints

import msgspec
from bar_scene import BarScene, takes
from hypothesis import given, settings
from hypothesis import strategies as st

from bitebyte.domain import commands as c
from bitebyte.domain.entities import ImportIngredient, ImportProduct, ImportRecipeLine
from bitebyte.domain.results import encode_result

words = st.sampled_from(
    ["", "Gin", "gin ", "ml", "ounces", "g", "ul", "mg", "exact", "ample", "roughly", "active",
     "hidden", "placed", "accepted", "preparing", "ready", "cancelled", "completed", "waste",
     "release", "receive", "count", "adjust", "consume", "EUR", "merchant", "customer", "k", "é"]
)  # fmt: skip
integers = st.sampled_from([-(2**63), -1, 0, 1, 2, 50_000, 10**12, 10**15, 2**63 - 1])


def values(kind: Any, ids: list[str]) -> st.SearchStrategy[Any]:
    """Values of a field's type: ids that exist, words that mean something, and nonsense."""
    if kind is str:
        return words
    if kind is int:
        return integers | st.integers(1, 100)
    if kind is bool:
        return st.booleans()
    if kind is type(None):
        return st.none()
    if isinstance(kind, type) and issubclass(kind, msgspec.Struct):
        return structs(kind, ids)
    if getattr(kind, "__origin__", None) is tuple:
        return st.lists(values(get_args(kind)[0], ids), max_size=4).map(tuple)
    return st.one_of(*(values(option, ids) for option in get_args(kind)))


def structs(kind: type[msgspec.Struct], ids: list[str], **fixed: Any) -> st.SearchStrategy[Any]:
    hints = get_type_hints(kind)
    fields = {
        # Mostly ids where ids belong, or else nearly all is refused as unknown. Those of members
        # are numbers.
        name: st.sampled_from(ids)
        if name.endswith("_id") and hints[name] is not int
        else values(hints[name], ids)
        for name in kind.__struct_fields__
        if name not in fixed
    }
    return st.builds(kind, **fields, **{name: st.just(value) for name, value in fixed.items()})


def busy_bar() -> tuple[BarScene, list[str]]:
    """A bar where something of everything exists."""
    scene = BarScene()
    gin = scene.ingredient("Gin", "100", threshold="60")
    ice = scene.ingredient("Ice", unit="cube", tracking="ample")
    martini = scene.product(takes(gin, "30"), takes(ice, "3", "cube"), name="Martini")
    waiting = scene.order((martini, 1))
    made = scene.order((martini, 1))
    scene.move(made.id, "accepted", "preparing")
    upload = scene.say(
        c.CreateMenuImport,
        bar_id=scene.bar_id,
        products=(ImportProduct("A", "Gimlet", "", 1, (_line("gin"), _line("lime"))),),
        ingredients=(ImportIngredient("Lime", "ml", "ul", "exact", None, None, None),),
        errors=(),
    )
    scene.accepted(upload)
    alert = scene.the_alert(gin)
    assert alert is not None
    return scene, [
        scene.bar_id, scene.merchant_id, scene.guest_id, gin, ice, martini, waiting.id, made.id,
        upload.id, alert.id,
    ]  # fmt: skip


def _line(ingredient: str) -> ImportRecipeLine:
    return ImportRecipeLine(ingredient, "1", "ml", "ul", 1_000, False)


BUSY_BAR, IDS = busy_bar()
anything = st.one_of(
    *(
        structs(kind, IDS, id="", at_ms=0, actor_id=actor_id)
        for kind in get_args(c.AnyCommand)
        for actor_id in (BUSY_BAR.merchant_id, BUSY_BAR.guest_id)
    )
)


@settings(max_examples=200, deadline=None)
@given(st.lists(anything, min_size=1, max_size=4))
def test_any_command_is_applied_or_refused_and_leaves_the_state_sound(
    commands: list[c.AnyCommand],
) -> None:
    scene = BarScene()
    scene.state = BUSY_BAR.state.fork()
    scene.at_ms = BUSY_BAR.at_ms
    for n, command in enumerate(commands):
        scene.at_ms += 1_000
        whole = msgspec.structs.replace(
            command, id=f"0199c82c-ffff-7000-8000-{n:012x}", at_ms=scene.at_ms
        )
        applied = scene.do(whole)
        assert encode_result(applied.result)
        assert all(map(is_bigint, integers_in(msgspec.to_builtins(applied.changes))))


def integers_in(value: Any) -> Iterator[int]:
    if isinstance(value, int):
        yield value
    elif isinstance(value, dict):
        yield from integers_in(tuple(value.values()))
    elif isinstance(value, list | tuple):
        for item in value:
            yield from integers_in(item)


def is_bigint(value: int) -> bool:
    """Whether a column of PostgreSQL can hold it."""
    return -(2**63) <= value < 2**63
