"""Nothing is taken away while something is missing."""

import signal

from bitebyte_k8s import faults
from bitebyte_k8s.figures import Figures
from bitebyte_k8s.guests import Guests
from bitebyte_k8s.session import NewCluster
from bitebyte_k8s.steps import say, step


def test_a_sick_voter_holds_a_scale_down_up(new_cluster: NewCluster, figures: Figures) -> None:
    cluster = new_cluster("careful")
    with step("a cluster of three is Ready"):
        cluster.apply(replicas=3)
        cluster.wait_ready()
    guests = Guests(cluster, "scale-down-refused")
    with guests:
        leader = cluster.wait_leader()
        sick = next(pod for pod in sorted(cluster.pods()) if pod != leader)
        with step(f"{sick} stops (SIGSTOP), and the spec says 1"):
            faults.signal_node_process(cluster, sick, signal.SIGSTOP)
            cluster.wait_condition("Degraded", "True", timeout_s=90)
            cluster.patch(replicas=1)
        with step("no member is removed, and it says why"):
            guests.workload.run_for(15)
            status = cluster.status
            assert status["voters"] == 3, status
            assert len(cluster.pods()) == 3
            said = cluster.condition("Degraded")
            say(f"Degraded: {said[1]}: {said[2]}")
            assert sick in said[2]
        with step(f"{sick} goes on, and the scale-down with it"):
            faults.signal_node_process(cluster, sick, signal.SIGCONT)
            cluster.wait_ready()
        guests.wait_more()
    guests.judge(pods=1)
    figures.record("scale-down with a sick voter", reason=said[1])
    cluster.delete()
