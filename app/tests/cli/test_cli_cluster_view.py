"""Several nodes' answers put together: the newest term wins, the largest index is freshest."""

import pytest

from bitebyte.demo.cluster_view import (
    ClusterReport,
    MemberReport,
    NotAClusterReport,
    StateReport,
    describe_reports,
    merge,
    parse_report,
)

Indexes = tuple[int | None, int | None]
"""commit_index and applied_index."""


def report(
    *,
    term: int,
    leader: str | None,
    roles: str,
    indexes: tuple[Indexes, Indexes, Indexes],
    healthy: str = "123",
    cluster_id: str = "7",
) -> ClusterReport:
    """A report on three members; `roles` has a letter for each: l, f, c or u."""
    words = {"l": "leader", "f": "follower", "c": "candidate", "u": "unknown"}
    return ClusterReport(
        cluster_id=cluster_id,
        term=term,
        leader_id=leader,
        state=StateReport(index=1, hash="00"),
        members=tuple(
            MemberReport(
                id=str(number),
                name=f"node-{number}",
                role=words[role],
                is_voter=True,
                commit_index=commit,
                applied_index=applied,
                is_healthy=str(number) in healthy,
            )
            for number, role, (commit, applied) in zip((1, 2, 3), roles, indexes, strict=True)
        ),
    )


NOTHING: Indexes = (None, None)


def test_the_leaders_view_is_completed_by_what_followers_know_of_themselves() -> None:
    leader = report(term=4, leader="1", roles="lff", indexes=((20, 20), (18, 15), (18, None)))
    follower = report(term=4, leader="1", roles="uuf", indexes=(NOTHING, NOTHING, (19, 17)))
    view = merge([follower, leader])
    assert (view.leader_name, view.term) == ("node-1", 4)
    assert [member.applied_index for member in view.members] == [20, 15, 17]
    assert [member.lag for member in view.members] == [0, 5, 3]
    assert [member.role for member in view.members] == ["leader", "follower", "follower"]
    assert view.can_serve


def test_a_node_that_was_cut_off_does_not_bring_its_old_leader_back() -> None:
    cut_off = report(term=4, leader="1", roles="lff", indexes=((20, 20), (20, 20), (20, 20)))
    newer = report(term=5, leader="2", roles="flf", indexes=(NOTHING, (22, 22), (22, 21)))
    view = merge([cut_off, newer])
    assert (view.leader_name, view.term) == ("node-2", 5)
    assert [member.role for member in view.members] == ["follower", "leader", "follower"]


def test_without_a_leader_the_cluster_cannot_serve() -> None:
    view = merge([report(term=6, leader=None, roles="cfu", indexes=((9, 9), NOTHING, NOTHING))])
    assert view.leader_name is None
    assert not view.can_serve


@pytest.mark.parametrize(("healthy", "serves"), [("123", True), ("12", True), ("1", False)])
def test_a_leader_serves_with_more_than_half_of_the_voters(healthy: str, serves: bool) -> None:
    view = merge(
        [
            report(
                term=2,
                leader="1",
                roles="lff",
                indexes=((5, 5), (5, 5), (5, 5)),
                healthy=healthy,
            )
        ]
    )
    assert view.can_serve is serves


def test_what_nobody_knows_stays_unknown() -> None:
    view = merge([report(term=2, leader="1", roles="uuf", indexes=(NOTHING, NOTHING, (5, 5)))])
    assert [member.applied_index for member in view.members] == [None, None, 5]
    assert [member.lag for member in view.members] == [None, None, 0]


def test_addresses_of_different_clusters_are_noticed() -> None:
    one = report(term=1, leader="1", roles="lff", indexes=(NOTHING, NOTHING, NOTHING))
    other = report(
        term=1, leader="1", roles="lff", indexes=(NOTHING, NOTHING, NOTHING), cluster_id="8"
    )
    assert describe_reports({"a": one, "b": one}) is None
    assert "different clusters (a: 7, b: 8)" in (describe_reports({"a": one, "b": other}) or "")


def test_an_answer_of_the_api_is_read_and_newer_fields_are_left_out() -> None:
    parsed = parse_report(
        {
            "cluster_id": "7",
            "term": 3,
            "leader_id": "1",
            "members": [
                {
                    "id": "1",
                    "name": "node-1",
                    "role": "leader",
                    "voter": True,
                    "commit_index": 4,
                    "applied_index": 4,
                    "lag": 0,
                    "version": "0.1.0",
                    "healthy": True,
                    "zone": "new",
                }
            ],
            "state": {"index": 4, "hash": "ab"},
        }
    )
    member = parsed.member("node-1")
    assert member is not None
    assert (member.is_voter, member.is_healthy, member.applied_index) == (True, True, 4)
    assert parsed.member("node-9") is None


@pytest.mark.parametrize("body", [None, "text", [], {}, {"cluster_id": 7}])
def test_anything_else_is_refused(body: object) -> None:
    with pytest.raises(NotAClusterReport):
        parse_report(body)
