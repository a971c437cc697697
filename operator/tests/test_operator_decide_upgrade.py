"""Rolling upgrade: one pod at a time, the leader last, a stop at the first failure, and a way back
that needs nobody's hand."""

import msgspec
import pytest
from decide_looks import (
    NO_LEADER,
    NOW_S,
    bar,
    condition,
    decided,
    learner,
    look,
    member_id,
    message,
    name,
    pod,
    pods,
    reasons,
    remembered,
    stateful_set,
    under_way,
    voter,
    voters,
)

from bitebyte_operator.model import DeletePod, Observed, RemoveMember, TransferLeader, Wait
from bitebyte_operator.model.status import DEGRADED


def restarted(seen: Observed, replicas: int = 3, **more: object) -> str | None:
    """Name of the pod that is restarted."""
    step = decided(bar(replicas, **more), seen).step
    return step.name if isinstance(step, DeletePod) else None


def test_a_follower_is_restarted_under_preconditions_and_never_if_it_leads_by_then() -> None:
    step = decided(bar(), look(pods(3, new=False))).step
    assert step == DeletePod(
        name(2), "pod-uid-2", "92", "it has an old template", unless_leader=member_id(2)
    )


def test_the_follower_that_lags_most_goes_first() -> None:
    seen = look(pods(3, new=False), [voter(0), voter(1, lag=10), voter(2, lag=2)])
    assert restarted(seen) == name(1)


def test_an_outdated_pod_that_does_not_work_goes_before_all_others() -> None:
    seen = look(
        [pod(0, new=False), pod(1, new=False, ready=False), pod(2, new=False)],
        [voter(0), voter(1, healthy=False), voter(2)],
    )
    assert restarted(seen) == name(1)


def test_pods_without_a_vote_go_before_those_with_one() -> None:
    seen = look([*pods(4, new=False)], [voter(0), voter(1), voter(2), learner(3)])
    assert restarted(seen, replicas=5) == name(3)


def test_the_leader_hands_over_to_a_voter_that_has_the_new_template() -> None:
    seen = look([pod(0, new=False), pod(1), pod(2)], [voter(0), voter(1, lag=7), voter(2)])
    assert decided(bar(), seen).step == TransferLeader(member_id(0), member_id(2), name(2))


def test_and_is_restarted_when_the_other_one_leads() -> None:
    seen = look([pod(0, new=False), pod(1), pod(2)], leader=2)
    assert restarted(seen) == name(0)


@pytest.mark.parametrize(
    "away",
    [
        pod(2, ready=False),
        pod(2, deleting=True),
        pod(2, ready_since_s=NOW_S - 4),
        None,
    ],
    ids=["starting", "stopping", "ready for too short a time", "not there"],
)
def test_the_next_waits_until_the_last_one_is_ready_for_long_enough(away: object) -> None:
    seen_pods = [pod(0, new=False), pod(1, new=False), *([away] if away else [])]
    seen = look(seen_pods, [voter(0), voter(1), voter(2)], replicas=3)  # type: ignore[arg-type]
    decision = decided(bar(update={"minReadySeconds": 5}), seen)
    assert isinstance(decision.step, Wait)
    assert decision.status.operation is not None
    assert (decision.status.operation.type, decision.status.operation.member) == (
        "Upgrade",
        name(2),
    )


def test_the_next_waits_until_the_last_one_has_caught_up() -> None:
    seen = look(
        [pod(0, new=False), pod(1, new=False), pod(2)], [voter(0), voter(1), voter(2, lag=90_000)]
    )
    assert isinstance(decided(bar(), seen).step, Wait)


def test_it_stops_at_the_first_pod_that_fails_and_says_what_to_do() -> None:
    failing = pod(2, ready=False, waiting="ImagePullBackOff")
    seen = look(
        [pod(0, new=False), pod(1, new=False), failing],
        [voter(0), voter(1), voter(2, healthy=False)],
    )
    status = remembered(operation=under_way("Upgrade", name(2)))
    decision = decided(bar(), seen, status)
    assert isinstance(decision.step, Wait)
    assert reasons(decision)[DEGRADED] == ("True", "RolloutFailed")
    assert message(decision, DEGRADED) == (
        "night-owl-2 has the new template and does not become ready: its image cannot be pulled"
        " (ImagePullBackOff: bar:2). The upgrade has stopped there. Correct the spec or set it"
        " back: night-owl-2 follows by itself."
    )
    assert reasons(decision)["Available"] == ("True", "LeaderElected")


def test_a_pod_that_fails_again_and_again_does_not_look_recovered_in_between() -> None:
    crashing = pod(2, ready=False, waiting="CrashLoopBackOff")
    members = [voter(0), voter(1), voter(2, healthy=False)]
    others = [pod(0, new=False), pod(1, new=False)]
    status = remembered(operation=under_way("Upgrade", name(2)))
    first = decided(bar(), look([*others, crashing], members), status)
    second = decided(bar(), look([*others, pod(2, ready=False)], members), first.status)
    assert reasons(second)[DEGRADED] == ("True", "RolloutFailed")
    assert message(second, DEGRADED) == message(first, DEGRADED)
    assert not second.events


def test_what_is_said_of_a_failed_rollout_does_not_grow() -> None:
    """The deadline has passed too: its sentence follows, once."""
    members = [voter(0), voter(1), voter(2, healthy=False)]
    seen = look([pod(0, new=False), pod(1, new=False), pod(2, ready=False)], members)
    late = remembered(operation=under_way("Upgrade", name(2), since_s=NOW_S - 700))
    first = decided(bar(), seen, late)
    second = decided(bar(), seen, first.status)
    assert "Not done within 600 s" in message(first, DEGRADED)
    assert second.status == first.status


def test_a_pod_that_never_becomes_ready_fails_at_the_deadline() -> None:
    seen = look(
        [pod(0, new=False), pod(1, new=False), pod(2, ready=False)],
        [voter(0), voter(1), voter(2, healthy=False)],
    )
    status = remembered(operation=under_way("Upgrade", name(2), since_s=NOW_S - 599))
    assert reasons(decided(bar(), seen, status))[DEGRADED] == ("False", "AsWanted")
    status = remembered(operation=under_way("Upgrade", name(2), since_s=NOW_S - 600))
    decision = decided(bar(), seen, status)
    assert reasons(decision)[DEGRADED] == ("True", "RolloutFailed")
    assert isinstance(decision.step, Wait)


def test_it_goes_on_when_the_failing_pod_has_become_ready_after_all() -> None:
    status = remembered(operation=under_way("Upgrade", name(2), since_s=NOW_S - 900))
    seen = look([pod(0, new=False), pod(1, new=False), pod(2)])
    decision = decided(bar(), seen, status)
    assert isinstance(decision.step, DeletePod)
    assert decision.step.name == name(1)
    assert reasons(decision)[DEGRADED] == ("False", "AsWanted")


def test_a_spec_that_is_set_back_heals_without_anybody_deleting_pods() -> None:
    """The others never had the bad template: they are as wanted again."""
    failed = pod(2, new=False, ready=False, waiting="ImagePullBackOff")
    seen = look([pod(0), pod(1), failed], [voter(0), voter(1), voter(2, healthy=False)])
    assert restarted(seen) == name(2)


def test_a_voter_that_is_unheard_for_a_moment_does_not_get_a_template_that_is_failing() -> None:
    failing = pod(4, ready=False, waiting="CrashLoopBackOff")
    seen = look(
        [*pods(4, new=False), failing],
        [voter(0), voter(1), voter(2), voter(3, healthy=False), voter(4, healthy=False)],
    )
    assert isinstance(decided(bar(5), seen).step, Wait)


def test_no_healthy_pod_is_restarted_while_another_member_is_sick() -> None:
    seen = look(
        [pod(0, new=False), pod(1, new=False), pod(2), *pods(5)[3:]],
        [voter(0), voter(1), voter(2, healthy=False), voter(3), voter(4)],
    )
    assert isinstance(decided(bar(5), seen).step, Wait)


def test_the_only_pod_is_restarted_with_its_downtime_announced() -> None:
    seen = look(pods(1, new=False), voters(1))
    decision = decided(bar(1), seen, remembered(voters=1))
    assert isinstance(decision.step, DeletePod)
    assert decision.step.unless_leader == ""
    assert "a cluster of one is not available meanwhile" in message(decision, "Progressing")
    assert any("not available meanwhile" in event.message for event in decision.events)
    away = decided(bar(1), look([], NO_LEADER, replicas=1), decision.status)
    assert reasons(away)["Available"] == ("False", "PlannedDowntime")
    assert isinstance(away.step, Wait)


def test_the_only_pod_heals_when_its_spec_is_set_back() -> None:
    for waiting in ("CrashLoopBackOff", ""):
        seen = look([pod(0, new=False, ready=False, waiting=waiting)], NO_LEADER)
        step = decided(bar(1), seen, remembered(voters=1)).step
        assert isinstance(step, DeletePod)


def test_the_only_voter_is_not_restarted_before_it_has_the_company_that_is_wanted() -> None:
    step = decided(bar(3), look(pods(1, new=False), voters(1)), remembered(voters=1)).step
    assert not isinstance(step, DeletePod)


def test_two_voters_on_their_way_to_one_go_on_and_are_upgraded_then() -> None:
    step = decided(bar(1), look(pods(2, new=False), voters(2))).step
    assert step == RemoveMember(member_id(1), name(1))


def test_voters_wait_for_learners_that_may_be_given_their_vote_at_any_moment() -> None:
    seen = look([*pods(3, new=False), pod(3), pod(4)], [*voters(3), learner(3), learner(4)])
    assert isinstance(decided(bar(5), seen).step, Wait)


def test_revisions_are_believed_only_when_the_stateful_set_was_seen() -> None:
    seen = look(pods(3, new=False), found=stateful_set(3, generation=4))
    assert isinstance(decided(bar(), seen).step, Wait)


def test_when_the_last_pod_is_ready_the_upgrade_is_over() -> None:
    status = remembered(operation=under_way("Upgrade", name(0)))
    decision = decided(bar(), look(leader=2), status)
    assert decision.status.operation is None
    assert reasons(decision)["Ready"] == ("True", "AllReady")
    assert [event.reason for event in decision.events if event.reason == "Upgraded"]


def test_the_last_pod_can_fail_too() -> None:
    status = remembered(operation=under_way("Upgrade", name(0)))
    seen = look(
        [pod(0, ready=False, waiting="CrashLoopBackOff"), pod(1), pod(2)],
        [voter(0, healthy=False), voter(1), voter(2)],
        leader=2,
    )
    assert reasons(decided(bar(), seen, status))[DEGRADED] == ("True", "RolloutFailed")


def test_a_failed_rollout_forbids_everything_voluntary() -> None:
    failing = pod(2, ready=False, waiting="ImagePullBackOff")
    seen = look(
        [pod(0, new=False), pod(1, new=False), failing],
        [voter(0), voter(1), voter(2, healthy=False)],
    )
    status = remembered(operation=under_way("Upgrade", name(2)))
    for replicas in (1, 3, 5):
        assert isinstance(decided(bar(replicas), seen, status).step, Wait)


def test_a_corrected_spec_is_not_blamed_for_what_the_old_one_did() -> None:
    told = msgspec.structs.replace(
        condition(DEGRADED, "True", "RolloutFailed"),
        message=f"{name(2)} has the new template",
        observed_generation=6,
    )
    status = remembered(operation=under_way("Upgrade", name(2)))
    others = [one for one in status.conditions if one.type != DEGRADED]
    status = msgspec.structs.replace(status, conditions=(*others, told))
    starting = [pod(0), pod(1), pod(2, ready=False)]
    seen = look(starting, [voter(0), voter(1), voter(2, healthy=False)])
    assert reasons(decided(bar(), seen, status))[DEGRADED] == ("False", "AsWanted")
