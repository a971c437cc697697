"""The state machine: one committed command in, what it does out."""

from collections.abc import Callable
from typing import Any, Final

from bitebyte.domain import commands as c
from bitebyte.domain.accounts import end_session, open_session, register_account, update_profile
from bitebyte.domain.bars import create_bar
from bitebyte.domain.cluster import (
    change_members,
    checkpoint,
    describe_members,
    set_cluster_version,
    wish_vote,
)
from bitebyte.domain.entities import Key
from bitebyte.domain.inventory import (
    acknowledge_alert,
    create_ingredient,
    record_stock_movement,
    update_ingredient,
)
from bitebyte.domain.menu import create_product, update_product
from bitebyte.domain.menu_import import commit_menu_import, create_menu_import
from bitebyte.domain.order_transitions import transition_order
from bitebyte.domain.ordering import place_order
from bitebyte.domain.reads import READS
from bitebyte.domain.results import Applied
from bitebyte.domain.view import NotLoaded, View

_HANDLERS: Final[dict[type[c.Command], Callable[[View, Any], Applied]]] = {
    c.RegisterAccount: register_account,
    c.UpdateProfile: update_profile,
    c.OpenSession: open_session,
    c.EndSession: end_session,
    c.CreateBar: create_bar,
    c.CreateIngredient: create_ingredient,
    c.UpdateIngredient: update_ingredient,
    c.RecordStockMovement: record_stock_movement,
    c.CreateProduct: create_product,
    c.UpdateProduct: update_product,
    c.CreateMenuImport: create_menu_import,
    c.CommitMenuImport: commit_menu_import,
    c.PlaceOrder: place_order,
    c.TransitionOrder: transition_order,
    c.AcknowledgeAlert: acknowledge_alert,
    c.DescribeMembers: describe_members,
    c.WishVote: wish_vote,
    c.ChangeMembers: change_members,
    c.SetClusterVersion: set_cluster_version,
    c.Checkpoint: checkpoint,
}


def apply(view: View, command: c.AnyCommand, index: int) -> Applied:
    """What the command, committed at `index`, does to the state that `view` shows.

    Equal views and commands give equal answers on every replica. Reads only `view` and changes
    nothing: the caller stores `changes` before it applies the next entry. Raises NotLoaded, with
    all keys that are known to be missing; every other trouble is a Refused result. It has to be
    caught even after `needs` came back empty if other commands were applied in between.
    """
    assert index > 0, "the log begins at 1"
    try:
        return _HANDLERS[type(command)](view, command)
    except NotLoaded as missing:
        raise NotLoaded(missing.keys | needs(view, command)) from None


def needs(view: View, command: c.AnyCommand) -> frozenset[Key]:
    """The rows to load before `apply`; empty when it can run.

    What one row names is known only once that row is there, so ask again after loading, at most
    four times.
    """
    for hop in READS[type(command)](view, command):
        missing = frozenset(key for key in hop if not view.is_loaded(key))
        if missing:
            return missing
    return frozenset()
