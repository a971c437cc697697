"""Who may talk to the pods, and to whom they may talk. Everything else is closed, both ways."""

from typing import Final

from bitebyte_operator.model import NetworkPolicySpec
from bitebyte_operator.resources.naming import (
    ADMIN_PORT,
    HTTP_PORT,
    OPERATOR_APP,
    PEER_PORT,
    Manifest,
    Naming,
)

DNS_PORT: Final = 53
API_SERVER_PORTS: Final = (443, 6443)
"""The API server is no pod and its address is not known here; these are its ports on nearly every
Kubernetes, before and after the Service's address is translated."""


def build_network_policy(
    naming: Naming, policy: NetworkPolicySpec, *, operator_namespace: str
) -> Manifest:
    """Selects the pods for both directions, so what is not listed is denied.

    In: peers from each other, the admin API from the operator, HTTP from everywhere or from the
    namespaces told. Out: peers, DNS, the API server (the leader writes its EndpointSlice).
    """
    own_pods = {"podSelector": {"matchLabels": naming.selector}}
    operator = {
        "namespaceSelector": {"matchLabels": {"kubernetes.io/metadata.name": operator_namespace}},
        "podSelector": {"matchLabels": {"app.kubernetes.io/name": OPERATOR_APP}},
    }
    http: Manifest = {"ports": [_tcp(HTTP_PORT)]}
    if policy.http_from:
        http["from"] = [{"namespaceSelector": {"matchLabels": dict(policy.http_from)}}]
    return {
        "apiVersion": "networking.k8s.io/v1",
        "kind": "NetworkPolicy",
        "metadata": naming.metadata(naming.name, "node"),
        "spec": {
            "podSelector": {"matchLabels": naming.selector},
            "policyTypes": ["Ingress", "Egress"],
            "ingress": [
                {"from": [own_pods], "ports": [_tcp(PEER_PORT)]},
                {"from": [operator], "ports": [_tcp(ADMIN_PORT)]},
                http,
            ],
            "egress": [
                {"to": [own_pods], "ports": [_tcp(PEER_PORT)]},
                {"ports": [{"protocol": "UDP", "port": DNS_PORT}, _tcp(DNS_PORT)]},
                {"ports": [_tcp(port) for port in API_SERVER_PORTS]},
            ],
        },
    }


def _tcp(port: int) -> Manifest:
    return {"protocol": "TCP", "port": port}
