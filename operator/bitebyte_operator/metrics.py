"""What the operator counts, for Prometheus. Names are promises: alerts are written on them."""

from typing import Final

from prometheus_client import CollectorRegistry, Counter, Gauge, Histogram, generate_latest
from prometheus_client.exposition import CONTENT_TYPE_LATEST

from bitebyte_operator.model import BarCluster, StatusRecord

_BUCKETS: Final = (0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0, 30.0)
_CLUSTER: Final = ("namespace", "name")


class Metrics:
    """All metrics of one operator, in a registry of their own."""

    content_type: Final = CONTENT_TYPE_LATEST

    def __init__(self) -> None:
        self._registry = CollectorRegistry()
        self.is_leader = Gauge(
            "bitebyte_operator_is_leader",
            "1 for the operator that holds the Lease and acts, 0 for a standby.",
            registry=self._registry,
        )
        self.reconcile_duration = Histogram(
            "bitebyte_operator_reconcile_duration_seconds",
            "Duration of one pass over one BarCluster.",
            buckets=_BUCKETS,
            registry=self._registry,
        )
        self.steps = Counter(
            "bitebyte_operator_steps",
            "Steps taken, by type.",
            ("step",),
            registry=self._registry,
        )
        self.errors = Counter(
            "bitebyte_operator_errors",
            "Passes that ended with an error, by kind.",
            ("error",),
            registry=self._registry,
        )
        self._last_success = Gauge(
            "bitebyte_operator_last_success_timestamp_seconds",
            "When a pass over the BarCluster last went through.",
            _CLUSTER,
            registry=self._registry,
        )
        self._members = Gauge(
            "bitebyte_barcluster_members",
            "Members of the BarCluster: desired, pods, ready, voters, learners.",
            (*_CLUSTER, "kind"),
            registry=self._registry,
        )
        self._fault_tolerance = Gauge(
            "bitebyte_barcluster_fault_tolerance",
            "Voters that may fail now without orders coming to a halt.",
            _CLUSTER,
            registry=self._registry,
        )
        self._condition = Gauge(
            "bitebyte_barcluster_condition",
            "Conditions of the BarCluster: 1 is True, 0 is False, -1 is Unknown.",
            (*_CLUSTER, "condition"),
            registry=self._registry,
        )

    def exposition(self) -> bytes:
        """In the text format of Prometheus."""
        return generate_latest(self._registry)

    def tell(self, cluster: BarCluster, status: StatusRecord, *, now_s: float) -> None:
        """After a pass that went through."""
        own = (cluster.namespace, cluster.name)
        self._last_success.labels(*own).set(now_s)
        self._fault_tolerance.labels(*own).set(status.fault_tolerance)
        for kind, count in (
            ("desired", cluster.spec.replicas),
            ("pods", status.replicas),
            ("ready", status.ready_replicas),
            ("voters", status.voters),
            ("learners", status.learners),
        ):
            self._members.labels(*own, kind).set(count)
        for one in status.conditions:
            value = {"True": 1, "False": 0}.get(one.status, -1)
            self._condition.labels(*own, one.type).set(value)

    def forget(self, namespace: str, name: str) -> None:
        """When a BarCluster is gone."""
        for gauge in (self._last_success, self._fault_tolerance, self._members, self._condition):
            gauge.remove_by_labels({"namespace": namespace, "name": name})
