"""What is kept of a cluster when a test fails: enough to understand it later."""

import json
from pathlib import Path

import httpx

from bitebyte_cluster.commands import ClusterError, run
from bitebyte_k8s.api import Api, Json, Refused

_KINDS = (
    "BarCluster",
    "StatefulSet",
    "Pod",
    "EndpointSlice",
    "Service",
    "PersistentVolumeClaim",
    "NetworkPolicy",
    "Ingress",
    "Lease",
)


def keep(api: Api, kubectl: Path, kubeconfig: Path, folder: Path, namespaces: list[str]) -> None:
    """Objects, events, `kubectl describe` and logs of these namespaces, one file each. What cannot
    be had is left out: this runs when things are broken."""
    folder.mkdir(parents=True, exist_ok=True)
    for namespace in namespaces:
        try:
            _keep_objects(api, folder, namespace)
            _keep_logs(api, folder, namespace)
        except (Refused, httpx.HTTPError) as problem:
            (folder / f"{namespace}.missing.txt").write_text(repr(problem))
        what = "barclusters,statefulsets,pods,events"
        for verb in (("get", what, "-o", "wide"), ("describe", "barclusters,pods")):
            try:
                said = run(
                    *(kubectl, f"--kubeconfig={kubeconfig}", "--request-timeout=10s"),
                    *("-n", namespace, *verb),
                    timeout_s=30,
                )
            except ClusterError as problem:
                said = str(problem)
            (folder / f"{namespace}.{verb[0]}.txt").write_text(said)


def _keep_objects(api: Api, folder: Path, namespace: str) -> None:
    for kind in _KINDS:
        things = api.list(kind, namespace)
        for thing in things:
            thing["metadata"].pop("managedFields", None)
        (folder / f"{namespace}.{kind}.json").write_text(json.dumps(things, indent=1))
    events = sorted(api.list("Event", namespace), key=lambda event: _when(event))
    lines = [
        f"{_when(event)} {event.get('regarding', {}).get('name')} {event.get('type')}"
        f" {event.get('reason')}: {event.get('note')}"
        for event in events
    ]
    (folder / f"{namespace}.events.txt").write_text("\n".join(lines))


def _when(event: Json) -> str:
    return str(event.get("eventTime") or event.get("deprecatedLastTimestamp") or "")


def _keep_logs(api: Api, folder: Path, namespace: str) -> None:
    for pod in api.list("Pod", namespace):
        name, spec = pod["metadata"]["name"], pod["spec"]
        for container in spec.get("initContainers", []) + spec["containers"]:
            for previous in (False, True):
                text = api.logs(name, namespace, container["name"], previous=previous)
                if previous and "previous terminated container" in text:
                    continue
                suffix = ".before.log" if previous else ".log"
                path = folder / f"{namespace}.{name}.{container['name']}{suffix}"
                path.write_text(text)
