"""A scale-up is taken back before its members vote."""

from bitebyte_e2e.waiting import wait_until
from bitebyte_k8s.figures import Figures
from bitebyte_k8s.guests import Guests
from bitebyte_k8s.session import NewCluster
from bitebyte_k8s.steps import step


def test_a_scale_up_can_be_taken_back(new_cluster: NewCluster, figures: Figures) -> None:
    cluster = new_cluster("undecided")
    with step("a cluster of one is Ready"):
        cluster.apply(replicas=1)
        cluster.wait_ready()
    guests = Guests(cluster, "scale-up-reverted")
    with guests:
        with step("the spec says 3, and 1 again as soon as there is a second pod"):
            cluster.patch(replicas=3)
            wait_until(lambda: len(cluster.pods()) > 1, what="a second pod", timeout_s=60)
            cluster.patch(replicas=1)
        with step("one voter is left, and no learner"):
            status = cluster.wait_ready()
            wait_until(lambda: len(cluster.pods()) == 1, what="one pod is left", timeout_s=90)
            assert status.get("learners", 0) == 0
        guests.wait_more()
    guests.judge(pods=1)
    figures.record("scale-up taken back", voters=status["voters"])
    cluster.delete()
