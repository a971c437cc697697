"""The addresses of the cluster's private network.

Machines hang on one bridge in a network namespace of its own; the host has one leg in it. There is
no default route anywhere, so that no packet leaves the host.
"""

NODES_MAX = 9
"""One digit, so that names sort and addresses stay readable."""

HOST_LINK = "bitebyte0"
HOST_ADDRESS = "10.90.0.1"
CONTROL_PLANE = "cp"
CONTROL_PLANE_ADDRESS = "10.90.0.2"
SERVICES = "10.92.0.0/16"
API_SERVICE_ADDRESS = "10.92.0.1"
DNS_ADDRESS = "10.92.0.10"
PODS = "10.91.0.0/16"


def node_names(count: int) -> list[str]:
    """`node1`, `node2`, ... The number is all that an address is made of."""
    return [f"node{number}" for number in range(1, count + 1)]


def address_of(machine: str) -> str:
    """Of `host`, `cp` or a node, on the bridge."""
    if machine == "host":
        return HOST_ADDRESS
    if machine == CONTROL_PLANE:
        return CONTROL_PLANE_ADDRESS
    return f"10.90.0.{10 + _number_of(machine)}"


def hardware_address_of(machine: str) -> str:
    """The same at every boot: neighbours remember it for half a minute."""
    return f"02:bb:00:00:00:{int(address_of(machine).rsplit('.', 1)[1]):02x}"


def pods_of(node: str) -> str:
    """The block that a node's pods have their addresses from."""
    return f"10.91.{_number_of(node)}.0/24"


def blocks_of(machine: str) -> list[str]:
    """Every address that a machine speaks from: its own and its pods'."""
    own = [address_of(machine)]
    return own if machine in {"host", CONTROL_PLANE} else [*own, pods_of(machine)]


def _number_of(node: str) -> int:
    number = int(node.removeprefix("node"))
    assert 1 <= number <= NODES_MAX, f"{node} has no place in the network"
    return number
