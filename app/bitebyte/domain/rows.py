"""Typed reads of the state.

Each returns None where the row is known not to exist, and raises NotLoaded where nobody knows.
"""

from bitebyte.domain.entities import (
    Account,
    Alert,
    Bar,
    BarMember,
    Ingredient,
    Key,
    MenuImport,
    NameClaim,
    Order,
    Product,
    Session,
)
from bitebyte.domain.view import View


def account_key(account_id: str) -> Key:
    return Key("account", (account_id,))


def session_key(token_hash: str) -> Key:
    return Key("session", (token_hash,))


def name_claim_key(scope: str, folded_name: str) -> Key:
    return Key("name_claim", (scope, folded_name))


def bar_key(bar_id: str) -> Key:
    return Key("bar", (bar_id,))


def bar_member_key(bar_id: str, account_id: str) -> Key:
    return Key("bar_member", (bar_id, account_id))


def ingredient_key(ingredient_id: str) -> Key:
    return Key("ingredient", (ingredient_id,))


def product_key(product_id: str) -> Key:
    return Key("product", (product_id,))


def order_key(order_id: str) -> Key:
    return Key("order", (order_id,))


def alert_key(alert_id: str) -> Key:
    return Key("alert", (alert_id,))


def menu_import_key(import_id: str) -> Key:
    return Key("menu_import", (import_id,))


def idempotency_key(account_id: str, key: str) -> Key:
    return Key("idempotency", (account_id, key))


def account(view: View, account_id: str) -> Account | None:
    row = view.get(Key("account", (account_id,)))
    assert row is None or isinstance(row, Account)
    return row


def session(view: View, token_hash: str) -> Session | None:
    row = view.get(Key("session", (token_hash,)))
    assert row is None or isinstance(row, Session)
    return row


def bar(view: View, bar_id: str) -> Bar | None:
    row = view.get(Key("bar", (bar_id,)))
    assert row is None or isinstance(row, Bar)
    return row


def bar_of(view: View, bar_id: str) -> Bar:
    """The bar that an existing row names: bars are never deleted."""
    row = bar(view, bar_id)
    assert row is not None, f"bar {bar_id} is missing"
    return row


def is_member(view: View, bar_id: str, account_id: str) -> bool:
    """Whether the account works at the bar."""
    row = view.get(Key("bar_member", (bar_id, account_id)))
    assert row is None or isinstance(row, BarMember)
    return row is not None


def name_holder_id(view: View, scope: str, folded_name: str) -> str:
    """Who holds the name; empty if nobody does."""
    row = view.get(Key("name_claim", (scope, folded_name)))
    assert row is None or isinstance(row, NameClaim)
    return "" if row is None else row.holder_id


def ingredient(view: View, ingredient_id: str) -> Ingredient | None:
    row = view.get(Key("ingredient", (ingredient_id,)))
    assert row is None or isinstance(row, Ingredient)
    return row


def ingredient_of(view: View, ingredient_id: str) -> Ingredient:
    """The ingredient that an existing row names: ingredients are never deleted."""
    row = ingredient(view, ingredient_id)
    assert row is not None, f"ingredient {ingredient_id} is missing"
    return row


def product(view: View, product_id: str) -> Product | None:
    row = view.get(Key("product", (product_id,)))
    assert row is None or isinstance(row, Product)
    return row


def order(view: View, order_id: str) -> Order | None:
    row = view.get(Key("order", (order_id,)))
    assert row is None or isinstance(row, Order)
    return row


def alert(view: View, alert_id: str) -> Alert | None:
    row = view.get(Key("alert", (alert_id,)))
    assert row is None or isinstance(row, Alert)
    return row


def menu_import(view: View, import_id: str) -> MenuImport | None:
    row = view.get(Key("menu_import", (import_id,)))
    assert row is None or isinstance(row, MenuImport)
    return row
