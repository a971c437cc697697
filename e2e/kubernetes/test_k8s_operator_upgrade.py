"""Another version of the operator takes over: the pods of the bar do not notice."""

from bitebyte_cluster import images
from bitebyte_cluster.commands import run
from bitebyte_e2e.waiting import pause
from bitebyte_k8s.bar_cluster import BarCluster
from bitebyte_k8s.figures import Figures
from bitebyte_k8s.guests import Guests
from bitebyte_k8s.operator_install import IMAGE, OperatorInstall
from bitebyte_k8s.session import Kubernetes
from bitebyte_k8s.steps import step

NEXT_IMAGE = "localhost/bitebyte-operator:next"
WATCHED_S = 20


def test_an_upgrade_of_the_operator_leaves_pods_alone(
    kubernetes: Kubernetes, night_owl: BarCluster, operator: OperatorInstall, figures: Figures
) -> None:
    run("buildah", "tag", IMAGE, NEXT_IMAGE)
    images.load_image(kubernetes.machines, NEXT_IMAGE)
    guests = Guests(night_owl, "operator-upgrade")
    before = night_owl.uids()
    with guests:
        with step("the chart is upgraded to the operator's next image"):
            operator.install(image=NEXT_IMAGE)
            operator.wait_holder()
        with step(f"for {WATCHED_S} s the new one is on duty"):
            pause(WATCHED_S)
            night_owl.wait_ready()
        assert night_owl.uids() == before
        with step("and back"):
            operator.install()
    guests.judge(pods=3)
    assert night_owl.uids() == before
    failures = guests.history.summary()["attempts"]
    figures.record("operator upgraded", pods_replaced=0, answers=failures)
