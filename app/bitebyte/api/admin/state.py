"""What the routes work on."""

from dataclasses import dataclass
from typing import Annotated

from fastapi import Depends, Request

from bitebyte.node.node import Node


@dataclass(frozen=True)
class AdminState:
    """The node that answers."""

    node: Node


def admin_state(request: Request) -> AdminState:
    """Set once, when the application is made."""
    return request.app.state.admin


WithAdmin = Annotated[AdminState, Depends(admin_state)]
