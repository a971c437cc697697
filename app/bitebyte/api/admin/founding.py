"""The order that begins a cluster: the only one that a node which nobody has added obeys."""

import asyncio
from collections.abc import Awaitable, Callable

from fastapi import APIRouter, Response

from bitebyte.api.admin.fields import TIMEOUT_S_DEFAULT, ClusterIdText, MemberIdText, TimeoutS
from bitebyte.api.admin.identity import identity_answer
from bitebyte.api.fields import RequestModel
from bitebyte.api.route import StrictRoute
from bitebyte.node.founding import FoundingOrder
from bitebyte.node.node import Node
from bitebyte.node.types import OutcomeUnknown

Found = Callable[[FoundingOrder], Awaitable[Node]]
"""Carries the order out and gives the member that has founded. Raises MembershipRefused or
NodeStopped."""


class BootstrapOrder(RequestModel):
    """The cluster, and the member that was seen waiting (`GET /admin/v1/identity`)."""

    cluster_id: ClusterIdText
    member_id: MemberIdText


def founding_router(found: Found) -> APIRouter:
    """The route, for a process that can carry the order out."""
    router = APIRouter(route_class=StrictRoute)

    @router.post("/bootstrap")
    async def bootstrap(body: BootstrapOrder, timeout_s: TimeoutS = TIMEOUT_S_DEFAULT) -> Response:
        """The joined, empty node becomes the only voter of a new cluster. Said again, it is done
        already."""
        order = FoundingOrder(int(body.cluster_id), int(body.member_id))
        try:
            async with asyncio.timeout(timeout_s):
                node = await found(order)
        except TimeoutError:
            raise OutcomeUnknown("the node has not come back in time") from None
        return identity_answer(node)

    return router
