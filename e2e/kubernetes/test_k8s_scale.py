"""Members come and go while customers order."""

import time

import pytest

from bitebyte_k8s.figures import Figures
from bitebyte_k8s.guests import Guests
from bitebyte_k8s.session import NewCluster
from bitebyte_k8s.steps import step


@pytest.mark.parametrize(
    "sizes",
    [pytest.param((1, 3, 5, 3), marks=pytest.mark.smoke), (1, 3, 5, 3, 1)],
    ids=lambda sizes: "-".join(map(str, sizes)),
)
def test_scaling_under_load_loses_nothing(
    new_cluster: NewCluster, figures: Figures, sizes: tuple[int, ...]
) -> None:
    cluster = new_cluster(f"growing-{len(sizes)}")
    with step(f"a cluster of {sizes[0]} is Ready"):
        cluster.apply(replicas=sizes[0])
        cluster.wait_ready()
    guests = Guests(cluster, f"scale-{len(sizes)}")
    with guests:
        for size in sizes[1:]:
            began_ns = time.monotonic_ns()
            with step(f"the spec says {size}; the cluster becomes Ready with {size} voters"):
                cluster.patch(replicas=size)
                cluster.wait_ready()
            felt = guests.since(began_ns)
            figures.record(
                f"scale to {size}",
                took_s=round((time.monotonic_ns() - began_ns) / 1e9, 1),
                gap_s=round(felt.gap_s, 3),
                failed_requests=felt.failures,
                confirmed=felt.confirmed,
            )
            guests.wait_more()
    guests.judge(pods=sizes[-1])
    assert guests.history.unknown == []
    cluster.delete()
