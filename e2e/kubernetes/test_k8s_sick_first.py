"""An upgrade begins with the pod that is broken anyhow."""

from bitebyte_cluster import images
from bitebyte_cluster.commands import run
from bitebyte_e2e.waiting import wait_until
from bitebyte_k8s.bar_cluster import APP_IMAGE, BarCluster
from bitebyte_k8s.figures import Figures
from bitebyte_k8s.guests import Guests
from bitebyte_k8s.session import Kubernetes
from bitebyte_k8s.steps import say, step

BAD_IMAGE = "localhost/bitebyte-app:no-such-tag"
NEXT_IMAGE = "localhost/bitebyte-app:next"


def test_a_broken_pod_is_upgraded_first(
    kubernetes: Kubernetes, night_owl: BarCluster, figures: Figures
) -> None:
    """The pod that a bad image has broken is outdated and sick when a good one comes."""
    run("buildah", "tag", APP_IMAGE, NEXT_IMAGE)
    images.load_image(kubernetes.machines, NEXT_IMAGE)
    guests = Guests(night_owl, "sick-first")
    with guests:
        before = night_owl.uids()
        with step("a bad image breaks one pod"):
            night_owl.patch(image=BAD_IMAGE)
            wait_until(lambda: night_owl.uids() != before, what="a pod is replaced", timeout_s=60)
            broken = night_owl.uids()
            sick = next(pod for pod, uid in broken.items() if before[pod] != uid)
        with step(f"a good image comes: {sick} is the first to get it"):
            night_owl.patch(image=NEXT_IMAGE)
            order: list[str] = []

            def all_replaced() -> bool:
                for pod, uid in night_owl.uids().items():
                    if uid != broken.get(pod) and pod not in order:
                        order.append(pod)
                return len(order) == 3

            wait_until(all_replaced, what=f"all pods are new: {order}", timeout_s=300)
            night_owl.wait_ready()
        say(f"order: {order}")
        assert order[0] == sick
        guests.wait_more()
    guests.judge(pods=3)
    figures.record("sick pod first", order=order)
