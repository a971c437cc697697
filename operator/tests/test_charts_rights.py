"""What the chart lets the operator do is what the operator does: no less, and nothing to spare."""

from pathlib import Path
from typing import Any

import msgspec
import yaml

from bitebyte_operator.model import BarCluster, BarClusterSpec
from bitebyte_operator.resources import Surroundings, owned_kinds, owned_objects

RULES = Path(__file__).resolve().parents[2] / "charts/bitebyte-operator/templates/_rules.tpl"

KEEPING = {"get", "list", "watch", "create", "patch"}
"""Compare, be woken by a change, and apply, which creates too."""

MORE = {"Ingress": {"delete"}, "StatefulSet": {"delete"}, "EndpointSlice": {"update"}}
"""An Ingress may be no longer asked for, pods stop before their claims are deleted, and what the
members may do the operator has to hold."""
RESOURCE = {
    "ServiceAccount": ("", "serviceaccounts"),
    "Role": ("rbac.authorization.k8s.io", "roles"),
    "RoleBinding": ("rbac.authorization.k8s.io", "rolebindings"),
    "ConfigMap": ("", "configmaps"),
    "Service": ("", "services"),
    "EndpointSlice": ("discovery.k8s.io", "endpointslices"),
    "NetworkPolicy": ("networking.k8s.io", "networkpolicies"),
    "PodDisruptionBudget": ("policy", "poddisruptionbudgets"),
    "StatefulSet": ("apps", "statefulsets"),
    "Ingress": ("networking.k8s.io", "ingresses"),
}

Rights = dict[tuple[str, str], set[str]]


def rules() -> list[dict[str, Any]]:
    """The one definition in the file; there is nothing to fill in."""
    body = RULES.read_text().partition('{{- define "bitebyte-operator.rules" -}}')[2]
    return yaml.safe_load(body.replace("{{- end -}}", ""))


def rights() -> Rights:
    found: Rights = {}
    for rule in rules():
        assert set(rule) == {"apiGroups", "resources", "verbs"}
        for group in rule["apiGroups"]:
            for resource in rule["resources"]:
                assert (group, resource) not in found, f"{resource} is there twice"
                found[group, resource] = set(rule["verbs"])
    return found


def a_cluster() -> BarCluster:
    spec = {
        "image": "app:1",
        "postgres": {"image": "pg:1"},
        "storage": {"size": "1Gi"},
        "ingress": {"host": "bar.example.com"},
    }
    return BarCluster(
        name="bar",
        namespace="default",
        uid="1",
        resource_version="1",
        generation=1,
        spec=msgspec.convert(spec, BarClusterSpec),
    )


def test_every_kind_that_a_bar_consists_of_may_be_kept() -> None:
    for kind, _ in owned_kinds(a_cluster()):
        assert rights()[RESOURCE[kind]] == KEEPING | MORE.get(kind, set()), kind


def test_nothing_is_allowed_by_a_wildcard_and_nobody_is_made_mightier() -> None:
    text = yaml.safe_dump(rules())
    assert "*" not in text
    for verb in ("escalate", "bind", "impersonate", "deletecollection"):
        assert all(verb not in verbs for verbs in rights().values()), verb
    assert not [resource for _, resource in rights() if resource.startswith("pods/")]


def test_what_it_gives_to_pods_it_holds_itself() -> None:
    """Else the API server refuses the pods' Role: there is no `escalate`."""
    surroundings = Surroundings(operator_namespace="default")
    objects = owned_objects(a_cluster(), cluster_id="1", replicas=3, surroundings=surroundings)
    [role] = [item for item in objects if item["kind"] == "Role"]
    for rule in role["rules"]:
        assert rule["resourceNames"] == ["bar-leader"]
        for group in rule["apiGroups"]:
            for resource in rule["resources"]:
                assert rights()[group, resource] >= set(rule["verbs"])


def test_secrets_are_asked_for_by_name_and_never_listed() -> None:
    assert rights()["", "secrets"] == {"get", "create", "patch"}


def test_pods_are_never_written_and_bars_never_made_or_deleted() -> None:
    assert rights()["", "pods"] == {"list", "watch", "delete"}
    assert rights()["", "persistentvolumeclaims"] == {"list", "patch", "delete"}
    assert not rights()["bitebyte.io", "barclusters"] & {"create", "update", "delete"}


def test_there_is_no_right_beside_these() -> None:
    kept = {RESOURCE[kind] for kind, _ in owned_kinds(a_cluster())}
    assert set(rights()) - kept == {
        ("bitebyte.io", "barclusters"),
        ("bitebyte.io", "barclusters/status"),
        ("bitebyte.io", "barclusters/finalizers"),
        ("", "pods"),
        ("", "persistentvolumeclaims"),
        ("", "secrets"),
        ("events.k8s.io", "events"),
    }
