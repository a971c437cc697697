"""What controllers and kubelets would do with a StatefulSet of ours, against a real API server.

Pods are made, become ready and go; their volumes stay; revisions follow the template. The nodes in
the pods are played by `played_bar`.
"""

import base64
import contextlib
import hashlib
import json
import tempfile
import threading
import time
from collections.abc import Generator
from pathlib import Path
from typing import Any

from bitebyte_e2e.api_server import ApiServer, Refusal
from bitebyte_e2e.played_bar import AdminServer, PlayedBar, PlayedNode

ROUND_S = 0.2
ADMIN_PORT = 9080

Manifest = dict[str, Any]


class PlayedMachines:
    """Looks after the pods of one BarCluster, in a thread of its own."""

    def __init__(self, api: ApiServer, namespace: str, name: str, *, network: int) -> None:
        self._api = api
        self._core = f"/api/v1/namespaces/{namespace}"
        self._sets = f"/apis/apps/v1/namespaces/{namespace}/statefulsets"
        self._name = name
        self._network = network
        """The pods' addresses are 127.1.NETWORK.1 and on: loopback, and each its own."""
        self._servers: dict[str, AdminServer] = {}
        self._folder = tempfile.TemporaryDirectory()
        self.bar = PlayedBar()
        self.failing_images: set[str] = set()
        """Pods with one of these never run."""
        self.failures: list[Exception] = []

    @contextlib.contextmanager
    def at_work(self) -> Generator["PlayedMachines"]:
        """For the length of the context. What went wrong is raised at its end."""
        stop = threading.Event()

        def work() -> None:
            while not stop.wait(ROUND_S):
                try:
                    self.round()
                except Refusal as error:
                    if error.status not in (404, 409):
                        self.failures.append(error)
                except Exception as error:  # noqa: BLE001  the test's own thread raises it
                    self.failures.append(error)

        thread = threading.Thread(target=work, daemon=True)
        thread.start()
        try:
            yield self
        finally:
            stop.set()
            thread.join()
            for server in self._servers.values():
                server.close()
            self._folder.cleanup()
        self.raise_failure()

    def raise_failure(self) -> None:
        """Raises what went wrong with the playing itself."""
        if self.failures:
            raise self.failures[0]

    def pods(self) -> list[Manifest]:
        """All pods, in the order of their names."""
        selector = f"app.kubernetes.io/instance={self._name}"
        found = self._api.call("GET", f"{self._core}/pods", labelSelector=selector)["items"]
        return sorted(found, key=lambda pod: pod["metadata"]["name"])

    def round(self) -> None:
        """Once what controllers and kubelets do all the time."""
        self._let_claims_go()
        stateful_set = self._api.find(f"{self._sets}/{self._name}")
        for pod in self.pods():
            if "deletionTimestamp" in pod["metadata"]:
                self._end(pod)
        if stateful_set is None:
            for pod in self.pods():  # what the garbage collector would do
                self._end(pod)
            return
        wanted = {
            f"{self._name}-{ordinal}": ordinal
            for ordinal in range(stateful_set["spec"]["replicas"])
        }
        there = {pod["metadata"]["name"]: pod for pod in self.pods()}
        for name, ordinal in wanted.items():
            if name not in there:
                self._begin(stateful_set, name, ordinal)
            elif "podIP" not in there[name].get("status", {}):
                self._run(stateful_set, there[name])
        for name, pod in there.items():
            if name not in wanted:
                self._api.call("DELETE", f"{self._core}/pods/{name}")
                self._end(pod)
        self._tell(stateful_set)

    def _let_claims_go(self) -> None:
        """A claim that is being deleted is held until no pod uses it."""
        selector = f"app.kubernetes.io/instance={self._name}"
        path = f"{self._core}/persistentvolumeclaims"
        in_use = {f"data-{pod['metadata']['name']}" for pod in self.pods()}
        for claim in self._api.call("GET", path, labelSelector=selector)["items"]:
            metadata = claim["metadata"]
            if "deletionTimestamp" in metadata and metadata["name"] not in in_use:
                with self.bar.lock:
                    self.bar.nodes.pop(metadata["name"].removeprefix("data-"), None)
                self._patch(f"{path}/{metadata['name']}", {"metadata": {"finalizers": None}})

    # StatefulSet controller ---------------------------------------------------------------------

    def _begin(self, stateful_set: Manifest, name: str, ordinal: int) -> None:
        spec = stateful_set["spec"]
        (template,) = spec["volumeClaimTemplates"]
        claim = f"data-{name}"
        if self._api.find(f"{self._core}/persistentvolumeclaims/{claim}") is None:
            metadata = {**template["metadata"], "name": claim}
            body = {"metadata": metadata, "spec": template["spec"]}
            self._api.call("POST", f"{self._core}/persistentvolumeclaims", body)
        labels = {
            **spec["template"]["metadata"]["labels"],
            "controller-revision-hash": _revision(stateful_set),
        }
        owner = {
            "apiVersion": "apps/v1",
            "kind": "StatefulSet",
            "name": self._name,
            "uid": stateful_set["metadata"]["uid"],
            "controller": True,
        }
        volume = {"name": "data", "persistentVolumeClaim": {"claimName": claim}}
        pod_spec = {**spec["template"]["spec"], "nodeName": f"machine-{ordinal}"}
        pod_spec["volumes"] = [*pod_spec["volumes"], volume]
        metadata = {"name": name, "labels": labels, "ownerReferences": [owner]}
        self._api.call("POST", f"{self._core}/pods", {"metadata": metadata, "spec": pod_spec})

    def _tell(self, stateful_set: Manifest) -> None:
        pods = self.pods()
        revision = _revision(stateful_set)
        outdated = {one["metadata"]["labels"]["controller-revision-hash"] for one in pods}
        outdated -= {revision}
        status = {
            "observedGeneration": stateful_set["metadata"]["generation"],
            "replicas": len(pods),
            "readyReplicas": len(self._servers),
            "currentRevision": min(outdated, default=revision),
            "updateRevision": revision,
        }
        known = stateful_set.get("status", {})
        if any(known.get(key) != value for key, value in status.items() if value):
            change = {"status": status}
            self._patch(f"{self._sets}/{self._name}/status", change)

    # Kubelet ------------------------------------------------------------------------------------

    def _run(self, stateful_set: Manifest, pod: Manifest) -> None:
        name = pod["metadata"]["name"]
        containers = {one["name"]: one for one in pod["spec"]["containers"]}
        node = containers["node"]
        if node["image"] in self.failing_images:
            waiting = {"waiting": {"reason": "ImagePullBackOff", "message": "no such image"}}
            self._set_status(name, {"containerStatuses": [_container("node", node, waiting)]})
            return
        environment = {one["name"]: one.get("value", "") for one in node["env"]}
        with self.bar.lock:
            played = self.bar.nodes.get(name)
            if played is None or played.member_id in self.bar.removed:
                # An empty volume, or one of a removed member: in both cases a new member.
                played = PlayedNode(
                    name,
                    environment["BITEBYTE_CLUSTER_ID"],
                    environment["BITEBYTE_PEER_ADVERTISE"].replace("$(BITEBYTE_NAME)", name),
                )
                self.bar.nodes[name] = played
            played.is_up = True
        ordinal = int(name.rpartition("-")[2])
        address = f"127.1.{self._network}.{ordinal + 1}"
        if name not in self._servers:
            tls_dir = self._tls_dir(stateful_set, pod)
            self._servers[name] = AdminServer(self.bar, name, (address, ADMIN_PORT), tls_dir)
        now = time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime())
        running = {"running": {"startedAt": now}}
        self._set_status(
            name,
            {
                "phase": "Running",
                "podIP": address,
                "podIPs": [{"ip": address}],
                "conditions": [{"type": "Ready", "status": "True", "lastTransitionTime": now}],
                "containerStatuses": [_container("node", node, running)],
            },
        )

    def _end(self, pod: Manifest) -> None:
        name = pod["metadata"]["name"]
        server = self._servers.pop(name, None)
        if server is not None:
            server.close()
        with self.bar.lock:
            if name in self.bar.nodes:
                self.bar.nodes[name].is_up = False
        self._api.call(
            "DELETE",
            f"{self._core}/pods/{name}",
            {"apiVersion": "v1", "kind": "DeleteOptions", "gracePeriodSeconds": 0},
        )

    def _tls_dir(self, stateful_set: Manifest, pod: Manifest) -> Path:
        """The files of the Secret that is mounted for the admin API."""
        del stateful_set
        volumes = {one["name"]: one for one in pod["spec"]["volumes"]}
        secret_name = volumes["admin-tls"]["secret"]["secretName"]
        secret = self._api.call("GET", f"{self._core}/secrets/{secret_name}")
        folder = Path(self._folder.name) / pod["metadata"]["uid"]
        folder.mkdir(exist_ok=True)
        for file, text in secret["data"].items():
            (folder / file).write_bytes(base64.b64decode(text))
        return folder

    def _set_status(self, name: str, status: Manifest) -> None:
        found = self._api.call("GET", f"{self._core}/pods/{name}")
        if found.get("status", {}).get("containerStatuses") != status["containerStatuses"]:
            self._patch(f"{self._core}/pods/{name}/status", {"status": status})

    def _patch(self, path: str, change: Manifest) -> None:
        self._api.call("PATCH", path, change, content_type="application/merge-patch+json")


def _revision(stateful_set: Manifest) -> str:
    template = json.dumps(stateful_set["spec"]["template"], sort_keys=True)
    name = stateful_set["metadata"]["name"]
    return f"{name}-{hashlib.sha256(template.encode()).hexdigest()[:10]}"


def _container(name: str, spec: Manifest, state: Manifest) -> Manifest:
    is_running = "running" in state
    return {
        "name": name,
        "image": spec["image"],
        "imageID": "",
        "ready": is_running,
        "restartCount": 0,
        "state": state,
    }
