"""What people are told, in conditions, status and events; a cluster at rest is not written to."""

from decide_looks import (
    NO_LEADER,
    NOW_S,
    bar,
    decided,
    look,
    member_id,
    message,
    name,
    pod,
    pods,
    reasons,
    remembered,
    settled,
    stateful_set,
    voter,
    voters,
)

from bitebyte_operator.model import Wait
from bitebyte_operator.model.status import CONDITION_TYPES


def test_a_cluster_at_rest_is_neither_written_to_nor_talked_about() -> None:
    first = decided()
    for later_s in (0, 60, 86_400):
        later = decided(bar(), look(), first.status, NOW_S + later_s)
        assert later.status == first.status
        assert not later.events
        assert isinstance(later.step, Wait)
        assert later.requeue_after_s == 15


def test_an_ordinary_load_does_not_show_as_a_change() -> None:
    first = decided(bar(), look(pods(3), [voter(0), voter(1, lag=3), voter(2, lag=700)]))
    second = decided(bar(), look(pods(3), [voter(0), voter(1, lag=250), voter(2)]), first.status)
    assert first.status == second.status


def test_a_large_lag_shows_by_its_order_of_magnitude() -> None:
    status = decided(bar(), look(pods(3), [voter(0), voter(1, lag=54_321), voter(2)])).status
    assert [one.lag for one in status.members] == [0, 10_000, 0]


def test_a_ready_cluster_says_so_in_every_condition() -> None:
    assert reasons(decided()) == {
        "Initialized": ("True", "ClusterFormed"),
        "Available": ("True", "LeaderElected"),
        "Ready": ("True", "AllReady"),
        "Progressing": ("False", "Settled"),
        "Degraded": ("False", "AsWanted"),
        "Paused": ("False", "NotPaused"),
    }
    assert message(decided(), "Available") == "night-owl-0 leads; 3 of 3 voters are healthy."


def test_the_status_has_what_the_columns_show() -> None:
    status = decided().status
    assert status.observed_generation == 7
    assert (status.replicas, status.ready_replicas, status.voters, status.learners) == (3, 3, 3, 0)
    assert status.leader is not None
    assert (status.leader.name, status.leader.member_id, status.leader.term) == (
        name(0),
        member_id(0),
        5,
    )
    assert status.fault_tolerance == 1
    assert status.version == "1.0.0"
    assert status.selector == (
        "app.kubernetes.io/name=bitebyte,app.kubernetes.io/instance=night-owl"
    )
    assert [(one.name, one.role, one.node) for one in status.members] == [
        (name(0), "Leader", "machine-0"),
        (name(1), "Voter", "machine-1"),
        (name(2), "Voter", "machine-2"),
    ]


def test_how_many_more_may_be_lost_counts_those_that_are_lost_already() -> None:
    seen = look(pods(5), [voter(n, healthy=n != 4) for n in range(5)])
    assert decided(bar(5), seen).status.fault_tolerance == 1


def test_without_a_leader_the_last_known_voters_are_remembered() -> None:
    status = decided(bar(), look([pod(0)], NO_LEADER, replicas=3)).status
    assert status.leader is None
    assert [(one.name, one.role, one.healthy) for one in status.members] == [
        (name(n), "Voter", False) for n in range(3)
    ]
    assert (status.voters, status.fault_tolerance) == (3, 0)


def test_a_transition_is_dated_when_the_status_changes_and_only_then() -> None:
    first = settled()
    lost = decided(bar(), look([pod(0)], NO_LEADER, replicas=3), first.status, NOW_S + 50)
    still = decided(bar(), look([pod(1)], NO_LEADER, replicas=3), lost.status, NOW_S + 90)
    for decision, since_s in ((first, 1.0), (lost, NOW_S + 50), (still, NOW_S + 50)):
        available = decision.status.condition("Available")
        assert available is not None
        assert available.last_transition_s in (since_s, NOW_S)


def test_every_condition_carries_the_generation_that_it_is_about() -> None:
    conditions = decided(bar(generation=9)).status.conditions
    assert [one.type for one in conditions] == list(CONDITION_TYPES)
    assert {one.observed_generation for one in conditions} == {9}


def test_a_lost_quorum_and_its_return_are_one_event_each() -> None:
    first = settled()
    lost = decided(bar(), look([pod(0)], NO_LEADER, replicas=3), first.status)
    assert [(event.type, event.reason) for event in lost.events] == [
        ("Warning", "QuorumLost"),
    ]
    again = decided(bar(), look([pod(0)], NO_LEADER, replicas=3), lost.status)
    assert not again.events
    back = decided(bar(), look(), lost.status)
    assert [event.reason for event in back.events] == ["Available", "Recovered"]


def test_a_change_of_leader_is_told() -> None:
    first = settled()
    moved = decided(bar(), look(leader=1), first.status)
    assert [event.message for event in moved.events] == [
        "night-owl-1 leads now, after night-owl-0."
    ]


def test_what_begins_and_what_is_done_is_told() -> None:
    first = decided(
        bar(3),
        look(pods(1), voters(1)),
        settled(bar(1), look(pods(1), voters(1)), remembered(voters=1)).status,
    )
    assert [event.reason for event in first.events] == ["ScalingUp"]
    done = decided(bar(3), look(), first.status)
    assert [event.reason for event in done.events] == ["ScaledUp"]


def test_a_refusal_is_told_once() -> None:
    sick = look(pods(3), [voter(0), voter(1, healthy=False), voter(2)])
    before = settled(bar(3), sick)
    refused = decided(bar(5), sick, before.status)
    assert [(event.type, event.reason) for event in refused.events] == [
        ("Warning", "ScaleUpRefused")
    ]
    assert not decided(bar(5), sick, refused.status).events


def test_pods_that_are_not_ready_keep_the_summary_from_being_true() -> None:
    seen = look([pod(0), pod(1), pod(2, ready=False, answers=True)])
    decision = settled(bar(), seen)
    assert reasons(decision)["Ready"] == ("False", "PodsNotReady")
    assert message(decision, "Ready") == "Not ready: night-owl-2."


def test_a_new_spec_is_not_called_ready_before_anybody_can_tell_which_pods_are_outdated() -> None:
    applied = look(differ=[("StatefulSet", "night-owl")])
    unseen = look(found=stateful_set(3, generation=4))
    for seen in (applied, unseen):
        decision = decided(bar(generation=8), seen)
        assert reasons(decision)["Ready"] == ("False", "Applying")
        assert reasons(decision)["Progressing"] == ("True", "Applying")
    drifted = look(differ=[("Service", "night-owl-read")])
    assert reasons(decided(bar(), drifted))["Ready"] == ("True", "AllReady")
