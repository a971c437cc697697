"""What the API server accepts as a BarCluster, and what it says about the rest."""

from collections.abc import Iterator
from typing import Any

import pytest

from bitebyte_e2e.api_server import ApiServer, Refusal

BARCLUSTERS = "/apis/bitebyte.io/v1alpha1/namespaces/default/barclusters"

Manifest = dict[str, Any]


def bar_cluster(name: str = "bar", **spec: Any) -> Manifest:
    return {
        "apiVersion": "bitebyte.io/v1alpha1",
        "kind": "BarCluster",
        "metadata": {"name": name, "namespace": "default"},
        "spec": {
            "image": "example.com/bitebyte-app:1",
            "postgres": {"image": "example.com/bitebyte-postgres:1"},
            "storage": {"size": "10Gi"},
            **spec,
        },
    }


def create(api_server: ApiServer, manifest: Manifest) -> Manifest:
    """Only tried: nothing is stored."""
    return api_server.call("POST", BARCLUSTERS, manifest, dryRun="All", fieldValidation="Strict")


def test_what_is_left_out_is_defaulted(api_server: ApiServer) -> None:
    spec = create(api_server, bar_cluster())["spec"]

    assert spec["replicas"] == 3
    assert spec["deletionPolicy"] == "Retain"
    assert spec["paused"] is False
    assert spec["imagePullPolicy"] == "IfNotPresent"
    assert spec["progressDeadlineSeconds"] == 600
    assert spec["update"] == {"minReadySeconds": 5}
    assert spec["raft"] == {"logEntriesKept": 10000}
    assert spec["networkPolicy"] == {}


def test_everything_that_the_schema_offers_is_accepted(api_server: ApiServer) -> None:
    resources = {"requests": {"cpu": 1, "memory": "1Gi"}, "limits": {"memory": "2Gi"}}
    create(
        api_server,
        bar_cluster(
            replicas=5,
            imagePullPolicy="Always",
            imagePullSecrets=[{"name": "registry"}],
            postgres={"image": "example.com/postgres:1", "resources": resources},
            storage={"size": "10Gi", "storageClassName": "fast"},
            resources=resources,
            nodeSelector={"disk": "fast"},
            tolerations=[{"key": "bar", "operator": "Exists", "effect": "NoSchedule"}],
            topologySpreadConstraints=[{"topologyKey": "topology.kubernetes.io/zone"}],
            priorityClassName="important",
            update={"minReadySeconds": 30},
            raft={"logEntriesKept": 5000},
            ingress={
                "className": "nginx",
                "host": "bar.example.com",
                "tlsSecretName": "bar-tls",
                "backend": "Read",
                "annotations": {"example.com/a": "b"},
            },
            networkPolicy={"httpFrom": {"kubernetes.io/metadata.name": "ingress"}},
            paused=True,
            deletionPolicy="Delete",
            progressDeadlineSeconds=60,
        ),
    )


@pytest.mark.parametrize("replicas", [1, 3, 5, 7])
def test_an_odd_number_of_members_is_accepted(api_server: ApiServer, replicas: int) -> None:
    create(api_server, bar_cluster(replicas=replicas))


REFUSED: list[tuple[str, Manifest, tuple[str, ...]]] = [
    ("two members", bar_cluster(replicas=2), ("spec.replicas must be 1, 3, 5 or 7",)),
    ("no members", bar_cluster(replicas=0), ("spec.replicas must be 1, 3, 5 or 7",)),
    ("nine members", bar_cluster(replicas=9), ("spec.replicas must be 1, 3, 5 or 7",)),
    ("an unknown field", bar_cluster(replica=3), ("spec.replica",)),
    ("an image with a space", bar_cluster(image="a b"), ("spec.image",)),
    ("a policy that is none", bar_cluster(deletionPolicy="Keep"), ('"Retain", "Delete"',)),
    ("a size that is none", bar_cluster(storage={"size": "big"}), ("spec.storage.size",)),
    ("a size of nothing", bar_cluster(storage={"size": "0Gi"}), ("spec.storage.size",)),
    (
        "a host with a scheme",
        bar_cluster(ingress={"host": "https://bar.example.com"}),
        ("spec.ingress.host must be a DNS name in lower case, such as bar.example.com",),
    ),
    (
        "a host with a path",
        bar_cluster(ingress={"host": "bar.example.com/menu"}),
        ("without scheme, port or path",),
    ),
    (
        "a host in capitals",
        bar_cluster(ingress={"host": "Bar.example.com"}),
        ("spec.ingress.host must be a DNS name in lower case",),
    ),
    (
        "a long name",
        bar_cluster("b" * 41),
        ("metadata.name must have at most 40 characters",),
    ),
    ("a name with a dot", bar_cluster("bar.one"), ("metadata.name must begin with a letter",)),
    ("a name with a digit first", bar_cluster("1bar"), ("metadata.name must begin with a letter",)),
    (
        "a resource that is no quantity",
        bar_cluster(resources={"limits": {"memory": "much"}}),
        ("spec.resources.limits.memory",),
    ),
]


@pytest.mark.parametrize(
    ("manifest", "said"), [one[1:] for one in REFUSED], ids=[one[0] for one in REFUSED]
)
def test_the_refusal_names_the_field_and_what_is_allowed(
    api_server: ApiServer, manifest: Manifest, said: tuple[str, ...]
) -> None:
    with pytest.raises(Refusal) as refused:
        create(api_server, manifest)

    for words in said:
        assert words in refused.value.message


@pytest.fixture
def stored(api_server: ApiServer) -> Iterator[Manifest]:
    """A BarCluster of a name of its own, with a status; gone after the test."""
    made = api_server.call("POST", BARCLUSTERS, bar_cluster("stored"))
    yield made
    api_server.call("DELETE", f"{BARCLUSTERS}/stored")


@pytest.mark.parametrize(
    ("storage", "said"),
    [
        ({"size": "5Gi"}, "spec.storage.size cannot be changed after creation: volumes never"),
        ({"size": "20Gi"}, "this version does not grow them"),
        (
            {"size": "10Gi", "storageClassName": "fast"},
            "spec.storage.storageClassName cannot be changed after creation",
        ),
    ],
)
def test_the_volumes_stay_as_they_were_made(
    api_server: ApiServer, stored: Manifest, storage: Manifest, said: str
) -> None:
    stored["spec"]["storage"] = storage

    with pytest.raises(Refusal) as refused:
        api_server.call("PUT", f"{BARCLUSTERS}/stored", stored, dryRun="All")

    assert said in refused.value.message


def written_status(api_server: ApiServer, status: Manifest) -> Manifest:
    return api_server.apply(
        f"{BARCLUSTERS}/stored/status",
        {
            "apiVersion": "bitebyte.io/v1alpha1",
            "kind": "BarCluster",
            "metadata": {"name": "stored"},
            "status": status,
        },
    )


def condition(condition_type: str, status: str) -> Manifest:
    return {
        "type": condition_type,
        "status": status,
        "reason": "Tested",
        "message": "",
        "lastTransitionTime": "2026-01-02T03:04:05Z",
        "observedGeneration": 1,
    }


def test_a_cluster_begins_once(api_server: ApiServer, stored: Manifest) -> None:
    """Its identity, the order that began it and the note that it has begun stay for ever, whoever
    writes the status."""
    begun = {
        "clusterID": "1234567890123456789",
        "bootstrap": {"memberID": "77"},
        "conditions": [condition("Initialized", "True"), condition("Ready", "False")],
    }
    written_status(api_server, begun)

    for otherwise, said in (
        ({"clusterID": "5"}, "status.clusterID never changes"),
        ({"clusterID": None}, "status.clusterID never changes"),
        ({"bootstrap": {"memberID": "78"}}, "status.bootstrap.memberID never changes"),
        ({"bootstrap": None}, "status.bootstrap.memberID never changes"),
        (
            {"conditions": [condition("Initialized", "False")]},
            "the condition Initialized stays True",
        ),
    ):
        changed = {key: value for key, value in {**begun, **otherwise}.items() if value is not None}
        with pytest.raises(Refusal) as refused:
            written_status(api_server, changed)
        assert said in refused.value.message

    written_status(
        api_server,
        {**begun, "conditions": [condition("Initialized", "True"), condition("Ready", "True")]},
    )


def test_kubectl_scale_works_on_it(api_server: ApiServer, stored: Manifest) -> None:
    written_status(api_server, {"replicas": 3, "selector": "app.kubernetes.io/instance=stored"})

    scale = api_server.call("GET", f"{BARCLUSTERS}/stored/scale")
    assert scale["spec"]["replicas"] == 3
    assert scale["status"] == {"replicas": 3, "selector": "app.kubernetes.io/instance=stored"}

    scale["spec"]["replicas"] = 4
    with pytest.raises(Refusal, match=r"spec\.replicas must be 1, 3, 5 or 7"):
        api_server.call("PUT", f"{BARCLUSTERS}/stored/scale", scale)
    scale["spec"]["replicas"] = 5
    api_server.call("PUT", f"{BARCLUSTERS}/stored/scale", scale)
    assert api_server.call("GET", f"{BARCLUSTERS}/stored")["spec"]["replicas"] == 5


def test_the_table_of_kubectl_get_shows_what_matters(
    api_server: ApiServer, stored: Manifest
) -> None:
    written_status(
        api_server,
        {
            "readyReplicas": 2,
            "leader": {"name": "stored-1", "memberID": "7", "term": 4},
            "version": "0.1.0",
            "faultTolerance": 1,
            "conditions": [condition("Ready", "True")],
        },
    )

    answer = api_server.client().get(
        BARCLUSTERS,
        headers={"Accept": "application/json;as=Table;v=v1;g=meta.k8s.io"},
    )
    table = answer.json()
    columns = [column["name"] for column in table["columnDefinitions"] if not column["priority"]]
    assert columns == [
        "Name", "Desired", "Ready", "Leader", "Version", "Tolerates", "Status", "Age",
    ]  # fmt: skip
    row = next(row for row in table["rows"] if row["cells"][0] == "stored")
    assert row["cells"][1:7] == [3, 2, "stored-1", "0.1.0", 1, "Tested"]


def test_every_field_is_explained(api_server: ApiServer) -> None:
    """`kubectl explain barcluster.spec --recursive` is the reference."""
    definition = api_server.call(
        "GET", "/apis/apiextensions.k8s.io/v1/customresourcedefinitions/barclusters.bitebyte.io"
    )
    schema = definition["spec"]["versions"][0]["schema"]["openAPIV3Schema"]
    unexplained = [path for path in _without_description(schema, "") if path != ".metadata"]
    assert not unexplained


def _without_description(schema: Manifest, path: str) -> list[str]:
    found = [] if schema.get("description") or not path else [path]
    for name, inner in schema.get("properties", {}).items():
        found += _without_description(inner, f"{path}.{name}")
    if isinstance(schema.get("items"), dict):
        found += _without_description(schema["items"], f"{path}[]")
    return found
