"""An image that does not exist stops the rollout at the first pod."""

from bitebyte_e2e.waiting import wait_until
from bitebyte_k8s.bar_cluster import APP_IMAGE, BarCluster
from bitebyte_k8s.figures import Figures
from bitebyte_k8s.guests import Guests
from bitebyte_k8s.steps import say, step

BAD_IMAGE = "localhost/bitebyte-app:no-such-tag"


def test_a_bad_image_stops_at_one_pod_and_a_revert_heals_it(
    night_owl: BarCluster, figures: Figures
) -> None:
    guests = Guests(night_owl, "bad-image")
    with guests:
        before = night_owl.uids()
        with step("the spec names an image that nobody has, with a deadline of 30 s"):
            night_owl.patch(image=BAD_IMAGE, progressDeadlineSeconds=30)
            wait_until(lambda: night_owl.uids() != before, what="one pod is replaced", timeout_s=60)
        with step("it says what is wrong, and touches no other pod"):
            said = night_owl.wait_condition("Degraded", "True", timeout_s=120)
            say(f"Degraded: {said[1]}: {said[2]}")
            replaced = {pod for pod, uid in night_owl.uids().items() if before[pod] != uid}
            assert len(replaced) == 1, replaced
            assert night_owl.condition("Available")[0] == "True"
        with step("the spec is put back, and it heals without a hand on any pod"):
            night_owl.patch(image=APP_IMAGE, progressDeadlineSeconds=600)
            night_owl.wait_ready()
        touched = {pod for pod, uid in night_owl.uids().items() if before[pod] != uid}
        assert touched == replaced
        guests.wait_more()
    guests.judge(pods=3)
    figures.record("bad image", pods_touched=len(touched), reason=said[1])
