"""The API server is away: the bar is not."""

import os
import time

from bitebyte_cluster.network import CONTROL_PLANE
from bitebyte_cluster.services import KUBE_API_SERVER
from bitebyte_e2e.waiting import wait_until
from bitebyte_k8s.bar_cluster import BarCluster
from bitebyte_k8s.figures import Figures
from bitebyte_k8s.guests import Guests
from bitebyte_k8s.session import Kubernetes
from bitebyte_k8s.steps import step

AWAY_S = float(os.environ.get("BITEBYTE_K8S_API_AWAY_S") or 60)


def test_customers_notice_nothing_while_the_api_server_is_away(
    kubernetes: Kubernetes, night_owl: BarCluster, figures: Figures
) -> None:
    guests = Guests(night_owl, "api-server-down")
    before = night_owl.uids()
    with guests:
        began_ns = time.monotonic_ns()
        with step(f"the API server is killed, and stays away for {AWAY_S:g} s"):
            kubernetes.machines.stop_service(CONTROL_PLANE, KUBE_API_SERVER)
            wait_until(lambda: not kubernetes.api.is_alive(), what="it is away", timeout_s=10)
            guests.workload.run_for(AWAY_S)
        felt = guests.since(began_ns)
        with step("it comes back"):
            kubernetes.machines.resume_service(CONTROL_PLANE, KUBE_API_SERVER)
            wait_until(kubernetes.api.is_alive, what="it answers", timeout_s=60)
            night_owl.wait_ready()
        assert night_owl.uids() == before
    guests.judge(pods=3)
    figures.record(
        "API server down",
        away_s=AWAY_S,
        gap_s=round(felt.gap_s, 3),
        failed_requests=felt.failures,
        confirmed=felt.confirmed,
    )
    assert felt.failures == 0
