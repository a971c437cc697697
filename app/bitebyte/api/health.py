"""Whether this node lives, and whether it should get requests. Not part of the API."""

from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from bitebyte.node.node import Node
from bitebyte.raft.types import ConfState


def health_routes(node: Node, *, prefix: str = "") -> list[Route]:
    """`/livez` and `/readyz`, below `prefix`."""

    async def live(request: Request) -> Response:
        # Nothing is asked, neither peers nor database: a restart heals neither, and a probe
        # that fails everywhere at once restarts everything at once.
        del request
        return JSONResponse({"status": "live"})

    async def ready(request: Request) -> Response:
        del request
        if node.is_caught_up:
            return JSONResponse({"status": "ready", "reasons": []})
        return JSONResponse({"status": "not_ready", "reasons": _reasons(node)}, 503)

    return [
        Route(f"{prefix}/livez", live, methods=["GET"]),
        Route(f"{prefix}/readyz", ready, methods=["GET"]),
    ]


def _reasons(node: Node) -> list[str]:
    status = node.status()
    if node.is_leaving:
        return ["stopping"]
    if status.is_removed:
        return ["removed from the cluster"]
    if node.conf_state == ConfState(voters=()):
        return ["waiting to be added to the cluster"]
    reasons = list[str]()
    if not status.leader_id:
        reasons.append("no leader is known")
    elif status.leader_contact_age_s > 1.0:
        reasons.append(f"out of touch with the leader for {status.leader_contact_age_s:.1f} s")
    lag = node.lag_entries
    if lag is None:
        reasons.append("the leader has not said yet how far it is")
    elif lag > 0:
        reasons.append(f"{lag} entries behind")
    return reasons or ["catching up"]
