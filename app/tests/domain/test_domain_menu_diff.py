"""The preview of an upload: what it says is what the commit does."""

from typing import Any

from bar_scene import BarScene
from hypothesis import given, settings
from hypothesis import strategies as st

from bitebyte.domain import commands as c
from bitebyte.domain.entities import Bar, Ingredient, MenuImport, Product
from bitebyte.domain.menu_csv import COLUMNS, parse_csv
from bitebyte.domain.menu_diff import SHOWN_LENGTH_MAX, ProductChange, diff_menu
from bitebyte.domain.rows import bar_key

HEADER = ",".join(COLUMNS) + "\n"


class Upload:
    """A bar whose menu comes from files."""

    def __init__(self) -> None:
        self.scene = BarScene()

    def products(self) -> dict[str, Product]:
        rows = self.scene.state.rows.values()
        listed = sorted(
            (row for row in rows if isinstance(row, Product)), key=lambda product: product.position
        )
        return {product.name: product for product in listed}

    def preview(self, rows: str) -> tuple[str, tuple[ProductChange, ...]]:
        parsed = parse_csv((HEADER + rows).encode(), currency="EUR")
        assert parsed.errors == ()
        upload = self.scene.say(
            c.CreateMenuImport,
            bar_id=self.scene.bar_id,
            products=parsed.products,
            ingredients=parsed.ingredients,
            errors=(),
        )
        menu_import = self.scene.accepted(upload).menu_import
        assert isinstance(menu_import, MenuImport)
        bar = self.scene.state.rows[bar_key(self.scene.bar_id)]
        assert isinstance(bar, Bar)
        ingredients = [row for row in self.scene.state.rows.values() if isinstance(row, Ingredient)]
        return upload.id, diff_menu(
            menu_import, self.products().values(), ingredients, bar.currency
        )

    def commit(self, import_id: str) -> None:
        self.scene.accepted(
            self.scene.say(c.CommitMenuImport, bar_id=self.scene.bar_id, import_id=import_id)
        )


def kinds(changes: tuple[ProductChange, ...]) -> list[tuple[str, str]]:
    return [(change.product, change.kind) for change in changes]


FIRST = "Sours,Daiquiri,,9,Rum,60,ml,\nSours,Gimlet,,9,Gin,60,ml,\nLong,Water,,0,,,,\n"


def test_new_changed_unchanged_and_what_the_file_does_not_name() -> None:
    upload = Upload()
    import_id, changes = upload.preview(FIRST)
    assert kinds(changes) == [("Daiquiri", "new"), ("Gimlet", "new"), ("Water", "new")]
    upload.commit(import_id)
    _, changes = upload.preview(FIRST)
    assert {change.kind for change in changes} == {"unchanged"}
    _, changes = upload.preview(
        "Sours,Daiquiri,Sour,9.50,rum,2,oz,\nSours,Gimlet,,9,gin,60,ml,\nNew,Fizz,,1,,,,\n"
    )
    assert kinds(changes) == [
        ("Daiquiri", "changed"),
        ("Gimlet", "unchanged"),
        ("Fizz", "new"),
        ("Water", "not_in_file"),
    ]
    assert [(field.field, field.before, field.after) for field in changes[0].fields] == [
        ("description", "", "Sour"),
        ("price", "9.00", "9.50"),
        ("recipe", "60 ml Rum", "2 oz rum"),
    ]


def test_a_hidden_product_comes_back_and_a_moved_one_moves() -> None:
    upload = Upload()
    import_id, _ = upload.preview(FIRST)
    upload.commit(import_id)
    water = upload.products()["Water"]
    upload.scene.accepted(upload.scene.say(c.UpdateProduct, product_id=water.id, status="hidden"))
    rows = FIRST.splitlines(keepends=True)
    _, changes = upload.preview(rows[1] + rows[0] + rows[2])
    fields = {change.product: [field.field for field in change.fields] for change in changes}
    assert fields == {"Gimlet": [], "Daiquiri": ["position"], "Water": ["status", "position"]}


def test_long_texts_are_cut() -> None:
    upload = Upload()
    import_id, _ = upload.preview("A,B,,1,,,,\n")
    upload.commit(import_id)
    _, changes = upload.preview(f"A,B,{'x' * 1_000},1,,,,\n")
    assert len(changes[0].fields[0].after) == SHOWN_LENGTH_MAX


drinks = st.lists(
    st.tuples(
        st.sampled_from(["A", "B"]),
        st.sampled_from(["One", "Two", "Three", "Four"]),
        st.sampled_from(["1", "2"]),
        st.sampled_from([",,", "Gin,60,ml", "Gin,2,oz", "Lime,1,slice"]),
    ),
    min_size=1,
    max_size=4,
    unique_by=lambda drink: drink[1],
)


def as_rows(menu: list[Any]) -> str:
    return "".join(f"{section},{name},,{price},{line},\n" for section, name, price, line in menu)


@settings(max_examples=60, deadline=None)
@given(drinks, drinks)
def test_what_the_preview_says_is_what_the_commit_does(first: list[Any], then: list[Any]) -> None:
    upload = Upload()
    import_id, _ = upload.preview(as_rows(first))
    upload.commit(import_id)
    before = upload.products()
    import_id, changes = upload.preview(as_rows(then))
    upload.commit(import_id)
    after = upload.products()
    for change in changes:
        old, new = before.get(change.product), after[change.product]
        if change.kind == "new":
            assert old is None
        else:
            assert old is not None
            assert (new.version > old.version) == (change.kind == "changed")
            moved = any(field.field == "position" for field in change.fields)
            assert (new.position != old.position) == moved
    assert {change.product for change in changes} == set(after)
