"""What the demo starts, what it remembers, and what it refuses to do."""

import random
from pathlib import Path

import pytest

from bitebyte.demo import cluster_file
from bitebyte.demo.cluster_file import ClusterFile, draw_cluster
from bitebyte.demo.errors import DatabaseVanished, DataFolderBroken
from bitebyte.demo.plan import (
    DemoOptions,
    decide_bootstrap,
    node_command,
    node_environment,
    overlapping_ports,
    plan_nodes,
    restart_delay_s,
)

OPTIONS = DemoOptions(data_dir=Path("/bar/data"), http_port=9080, peer_port=9180)


def some_cluster() -> ClusterFile:
    return draw_cluster(random.Random(7).getrandbits)


def test_a_new_cluster_has_three_members_with_distinct_63_bit_identities() -> None:
    cluster = some_cluster()
    ids = [cluster.cluster_id, *(member.id for member in cluster.members)]
    assert [member.name for member in cluster.members] == ["node-1", "node-2", "node-3"]
    assert len(set(ids)) == 4
    assert all(0 < one < 2**63 for one in ids)
    assert cluster.bootstrapped == ()


def test_identities_are_never_zero_and_never_drawn_twice() -> None:
    drawn = iter([0, 5, 5, 6, 0, 7, 8])
    cluster = draw_cluster(lambda _: next(drawn))
    assert [cluster.cluster_id, *(member.id for member in cluster.members)] == [5, 6, 7, 8]


def test_the_cluster_file_reads_back_as_it_was_written() -> None:
    cluster = some_cluster().with_bootstrapped("node-2").with_bar_loaded()
    assert cluster_file.decode(cluster_file.encode(cluster)) == cluster


def test_bootstrapping_is_remembered_once() -> None:
    cluster = some_cluster().with_bootstrapped("node-1")
    assert cluster.with_bootstrapped("node-1") is cluster


@pytest.mark.parametrize(
    ("old", "new"),
    [
        (b'"format_version": 1', b'"format_version": 2'),
        (b'"format": "bitebyte-demo"', b'"format": "other"'),
        (b'"node-3"', b'"node-4"'),
        (b'"cluster_id": ', b'"cluster_id": -'),
        (b'"bootstrapped"', b'"bootstraped"'),
        (b"{", b"["),
    ],
)
def test_a_cluster_file_of_another_kind_is_refused(old: bytes, new: bytes) -> None:
    content = cluster_file.encode(some_cluster())
    assert old in content
    with pytest.raises(DataFolderBroken, match=r"cluster\.json"):
        cluster_file.decode(content.replace(old, new, 1))


def test_nodes_take_consecutive_ports_and_a_folder_each() -> None:
    plans = plan_nodes(OPTIONS, some_cluster())
    assert [plan.url for plan in plans] == [
        "http://127.0.0.1:9080",
        "http://127.0.0.1:9081",
        "http://127.0.0.1:9082",
    ]
    assert [plan.peer_port for plan in plans] == [9180, 9181, 9182]
    assert [plan.data_dir for plan in plans] == [
        Path("/bar/data/node-1"),
        Path("/bar/data/node-2"),
        Path("/bar/data/node-3"),
    ]


def test_a_node_is_told_who_it_is_and_who_its_peers_are() -> None:
    cluster = some_cluster()
    plans = plan_nodes(OPTIONS, cluster)
    command = node_command(
        plans[1],
        plans,
        python="/usr/bin/python",
        cluster_id=cluster.cluster_id,
        site_dir=Path("/bar/site"),
        is_bootstrap=True,
    )
    assert command[:4] == ("/usr/bin/python", "-m", "bitebyte", "node")
    options = dict(zip(command[4::2], command[5::2], strict=False))
    assert options["--name"] == "node-2"
    assert options["--http-listen"] == "127.0.0.1:9081"
    assert options["--peer-listen"] == "127.0.0.1:9181"
    assert options["--cluster-id"] == str(cluster.cluster_id)
    members = [command[at + 1] for at, word in enumerate(command) if word == "--member"]
    assert members == [
        f"node-{number}={cluster.members[number - 1].id}@127.0.0.1:{9179 + number}"
        for number in (1, 2, 3)
    ]
    assert "--bootstrap" in command
    assert command[command.index("--site-dir") + 1] == "/bar/site"


def test_a_node_without_a_site_or_an_order_to_bootstrap_gets_neither_option() -> None:
    plans = plan_nodes(OPTIONS, some_cluster())
    command = node_command(
        plans[0], plans, python="python", cluster_id=1, site_dir=None, is_bootstrap=False
    )
    assert not {"--site-dir", "--bootstrap"} & set(command)


def test_a_node_is_bootstrapped_until_it_was_seen_running() -> None:
    cluster = some_cluster()
    plan = plan_nodes(OPTIONS, cluster)[0]
    assert decide_bootstrap(plan, cluster, has_database=False)
    assert decide_bootstrap(plan, cluster, has_database=True)
    seen = cluster.with_bootstrapped("node-1")
    assert not decide_bootstrap(plan, seen, has_database=True)


def test_a_node_whose_database_vanished_is_never_bootstrapped_again() -> None:
    cluster = some_cluster().with_bootstrapped("node-1")
    plan = plan_nodes(OPTIONS, cluster)[0]
    with pytest.raises(DatabaseVanished, match="node-1 took part in this cluster before"):
        decide_bootstrap(plan, cluster, has_database=False)


def test_options_meant_for_another_node_do_not_reach_the_demos_nodes() -> None:
    environment = {"BITEBYTE_BOOTSTRAP": "1", "PATH": "/bin", "LANG": "C.UTF-8"}
    assert node_environment(environment) == {"PATH": "/bin", "LANG": "C.UTF-8"}


def test_a_node_that_keeps_dying_is_started_ever_later_up_to_half_a_minute() -> None:
    assert [restart_delay_s(failures) for failures in (1, 2, 3, 4, 5, 1_000)] == [
        3.0,
        6.0,
        12.0,
        24.0,
        30.0,
        30.0,
    ]


@pytest.mark.parametrize(
    ("http_port", "peer_port", "overlap"),
    [(8080, 7080, False), (8080, 8083, False), (8080, 8082, True), (8082, 8080, True)],
)
def test_port_ranges_that_share_a_port_are_noticed(
    http_port: int, peer_port: int, overlap: bool
) -> None:
    assert overlapping_ports(http_port, peer_port) is overlap
