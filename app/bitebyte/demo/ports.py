"""Looks whether the demo's ports are free, before anything is started."""

import errno
import socket
from collections.abc import Sequence

from bitebyte.demo.errors import PortTaken
from bitebyte.demo.plan import HOST, NodePlan


def check_ports(plans: Sequence[NodePlan]) -> None:
    """Raises PortTaken naming every port that cannot be listened on, and what to do."""
    wanted = [
        *((plan.http_port, plan.name, "HTTP") for plan in plans),
        *((plan.peer_port, plan.name, "peer link") for plan in plans),
        *((plan.admin_port, plan.name, "admin API") for plan in plans),
    ]
    problems = [
        f"port {port} ({purpose} of {name}) {reason}"
        for port, name, purpose in wanted
        if (reason := _why_not_free(port)) is not None
    ]
    if problems:
        raise PortTaken(
            f"{'; '.join(problems)}. Stop whatever uses it, or choose other ports: "
            f"bitebyte demo --http-port 18080 --peer-port 17080 --admin-port 19080"
        )


def _why_not_free(port: int) -> str | None:
    with socket.socket(socket.AF_INET, socket.SOCK_STREAM) as probe:
        # As the servers do: a connection that still lingers in TIME_WAIT takes no port.
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind((HOST, port))
            probe.listen(1)
        except OSError as error:
            if error.errno == errno.EADDRINUSE:
                return "is taken by another program"
            if error.errno == errno.EACCES:
                return "needs more rights than this user has"
            return f"cannot be used: {error.strerror}"
    return None
