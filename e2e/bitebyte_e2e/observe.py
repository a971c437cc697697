"""Reading what each node holds, from that node alone, through the API."""

from bitebyte_e2e.bar import Bar
from bitebyte_e2e.checks import NodeState, Stock
from bitebyte_e2e.client import Client
from bitebyte_e2e.cluster import Cluster


def node_state(name: str, url: str, bar: Bar, *, token: str, at_least: int) -> NodeState:
    """Orders and stock of the bar as the node's own database has them.

    A session read with `BiteByte-Min-Index` is answered by the node that was asked, from its
    own rows, no earlier than `at_least`. `token` is of the bar's merchant.
    """
    with Client(url, token=token) as client:
        client.min_index = at_least
        orders = list(client.every(f"/bars/{bar.id}/orders", consistency="session"))
        ingredients = list(client.every(f"/bars/{bar.id}/ingredients", consistency="session"))
    stock = {
        ingredient["id"]: Stock(
            on_hand=ingredient["stock"]["on_hand"]["base"],
            reserved=ingredient["stock"]["reserved"]["base"],
            available=ingredient["stock"]["available"]["base"],
        )
        for ingredient in ingredients
        if ingredient["tracking"] == "exact"
    }
    return NodeState(name, orders, stock)


def node_states(cluster: Cluster, bar: Bar, *, token: str, at_least: int) -> list[NodeState]:
    """`node_state` of every node, in name order."""
    return [
        node_state(name, url, bar, token=token, at_least=at_least)
        for name, url in sorted(cluster.urls.items())
    ]
