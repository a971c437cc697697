"""All use cases of one node, put together."""

from dataclasses import dataclass

from bitebyte.node.node import Node
from bitebyte.repository.queries import Queries
from bitebyte.service.accounts import Accounts
from bitebyte.service.alerts import Alerts
from bitebyte.service.bars import Bars
from bitebyte.service.clock import Clock
from bitebyte.service.cluster import Cluster
from bitebyte.service.events import Events
from bitebyte.service.ids import IdSource
from bitebyte.service.inventory import Inventory
from bitebyte.service.menu import Menus
from bitebyte.service.menu_imports import MenuImports
from bitebyte.service.ordering import Ordering
from bitebyte.service.passwords import Passwords
from bitebyte.service.products import Products
from bitebyte.service.proposing import Proposer
from bitebyte.service.reading import Reader
from bitebyte.service.sessions import Sessions
from bitebyte.service.throttle import SignInThrottle
from bitebyte.service.tokens import TokenSource


@dataclass(frozen=True)
class Services:
    """The use cases, by what they are about."""

    accounts: Accounts
    alerts: Alerts
    bars: Bars
    cluster: Cluster
    events: Events
    inventory: Inventory
    menu_imports: MenuImports
    menus: Menus
    ordering: Ordering
    products: Products
    sessions: Sessions


def build_services(
    *, node: Node, queries: Queries, clock: Clock, ids: IdSource, new_token: TokenSource
) -> Services:
    """The use cases over a running node."""
    reader = Reader(node)
    proposer = Proposer(node)
    passwords = Passwords()
    bars = Bars(node=node, reader=reader, proposer=proposer, queries=queries, clock=clock, ids=ids)
    return Services(
        accounts=Accounts(
            reader=reader,
            proposer=proposer,
            queries=queries,
            passwords=passwords,
            clock=clock,
            ids=ids,
        ),
        alerts=Alerts(
            bars=bars, reader=reader, proposer=proposer, queries=queries, clock=clock, ids=ids
        ),
        bars=bars,
        cluster=Cluster(node),
        events=Events(node=node, reader=reader, bars=bars, clock=clock),
        inventory=Inventory(
            bars=bars, reader=reader, proposer=proposer, queries=queries, clock=clock, ids=ids
        ),
        menu_imports=MenuImports(
            bars=bars, reader=reader, proposer=proposer, queries=queries, clock=clock, ids=ids
        ),
        menus=Menus(bars=bars, reader=reader, queries=queries),
        ordering=Ordering(
            bars=bars, reader=reader, proposer=proposer, queries=queries, clock=clock, ids=ids
        ),
        products=Products(
            bars=bars, reader=reader, proposer=proposer, queries=queries, clock=clock, ids=ids
        ),
        sessions=Sessions(
            node=node,
            reader=reader,
            proposer=proposer,
            passwords=passwords,
            throttle=SignInThrottle(),
            clock=clock,
            ids=ids,
            new_token=new_token,
        ),
    )
