"""Events for `kubectl describe`. Lost when the API server has no time for them: the status says the
same."""

import hashlib
from collections import OrderedDict
from collections.abc import Callable
from typing import Final

import structlog

from bitebyte_operator.kube import Kube, KubeAlreadyExists, KubeError
from bitebyte_operator.model import BarCluster, Event
from bitebyte_operator.resources.naming import FIELD_MANAGER, Manifest
from bitebyte_operator.timestamps import to_micro_text

log = structlog.get_logger()

REPEATED_AFTER_S: Final = 600.0
"""The same sentence about the same cluster is not said again before that, also by the next
operator: its name follows from what it says and when."""
REMEMBERED_MAX: Final = 1000
NOTE_LENGTH_MAX: Final = 1024
"""What the API server takes."""


class EventPoster:
    """Posts events in the name of the operator."""

    def __init__(self, kube: Kube, *, instance: str, now_s: Callable[[], float]) -> None:
        self._kube = kube
        self._instance = instance
        self._now_s = now_s
        self._posted: OrderedDict[str, None] = OrderedDict()

    async def post(self, cluster: BarCluster, event: Event) -> None:
        """Never raises KubeError."""
        manifest = self._manifest(cluster, event)
        name = manifest["metadata"]["name"]
        if name in self._posted:
            return
        self._posted[name] = None
        if len(self._posted) > REMEMBERED_MAX:
            self._posted.popitem(last=False)
        try:
            await self._kube.create(manifest)
        except KubeAlreadyExists:
            return
        except KubeError as error:
            log.warning("event.lost", reason=event.reason, error=str(error))

    def _manifest(self, cluster: BarCluster, event: Event) -> Manifest:
        now_s = self._now_s()
        window = int(now_s // REPEATED_AFTER_S)
        said = f"{cluster.uid} {event.reason} {event.message} {window}"
        digest = hashlib.sha256(said.encode()).hexdigest()[:16]
        return {
            "apiVersion": "events.k8s.io/v1",
            "kind": "Event",
            "metadata": {"name": f"{cluster.name}.{digest}", "namespace": cluster.namespace},
            "eventTime": to_micro_text(now_s),
            "type": event.type,
            "reason": event.reason,
            "action": "Reconcile",
            "note": event.message[:NOTE_LENGTH_MAX],
            "reportingController": f"bitebyte.io/{FIELD_MANAGER}",
            "reportingInstance": self._instance,
            "regarding": {
                "apiVersion": "bitebyte.io/v1alpha1",
                "kind": "BarCluster",
                "name": cluster.name,
                "namespace": cluster.namespace,
                "uid": cluster.uid,
                "resourceVersion": cluster.resource_version,
            },
        }
