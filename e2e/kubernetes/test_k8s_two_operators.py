"""Two operators, one on duty: who loses the Lease stops."""

import time

from bitebyte_e2e.waiting import wait_until
from bitebyte_k8s.bar_cluster import BarCluster
from bitebyte_k8s.figures import Figures
from bitebyte_k8s.operator_install import NAMESPACE, RELEASE, OperatorInstall
from bitebyte_k8s.session import Kubernetes
from bitebyte_k8s.steps import say, step

TAKE_OVER_S_MAX = 20.0


def test_the_standby_takes_over_when_the_operator_is_killed(
    night_owl: BarCluster, operator: OperatorInstall, figures: Figures
) -> None:
    first = operator.wait_holder()
    with step(f"{first}, which is on duty, is deleted without grace"):
        began_s = time.monotonic()
        night_owl.api.delete("Pod", first, NAMESPACE, grace_s=0)
    with step("the other one takes over, and its work is seen"):
        second = operator.wait_holder(other_than=first)
        took_s = time.monotonic() - began_s
        say(f"{second} is on duty after {took_s:.1f} s")
        night_owl.api.delete("PodDisruptionBudget", night_owl.name, night_owl.namespace)
        wait_until(
            lambda: night_owl.api.get("PodDisruptionBudget", night_owl.name, night_owl.namespace),
            what="what was deleted is made again",
            timeout_s=60,
        )
    operator.wait_ready(2)
    figures.record("operator killed", take_over_s=round(took_s, 1))
    assert took_s <= TAKE_OVER_S_MAX


def test_an_operator_whose_lease_was_stolen_stops(
    kubernetes: Kubernetes, night_owl: BarCluster, operator: OperatorInstall, figures: Figures
) -> None:
    first = operator.wait_holder()
    with step(f"the Lease of {first} is given to somebody who does not exist"):
        spec = dict(operator.lease())
        spec["holderIdentity"] = "thief"
        spec["leaseTransitions"] = int(spec.get("leaseTransitions") or 0) + 1
        kubernetes.api.patch("Lease", RELEASE, NAMESPACE, {"spec": spec})
        stolen_s = time.monotonic()
    with step("it goes off duty; when the Lease runs out, one of the two is on duty again"):
        wait_until(
            lambda: operator.lease().get("holderIdentity") != "thief",
            what="the Lease is taken",
            timeout_s=60,
        )
        holder = operator.wait_holder()
        took_s = time.monotonic() - stolen_s
    with step("the cluster was touched by nobody else's hand, and is Ready"):
        night_owl.wait_ready()
        operator.wait_ready(2)
    figures.record("lease stolen", on_duty_again_s=round(took_s, 1), holder_changed=holder != first)
