"""Commands on their way to the log."""

from typing import Final

from bitebyte.domain.commands import AnyCommand
from bitebyte.domain.results import Accepted, Refused
from bitebyte.node.node import Node
from bitebyte.service.errors import Denied
from bitebyte.service.reading import At

PROPOSE_TIMEOUT_S: Final = 5.0
"""Several elections at the default timeouts; after it the outcome is told as unknown."""


class Proposer:
    """Has commands replicated and applied."""

    def __init__(self, node: Node) -> None:
        self._node = node

    async def propose(self, command: AnyCommand) -> At[Accepted]:
        """What the accepted command did, and where in the log.

        Raises Denied if the domain refused it; NoLeader, Overloaded, NodeStopped (nothing was
        written) or OutcomeUnknown.
        """
        proposed = await self._node.propose(command, timeout_s=PROPOSE_TIMEOUT_S)
        if isinstance(proposed.result, Refused):
            raise Denied.from_refused(proposed.result, proposed.index)
        return At(proposed.result, proposed.index)
