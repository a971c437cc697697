"""How each kind of entity is a row: one `Table` of data per noun, and the SQL that follows from it.

Columns are named as the entity's fields and typed after their annotations; nested values are
json. Only the exceptions are stated here: which texts are UUIDs, and columns that are derived
for the sake of an index.
"""

import types
from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from operator import attrgetter
from typing import Any, Final, Union, get_args, get_origin

import msgspec

from bitebyte.domain.entities import (
    Account,
    Alert,
    AlertState,
    AnyEntity,
    Bar,
    BarMember,
    Cluster,
    Entity,
    IdempotencyRecord,
    Ingredient,
    Key,
    MenuImport,
    NameClaim,
    Order,
    Product,
    Session,
    StockMovement,
)
from bitebyte.domain.ids import is_id
from bitebyte.domain.names import fold

_PG_TYPES: Final = {str: "text", int: "bigint", bool: "boolean", bytes: "bytea"}
_json_encoder = msgspec.json.Encoder()


class Derived(msgspec.Struct, frozen=True):
    """A column that only queries need: computed on the way in, never read back."""

    name: str
    pg_type: str
    compute: Callable[[Any], Any]


class Table:
    """One kind of entity as rows: arrays of columns going in, entities coming out."""

    def __init__(
        self,
        name: str,
        entity: type[Entity],
        *,
        key: tuple[str, ...],
        uuids: Collection[str] = (),
        derived: Sequence[Derived] = (),
        order_rows: Callable[[Any], Any] | None = None,
    ) -> None:
        fields = msgspec.structs.fields(entity)
        self.name = name
        self.entity = entity
        self.key = key
        pg_types = {
            field.name: "uuid" if field.name in uuids else _pg_type(field.type) for field in fields
        }
        self.columns: Mapping[str, str] = pg_types | {d.name: d.pg_type for d in derived}
        """Name → PostgreSQL type, in the order of the fields, derived ones last."""
        self._key_is_uuid = tuple(pg_types[column] == "uuid" for column in key)
        self._values = attrgetter(*pg_types)
        self._derived = tuple(derived)
        self._order_rows = order_rows
        self._json_decoders = tuple(
            (position, msgspec.json.Decoder(field.type).decode)
            for position, field in enumerate(fields)
            if pg_types[field.name] == "json"
        )
        self.select_list = self._build_select_list(pg_types)
        """For SELECT, with the table's own name as qualifier; feed rows to `to_entity`."""
        self.select_by_key = self._build_select_by_key(pg_types)

    def to_entity(self, row: Iterable[Any]) -> AnyEntity:
        """The entity of a row that was selected by `select_list`."""
        values = list(row)
        for position, decode in self._json_decoders:
            values[position] = decode(values[position])
        return self.entity(*values)  # pyright: ignore[reportReturnType]  the union of all kinds

    def to_columns(self, entities: Sequence[AnyEntity]) -> list[Sequence[Any]]:
        """One array per column, in the order of `columns`; `entities` are of this kind."""
        if self._order_rows is not None:
            entities = sorted(entities, key=self._order_rows)
        columns: list[Sequence[Any]] = list(zip(*map(self._values, entities), strict=True))
        for position, _ in self._json_decoders:
            columns[position] = [_json_encoder.encode(v).decode() for v in columns[position]]
        derived = [[column.compute(entity) for entity in entities] for column in self._derived]
        return [*columns, *derived]

    def to_key_columns(self, keys: Iterable[Key]) -> list[list[str]]:
        """One array per key part. Keys that no row can have (malformed ids) are left out, so
        that asking for nonsense finds nothing instead of failing."""
        possible = [key.parts for key in keys if self._is_possible(key.parts)]
        return [[parts[n] for parts in possible] for n in range(len(self.key))]

    def build_upsert(self, first_parameter: int) -> str:
        """INSERT … ON CONFLICT DO UPDATE of arrays bound from $`first_parameter` on."""
        names = ", ".join(f'"{name}"' for name in self.columns)
        arrays = ", ".join(
            f"${number}::{pg_type}[]"
            for number, pg_type in enumerate(self.columns.values(), first_parameter)
        )
        key = ", ".join(f'"{name}"' for name in self.key)
        updates = ", ".join(
            f'"{name}" = EXCLUDED."{name}"' for name in self.columns if name not in self.key
        )
        return (
            f"INSERT INTO {self.name} ({names}) SELECT * FROM unnest({arrays})"
            f" ON CONFLICT ({key}) DO UPDATE SET {updates}"
        )

    def _is_possible(self, parts: Sequence[str]) -> bool:
        return len(parts) == len(self.key) and all(
            is_id(part) if is_uuid else "\0" not in part
            for part, is_uuid in zip(parts, self._key_is_uuid, strict=True)
        )

    def _build_select_list(self, pg_types: Mapping[str, str]) -> str:
        # Text forms of uuid and json: the first is what entities hold, the second what the
        # decoders take; the server makes both faster than Python would.
        as_text = {"uuid", "json"}
        return ", ".join(
            f'{self.name}."{name}"' + ("::text" if pg_type in as_text else "")
            for name, pg_type in pg_types.items()
        )

    def _build_select_by_key(self, pg_types: Mapping[str, str]) -> str:
        if len(self.key) == 1:
            (column,) = self.key
            return (
                f"SELECT {self.select_list} FROM {self.name}"
                f' WHERE "{column}" = ANY($1::{pg_types[column]}[])'
            )
        arrays = ", ".join(f"${n}::{pg_types[column]}[]" for n, column in enumerate(self.key, 1))
        aliases = ", ".join(f"part_{n}" for n in range(len(self.key)))
        matches = " AND ".join(
            f'{self.name}."{column}" = part_{n}' for n, column in enumerate(self.key)
        )
        return (
            f"SELECT {self.select_list} FROM unnest({arrays}) AS wanted ({aliases})"
            f" JOIN {self.name} ON {matches}"
        )


def _pg_type(annotation: Any) -> str:
    if get_origin(annotation) in {Union, types.UnionType}:
        (annotation,) = (arm for arm in get_args(annotation) if arm is not type(None))
    return "json" if get_origin(annotation) is tuple else _PG_TYPES[annotation]


_NAME_FOLDED: Final = Derived("name_folded", "text", lambda row: fold(row.name))

BARS: Final = Table("bars", Bar, key=("id",), uuids=("id", "owner_id"), derived=(_NAME_FOLDED,))
BAR_MEMBERS: Final = Table(
    "bar_members", BarMember, key=("bar_id", "account_id"), uuids=("bar_id", "account_id")
)
INGREDIENTS: Final = Table(
    "ingredients",
    Ingredient,
    key=("id",),
    uuids=("id", "bar_id", "open_alert_id"),
    derived=(_NAME_FOLDED,),
)
PRODUCTS: Final = Table("products", Product, key=("id",), uuids=("id", "bar_id"))
ORDERS: Final = Table("orders", Order, key=("id",), uuids=("id", "bar_id", "customer_id"))
STOCK_MOVEMENTS: Final = Table(
    "stock_movements",
    StockMovement,
    key=("id",),
    uuids=("id", "bar_id", "ingredient_id", "order_id"),
)
ALERTS: Final = Table(
    "alerts",
    Alert,
    key=("id",),
    uuids=("id", "bar_id", "ingredient_id"),
    # One batch may resolve an ingredient's alert and open the next: the resolved one has to
    # leave the index of unresolved ones first.
    order_rows=lambda alert: alert.state != AlertState.RESOLVED,
)

TABLES: Final[Mapping[str, Table]] = {
    table.entity.KIND: table
    for table in (
        Table("accounts", Account, key=("id",), uuids=("id",)),
        Table("sessions", Session, key=("token_hash",), uuids=("account_id",)),
        Table("name_claims", NameClaim, key=("scope", "name")),
        BARS,
        BAR_MEMBERS,
        INGREDIENTS,
        PRODUCTS,
        ORDERS,
        STOCK_MOVEMENTS,
        ALERTS,
        Table("menu_imports", MenuImport, key=("id",), uuids=("id", "bar_id", "created_by")),
        Table(
            "idempotency_records",
            IdempotencyRecord,
            key=("account_id", "idempotency_key"),
            uuids=("account_id",),
        ),
        Table("clusters", Cluster, key=("id",)),
    )
}
"""Kind → table. The order is that of `StateStore.all_rows`."""
