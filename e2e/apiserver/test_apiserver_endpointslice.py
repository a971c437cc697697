"""What a member may write into the EndpointSlice of its leader Service."""

from collections.abc import Iterator
from typing import Any

import pytest

from bitebyte_e2e.api_server import ApiServer, Refusal
from bitebyte_e2e.waiting import wait_until

SLICES = "/apis/discovery.k8s.io/v1/namespaces/default/endpointslices"
ROLES = "/apis/rbac.authorization.k8s.io/v1/namespaces/default"
MEMBER = "system:serviceaccount:default:led"

Manifest = dict[str, Any]


@pytest.fixture
def member_slice(api_server: ApiServer) -> Iterator[Manifest]:
    """As the operator makes it, with the Role that its pods have; led by nobody."""
    labels = {
        "app.kubernetes.io/name": "bitebyte",
        "app.kubernetes.io/instance": "led",
        "app.kubernetes.io/managed-by": "bitebyte-operator",
        "kubernetes.io/service-name": "led-leader",
    }
    rule = {
        "apiGroups": ["discovery.k8s.io"],
        "resources": ["endpointslices"],
        "resourceNames": ["led-leader"],
        "verbs": ["get", "update", "patch"],
    }
    role = {"metadata": {"name": "led"}, "rules": [rule]}
    api_server.call("POST", f"{ROLES}/roles", role)
    binding = {
        "metadata": {"name": "led"},
        "roleRef": {"apiGroup": "rbac.authorization.k8s.io", "kind": "Role", "name": "led"},
        "subjects": [{"kind": "ServiceAccount", "name": "led", "namespace": "default"}],
    }
    api_server.call("POST", f"{ROLES}/rolebindings", binding)
    made = {
        "metadata": {"name": "led-leader", "labels": labels},
        "addressType": "IPv4",
        "endpoints": [],
        "ports": [{"name": "http", "port": 8080}],
    }
    api_server.call("POST", SLICES, made)
    # Permissions and policies reach the API server's own caches a moment later.
    wait_until(
        lambda: _refusal(api_server, {"endpoints": _endpoints("10.0.0.1", "10.0.0.2")}),
        what="the policy is in force",
        timeout_s=30,
    )
    yield api_server.call("GET", f"{SLICES}/led-leader")
    api_server.call("DELETE", f"{SLICES}/led-leader")
    api_server.call("DELETE", f"{ROLES}/rolebindings/led")
    api_server.call("DELETE", f"{ROLES}/roles/led")


def _endpoints(*addresses: str, pod: str = "led-1") -> list[Manifest]:
    target = {"kind": "Pod", "name": pod, "namespace": "default"}
    return [{"addresses": [one], "targetRef": target} for one in addresses]


def _write(api_server: ApiServer, change: Manifest) -> Manifest:
    return api_server.call(
        "PATCH",
        f"{SLICES}/led-leader",
        change,
        user=MEMBER,
        content_type="application/merge-patch+json",
    )


def _refusal(api_server: ApiServer, change: Manifest) -> str:
    try:
        _write(api_server, change)
    except Refusal as error:
        return error.message if "ValidatingAdmissionPolicy" in error.message else ""
    return ""


def _led_in(term: int, address: str) -> Manifest:
    annotations = {"bitebyte.io/leader-term": str(term)}
    return {"metadata": {"annotations": annotations}, "endpoints": _endpoints(address)}


@pytest.mark.usefixtures("member_slice")
def test_a_leader_names_itself_and_steps_down(api_server: ApiServer) -> None:
    _write(api_server, _led_in(7, "10.0.0.1"))
    _write(api_server, _led_in(8, "10.0.0.2"))
    _write(api_server, {"endpoints": []})


@pytest.mark.usefixtures("member_slice")
def test_the_term_never_goes_back(api_server: ApiServer) -> None:
    _write(api_server, _led_in(8, "10.0.0.2"))

    assert "may not go back" in _refusal(api_server, _led_in(7, "10.0.0.1"))
    none_at_all = {"metadata": {"annotations": {"bitebyte.io/leader-term": None}}}
    assert "may not go back" in _refusal(api_server, none_at_all)


@pytest.mark.usefixtures("member_slice")
@pytest.mark.parametrize(
    ("change", "said"),
    [
        ({"endpoints": _endpoints("10.0.0.1", "10.0.0.2")}, "one leader with one address"),
        ({"endpoints": _endpoints("10.0.0.1", pod="other-0")}, "only its own pod"),
        ({"metadata": {"labels": {"kubernetes.io/service-name": "x"}}}, "labels nor ports"),
        ({"ports": [{"name": "http", "port": 22}]}, "labels nor ports"),
    ],
)
def test_a_member_cannot_send_clients_elsewhere(
    api_server: ApiServer, change: Manifest, said: str
) -> None:
    assert said in _refusal(api_server, change)


@pytest.mark.usefixtures("member_slice")
def test_a_member_may_touch_no_other_slice(api_server: ApiServer) -> None:
    for method, path in (("GET", SLICES), ("GET", f"{SLICES}/other"), ("DELETE", SLICES)):
        with pytest.raises(Refusal, match="403"):
            api_server.call(method, path, user=MEMBER)


@pytest.mark.usefixtures("member_slice")
def test_the_policy_does_not_concern_others(api_server: ApiServer) -> None:
    change = {"endpoints": _endpoints("10.0.0.1", "10.0.0.2")}
    api_server.call(
        "PATCH",
        f"{SLICES}/led-leader",
        change,
        content_type="application/merge-patch+json",
    )
