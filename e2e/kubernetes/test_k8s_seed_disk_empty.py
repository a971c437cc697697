"""The first member's disk is empty when it starts again: it must not begin a second cluster."""

from bitebyte_e2e.waiting import pause
from bitebyte_k8s.figures import Figures
from bitebyte_k8s.guests import Guests
from bitebyte_k8s.session import NewCluster
from bitebyte_k8s.steps import say, step

WATCHED_S = 30


def test_an_empty_seed_never_bootstraps_again(new_cluster: NewCluster, figures: Figures) -> None:
    cluster = new_cluster("seed")
    with step("a cluster of three is Ready"):
        cluster.apply(replicas=3)
        status = cluster.wait_ready()
    guests = Guests(cluster, "seed-empty")
    with guests:
        seed = "seed-0"
        with step(f"{seed} and its volume are deleted"):
            cluster.api.delete("PersistentVolumeClaim", f"data-{seed}", cluster.namespace)
            cluster.api.delete("Pod", seed, cluster.namespace)
        with step(f"for {WATCHED_S} s, whatever it does, it belongs to no cluster of its own"):
            for _ in range(WATCHED_S):
                views = {pod: cluster.view(url) for pod, url in cluster.pod_urls().items()}
                leaders = {
                    (view["cluster_id"], view["node"]["id"])
                    for view in views.values()
                    if view and view["node"]["role"] == "leader"
                }
                assert {cluster_id for cluster_id, _ in leaders} <= {status["clusterID"]}
                pause(1)
        now = cluster.status
        say(f"Ready: {cluster.condition('Ready')}, Degraded: {cluster.condition('Degraded')}")
        assert now["clusterID"] == status["clusterID"]
        assert now["bootstrap"] == status["bootstrap"]
        guests.wait_more()
    assert guests.history.summary()["unknown"] == 0
    figures.record("seed's disk empty", watched_s=WATCHED_S)
    cluster.delete()
