"""The order to found a cluster, on its way from the admin API to the process and back."""

import asyncio

from bitebyte.node.founding import FoundingOrder, is_founded
from bitebyte.node.node import Node
from bitebyte.node.types import NodeStopped, OutcomeUnknown


class Founding:
    """For one process. Its member must end for the order to be carried out, so whoever gave it
    waits for the next member here.

    `given` is set from the order until the next member answers.
    """

    def __init__(self) -> None:
        self.given = asyncio.Event()
        self._node: Node | None = None
        self._answered: asyncio.Future[Node] | None = None

    def present(self, node: Node) -> None:
        """A member runs: it answers whoever waits, and whoever asks from now on."""
        self._node = node
        self.given.clear()
        if self._answered is not None and not self._answered.done():
            self._answered.set_result(node)
        self._answered = None

    def end(self) -> None:
        """There will be no other member in this process."""
        self._node = None
        if self._answered is not None and not self._answered.done():
            self._answered.set_exception(OutcomeUnknown("the node ended meanwhile"))
        self._answered = None

    async def found(self, order: FoundingOrder) -> Node:
        """The member, as the only voter of its cluster. May be repeated, also at once.

        Raises MembershipRefused, NodeStopped, or OutcomeUnknown when the process ends meanwhile:
        whether it was carried out, the same order tells after the restart.
        """
        node = self._running()
        if is_founded(order, node.status(), node.conf_state):
            return node
        if self._answered is None:
            self._answered = asyncio.get_running_loop().create_future()
            self.given.set()
        node = await asyncio.shield(self._answered)
        if not is_founded(order, node.status(), node.conf_state):
            raise AssertionError("an empty member that was told to found has not founded")
        return node

    def _running(self) -> Node:
        if self._node is None:
            raise NodeStopped("the node is stopping")
        return self._node
