"""Products, one by one and a menu at a time."""

import pytest
from bar_scene import BarScene, base, takes

from bitebyte.domain import commands as c
from bitebyte.domain.entities import (
    Bar,
    ImportIngredient,
    ImportProduct,
    ImportRecipeLine,
    ImportRowError,
    Ingredient,
    Product,
)
from bitebyte.domain.menu_layout import menu_sections
from bitebyte.domain.results import Accepted
from bitebyte.domain.rows import bar_key
from bitebyte.domain.units import parse_quantity


@pytest.fixture
def scene() -> BarScene:
    return BarScene()


def menu_version(scene: BarScene) -> int:
    bar = scene.state.rows[bar_key(scene.bar_id)]
    assert isinstance(bar, Bar)
    return bar.menu_version


def menu(scene: BarScene) -> list[tuple[str, list[str]]]:
    products = [row for row in scene.state.rows.values() if isinstance(row, Product)]
    return [
        (section, [product.name for product in listed])
        for section, listed in menu_sections(products)
    ]


# One by one


def test_a_new_product_comes_last_in_its_section_and_a_new_section_last(scene: BarScene) -> None:
    for name, section in (("Daiquiri", "Sours"), ("Highball", "Long"), ("Sidecar", "Sours")):
        scene.product(name=name, section=section)
    assert menu(scene) == [("Sours", ["Daiquiri", "Sidecar"]), ("Long", ["Highball"])]


def test_a_change_of_the_menu_is_told_to_everybody(scene: BarScene) -> None:
    before = menu_version(scene)
    command = scene.say(
        c.CreateProduct, bar_id=scene.bar_id, name="Gimlet", section="Sours", description="",
        price_minor=900, recipe=(),
    )  # fmt: skip
    (event,) = scene.do(command).events
    assert (event.kind, event.is_public) == ("menu.published", True)
    assert event.payload == {"menu_version": before + 1}


def test_a_recipe_needs_the_bars_own_ingredients_in_their_own_dimension(scene: BarScene) -> None:
    gin = scene.ingredient("Gin")
    recipe = (takes(gin, "60"), takes(scene.new_id(), "1"), takes(gin, "1", "g"))
    fields = {"bar_id": scene.bar_id, "section": "A", "description": "", "price_minor": 1}
    command = scene.say(c.CreateProduct, name="A", recipe=recipe, **fields)
    refused = scene.refused(command)
    assert (refused.code, refused.errors[0].pointer) == (
        "ingredient_not_found",
        "/recipe/1/ingredient_id",
    )
    command = scene.say(c.CreateProduct, name="A", recipe=(recipe[0], recipe[2]), **fields)
    refused = scene.refused(command)
    assert (refused.code, refused.errors[0].pointer) == ("unit_mismatch", "/recipe/1/unit")


def test_product_names_are_unique_in_a_bar(scene: BarScene) -> None:
    daiquiri = scene.product(name="Daiquiri")
    mojito = scene.product(name="Mojito")
    taken = scene.say(c.UpdateProduct, product_id=mojito, name="DAIQUIRI")
    assert scene.refused(taken).code == "name_taken"
    scene.accepted(scene.say(c.UpdateProduct, product_id=daiquiri, name="Hemingway"))
    scene.accepted(scene.say(c.UpdateProduct, product_id=mojito, name="Daiquiri"))


def test_versions_rise_with_edits_and_recipe_versions_with_recipes(scene: BarScene) -> None:
    gin = scene.ingredient("Gin")
    product = scene.product(takes(gin, "60"))
    scene.accepted(
        scene.say(c.UpdateProduct, product_id=product, expected_version=1, price_minor=1)
    )
    assert (scene.the_product(product).version, scene.the_product(product).recipe_version) == (2, 1)
    scene.accepted(scene.say(c.UpdateProduct, product_id=product, recipe=(takes(gin, "50"),)))
    assert (scene.the_product(product).version, scene.the_product(product).recipe_version) == (3, 2)
    stale = scene.say(c.UpdateProduct, product_id=product, expected_version=1, price_minor=2)
    refused = scene.refused(stale)
    assert (refused.code, refused.current_version) == ("stale_version", 3)
    nothing = scene.do(scene.say(c.UpdateProduct, product_id=product, price_minor=1))
    assert nothing.changes == ()


@pytest.mark.parametrize(
    ("wrong", "pointer"),
    [
        ({"price_minor": -1}, "/price_minor"),
        ({"price_minor": 10**9 + 1}, "/price_minor"),
        ({"status": "gone"}, "/status"),
    ],
)
def test_a_product_that_makes_no_sense_is_refused(
    scene: BarScene, wrong: dict[str, object], pointer: str
) -> None:
    product = scene.product()
    refused = scene.refused(scene.say(c.UpdateProduct, product_id=product, **wrong))
    assert (refused.code, refused.errors[0].pointer) == ("invalid_product", pointer)


def test_to_strangers_a_product_cannot_be_edited(scene: BarScene) -> None:
    product = scene.product()
    for actor_id in (scene.guest_id, scene.register("m@example.org", role="merchant")):
        update = scene.say(c.UpdateProduct, product_id=product, price_minor=1, actor_id=actor_id)
        assert scene.refused(update).code == "product_not_found"


def test_a_product_that_moves_to_another_section_comes_last_there(scene: BarScene) -> None:
    first = scene.product(name="First", section="A")
    scene.product(name="Second", section="B")
    scene.accepted(scene.say(c.UpdateProduct, product_id=first, section="B"))
    assert menu(scene) == [("B", ["Second", "First"])]


# A menu at a time


def line(ingredient: str, amount: str, unit: str = "ml") -> ImportRecipeLine:
    quantity = parse_quantity(amount, unit)
    return ImportRecipeLine(ingredient, amount, unit, quantity.base_unit, quantity.base, False)


def drink(
    section: str, name: str, *lines: ImportRecipeLine, price_minor: int = 900
) -> ImportProduct:
    return ImportProduct(section, name, "", price_minor, lines)


def upload(
    scene: BarScene, *products: ImportProduct, ingredients: tuple[ImportIngredient, ...] = ()
) -> str:
    command = scene.say(
        c.CreateMenuImport,
        bar_id=scene.bar_id,
        products=products,
        ingredients=ingredients,
        errors=(),
    )
    scene.accepted(command)
    return command.id


def commit(scene: BarScene, import_id: str) -> c.CommitMenuImport:
    command: c.CommitMenuImport = scene.say(
        c.CommitMenuImport, bar_id=scene.bar_id, import_id=import_id
    )
    return command


def ingredients(scene: BarScene) -> dict[str, Ingredient]:
    return {row.name: row for row in scene.state.rows.values() if isinstance(row, Ingredient)}


def test_an_upload_changes_nothing_until_it_is_committed(scene: BarScene) -> None:
    import_id = upload(scene, drink("Sours", "Daiquiri", line("Rum", "60"), line("Lime", "30")))
    assert menu(scene) == []
    committed = scene.accepted(commit(scene, import_id)).menu_import
    assert committed is not None
    assert committed.state == "committed"
    assert menu(scene) == [("Sours", ["Daiquiri"])]
    rum = ingredients(scene)["Rum"]
    assert (rum.unit, rum.base_unit, rum.tracking, rum.on_hand) == ("ml", "ul", "exact", 0)


def test_committing_twice_is_one_commit(scene: BarScene) -> None:
    import_id = upload(scene, drink("Sours", "Daiquiri", line("Rum", "60")))
    scene.accepted(commit(scene, import_id))
    again = scene.do(commit(scene, import_id))
    assert isinstance(again.result, Accepted)
    assert again.changes == ()


def test_an_upload_with_errors_cannot_be_committed(scene: BarScene) -> None:
    command = scene.say(
        c.CreateMenuImport, bar_id=scene.bar_id, products=(drink("A", "B"),), ingredients=(),
        errors=(ImportRowError(2, "price", "is bad"),), error_count=120,
    )  # fmt: skip
    scene.accepted(command)
    refused = scene.refused(commit(scene, command.id))
    assert refused.code == "import_has_errors"
    assert "120" in refused.detail
    assert menu(scene) == []


def test_known_products_are_updated_and_those_that_the_file_leaves_out_stay(
    scene: BarScene,
) -> None:
    daiquiri = scene.product(name="Daiquiri", section="Sours")
    scene.product(name="Highball", section="Long")
    before = menu_version(scene)
    scene.accepted(commit(scene, upload(scene, drink("Sours", "daiquiri ", price_minor=1))))
    updated = scene.the_product(daiquiri)
    assert (updated.price_minor, updated.version) == (1, 2)
    assert menu(scene) == [("Sours", ["daiquiri "]), ("Long", ["Highball"])]
    assert menu_version(scene) == before + 1


def test_the_same_file_again_changes_no_product(scene: BarScene) -> None:
    file = (drink("A", "One", line("Gin", "60")), drink("B", "Two"), drink("A", "Three"))
    scene.accepted(commit(scene, upload(scene, *file)))
    applied = scene.do(commit(scene, upload(scene, *file)))
    assert not [row for row in applied.changes if isinstance(row, Product | Ingredient)]


def test_the_order_of_the_file_becomes_the_order_of_the_menu(scene: BarScene) -> None:
    scene.accepted(commit(scene, upload(scene, drink("A", "One"), drink("A", "Two"))))
    file = (drink("A", "Two"), drink("B", "Three"), drink("A", "One"))
    scene.accepted(commit(scene, upload(scene, *file)))
    assert menu(scene) == [("A", ["Two", "One"]), ("B", ["Three"])]


def test_a_file_brings_back_what_was_hidden(scene: BarScene) -> None:
    product = scene.product(name="Gimlet")
    scene.accepted(scene.say(c.UpdateProduct, product_id=product, status="archived"))
    scene.accepted(commit(scene, upload(scene, drink("A", "Gimlet"))))
    assert scene.the_product(product).status == "active"


def test_one_ingredient_in_another_dimension_refuses_the_whole_file(scene: BarScene) -> None:
    scene.ingredient("Sugar", unit="g")
    file = (drink("A", "One", line("Gin", "60")), drink("A", "Two", line("sugar", "10")))
    refused = scene.refused(commit(scene, upload(scene, *file)))
    assert refused.code == "unit_mismatch"
    assert "Sugar (g, not ml)" in refused.detail
    assert menu(scene) == []
    assert "Gin" not in ingredients(scene)


@pytest.mark.parametrize(
    "product",
    [
        drink("A", "One", price_minor=-1),
        drink("A", "One", ImportRecipeLine("Gin", "0", "ml", "ul", 0, False)),
        drink("A", "One", ImportRecipeLine("Gin", "1", "shot", "ul", 1, False)),
        drink("A", "One", line("Gin", "1", "ml"), line("gin", "1", "g")),
    ],
)
def test_what_no_reader_would_have_read_is_never_taken_over(
    scene: BarScene, product: ImportProduct
) -> None:
    assert scene.refused(commit(scene, upload(scene, product))).code == "import_has_errors"


def test_a_file_may_describe_ingredients(scene: BarScene) -> None:
    gin = scene.ingredient("Gin", "50")
    described = (
        ImportIngredient("Gin", "oz", "ul", "exact", base("100", "ml"), "100", "ml"),
        ImportIngredient("Ice", "cube", "mpc", "ample", None, None, None),
    )
    file = drink("A", "One", line("gin", "60"), line("Ice", "3", "cube"))
    applied = scene.do(commit(scene, upload(scene, file, ingredients=described)))
    assert isinstance(applied.result, Accepted)
    assert (ingredients(scene)["Gin"].unit, ingredients(scene)["Gin"].id) == ("oz", gin)
    assert ingredients(scene)["Ice"].tracking == "ample"
    assert scene.the_alert(gin) is not None, "50 ml are below the new threshold"


def test_a_file_that_only_uses_an_ingredient_leaves_its_description(scene: BarScene) -> None:
    gin = scene.ingredient("Gin", "50", threshold="10")
    before = scene.the_ingredient(gin)
    scene.accepted(commit(scene, upload(scene, drink("A", "One", line("GIN", "2", "oz")))))
    assert scene.the_ingredient(gin) == before


def test_to_strangers_neither_bar_nor_import_exists(scene: BarScene) -> None:
    import_id = upload(scene, drink("A", "One"))
    merchant_id = scene.register("m@example.org", role="merchant")
    theirs = scene.say(
        c.CreateBar, name="X", slug="other", currency="EUR", timezone="UTC", actor_id=merchant_id
    )
    scene.accepted(theirs)
    for bar_id, code in ((scene.bar_id, "bar_not_found"), (theirs.id, "import_not_found")):
        command = scene.say(
            c.CommitMenuImport, bar_id=bar_id, import_id=import_id, actor_id=merchant_id
        )
        assert scene.refused(command).code == code
    command = scene.say(
        c.CreateMenuImport, bar_id=scene.bar_id, products=(), ingredients=(), errors=(),
        actor_id=merchant_id,
    )  # fmt: skip
    assert scene.refused(command).code == "bar_not_found"
