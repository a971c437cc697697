"""A pod's number comes back, with the volume that it had: it is another member."""

from bitebyte_k8s.figures import Figures
from bitebyte_k8s.guests import Guests
from bitebyte_k8s.session import NewCluster
from bitebyte_k8s.steps import step


def test_a_returning_ordinal_is_a_new_member(new_cluster: NewCluster, figures: Figures) -> None:
    cluster = new_cluster("returning")
    with step("a cluster of three shrinks to one and grows to three again, on the same volumes"):
        cluster.apply(replicas=3)
        first = cluster.wait_ready()
        cluster.patch(replicas=1)
        cluster.wait_ready()
        guests = Guests(cluster, "ordinal-returns")
        with guests:
            claims = cluster.api.list("PersistentVolumeClaim", cluster.namespace)
            assert {claim["metadata"]["name"] for claim in claims} >= {
                f"data-returning-{number}" for number in range(3)
            }, "the volumes of members that left are kept"
            cluster.patch(replicas=3)
            second = cluster.wait_ready()
            guests.wait_more()
    guests.judge(pods=3)
    with step("every member that left came back under another id"):
        before = {each["name"]: each["memberID"] for each in first["members"]}
        after = {each["name"]: each["memberID"] for each in second["members"]}
        assert before.keys() == after.keys()
        assert before["returning-0"] == after["returning-0"]
        for number in (1, 2):
            assert before[f"returning-{number}"] != after[f"returning-{number}"]
    figures.record("ordinal returns", new_ids=2)
    cluster.delete()
