"""Members change from the command line, and every outcome is told as what it is."""

from collections.abc import AsyncIterator

import pytest
from admin_cluster import AdminCluster, running_admin_cluster
from member_waiting import until

from bitebyte.repository.embedded import EmbeddedPostgres

pytestmark = pytest.mark.anyio


@pytest.fixture(scope="module")
async def cluster(
    anyio_backend: object,
    postgres_server: EmbeddedPostgres,
    tmp_path_factory: pytest.TempPathFactory,
) -> AsyncIterator[AdminCluster]:
    """Three voters."""
    folder = tmp_path_factory.mktemp("member")
    async with running_admin_cluster(folder, postgres_server, 3) as running:
        yield running


@pytest.mark.parametrize("columns", [80, 120, 200])
async def test_list_shows_every_member_from_the_leaders_side_at_any_width(
    cluster: AdminCluster, columns: int
) -> None:
    result = await cluster.run("member", "list", columns=columns)
    assert result.exit_code == 0, result.output
    lines = result.stdout.splitlines()
    assert max(map(len, lines)) <= columns
    rows = {line.split()[0]: line for line in lines if line.startswith("node-")}
    assert {name.removesuffix(":") for name in rows} == {"node-1", "node-2", "node-3"}
    assert "leader" in rows[cluster.leader()]
    assert all("voter" in rows[name] and "healthy" in rows[name] for name in cluster.members)
    text = " ".join(result.stdout.split())
    assert text.count("replicate") == 2
    assert all(f"127.0.0.1:{port}" in text for port in cluster.ports)
    assert "?" not in text


async def test_list_asked_at_a_follower_says_who_knows_more(cluster: AdminCluster) -> None:
    leader = cluster.leader()
    follower = next(name for name in cluster.members if name != leader)
    result = await cluster.run("member", "list", asks=[follower], columns=80)
    text = " ".join(result.stdout.split())
    assert f"Told by {follower}. Only {leader}, which leads, knows what stands as ?" in text
    assert f"add the admin address of {leader} with --admin" in text


async def test_transfer_lets_the_named_member_lead_whichever_node_is_asked(
    cluster: AdminCluster,
) -> None:
    for name in ("node-1", "node-2", "node-3", "node-3"):
        answer = await cluster.run_json("member", "transfer", name)
        assert answer["outcome"] == "done"
        assert answer["leader_id"] == name.removeprefix("node-")
        await until(lambda name=name: cluster.leader() == name, f"{name} leads")


async def test_a_voter_is_demoted_and_promoted_again(cluster: AdminCluster) -> None:
    answer = await cluster.run_json("member", "demote", "node-2")
    assert answer["member"]["state"] == "learner"
    again = await cluster.run_json("member", "demote", "2")
    assert again["member"]["state"] == "learner"
    answer = await cluster.run_json("member", "promote", "node-2", "--timeout", "30")
    assert answer["member"]["state"] == "voter"


async def test_what_is_against_a_rule_is_refused_with_the_rule(cluster: AdminCluster) -> None:
    answer = await cluster.run_json("member", "remove", "node-9", exit_code=1)
    assert answer["code"] == "member_not_found"
    assert "node-1 (1)" in answer["detail"]
    answer = await cluster.run_json("member", "remove", "999", exit_code=1)
    assert (answer["outcome"], answer["code"]) == ("refused", "member_not_found")
    answer = await cluster.run_json("member", "replace", "node-1", "node-2", exit_code=1)
    assert answer["code"] == "already_voter"


async def test_a_node_of_this_cluster_is_added_only_by_its_admin_address(
    cluster: AdminCluster,
) -> None:
    result = await cluster.run("member", "add", "node-4:9080")
    assert result.exit_code == 2
    assert "is not an address" in result.stderr


async def test_a_new_node_is_added_votes_and_takes_the_place_of_another(
    cluster: AdminCluster,
) -> None:
    """The members that there were before are there again at the end."""
    for number in (4, 5):
        await cluster.start(number, join=True, **cluster.own_server(number))
    old = ["node-1", "node-2", "node-3"]
    added = await cluster.run_json(
        "member", "add", cluster.urls["node-4"], "--timeout", "60", asks=old
    )
    assert (added["outcome"], added["member"]["state"]) == ("done", "voter")
    again = await cluster.run_json("member", "add", cluster.urls["node-4"], asks=old)
    assert again["member"] == {**again["member"], "id": added["member_id"], "state": "voter"}

    replaced = await cluster.run_json(
        "member", "replace", "node-4", cluster.urls["node-5"], "--timeout", "60", asks=old
    )
    names = {member["name"]: member["state"] for member in replaced["members"]}
    assert names == dict.fromkeys([*old, "node-5"], "voter")

    retired = await cluster.run_json("member", "add", cluster.urls["node-4"], exit_code=1, asks=old)
    assert retired["code"] == "member_retired"
    removed = await cluster.run_json("member", "remove", "node-5", asks=old)
    assert removed["member"] is None
    by_id = await cluster.run_json("member", "remove", replaced["member_id"], asks=old)
    assert by_id["outcome"] == "done"
    for name in ("node-4", "node-5"):
        await cluster.stop(name)


async def test_nobody_answering_is_a_refusal_and_not_an_unknown_outcome(
    cluster: AdminCluster,
) -> None:
    urls = cluster.urls | {"nobody": "http://127.0.0.1:1"}
    cluster.urls = urls
    result = await cluster.run("member", "list", asks=["nobody"])
    assert result.exit_code == 1
    assert "does not answer" in result.stderr
    result = await cluster.run("member", "list", asks=["nobody", "node-1"])
    assert result.exit_code == 0


async def test_options_that_do_not_fit_together_are_wrong_usage(cluster: AdminCluster) -> None:
    result = await cluster.run("member", "list", "--admin-ca", "ca.crt")
    assert result.exit_code == 2
    assert "go together" in result.stderr
