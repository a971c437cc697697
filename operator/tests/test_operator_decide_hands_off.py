"""When nothing may be touched: no leader, a pause, members that nobody knows; and what a deletion
may destroy."""

import pytest
from decide_looks import (
    NO_LEADER,
    NOW_S,
    UNREACHABLE,
    bar,
    claim,
    decided,
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

from bitebyte_operator.model import (
    ApplyObjects,
    DeleteClaim,
    DeletePod,
    DeleteStatefulSet,
    Observed,
    RemoveFinalizer,
    Wait,
)
from bitebyte_operator.model.status import INITIALIZED, StatusRecord


def test_without_a_quorum_nothing_is_touched_whatever_is_wanted() -> None:
    seen = look([pod(0), pod(1, ready=False), pod(2, ready=False)], NO_LEADER)
    for replicas in (1, 3, 5):
        decision = decided(bar(replicas), seen)
        assert isinstance(decision.step, Wait)
        assert reasons(decision)["Available"] == ("False", "QuorumLost")
        assert reasons(decision)["Degraded"] == ("True", "QuorumLost")
    text = message(decided(bar(), seen), "Available")
    assert text.startswith("1 of 3 voters can be reached, 2 are needed.")
    assert "Away: night-owl-1; night-owl-2." in text


def test_running_pods_of_an_old_template_are_not_touched_without_a_quorum() -> None:
    seen = look([pod(0, new=False, ready=False, answers=True), *pods(3)[1:]], NO_LEADER)
    assert isinstance(decided(bar(), seen).step, Wait)


def test_what_does_not_run_and_is_not_wanted_so_is_made_anew_even_then() -> None:
    for waiting in ("ImagePullBackOff", "Unschedulable", "CrashLoopBackOff"):
        dead = [pod(n, new=False, ready=False, waiting=waiting) for n in range(3)]
        step = decided(bar(), look(dead, NO_LEADER)).step
        assert isinstance(step, DeletePod)
        assert step.name == name(0)


def test_an_election_is_not_called_a_lost_quorum() -> None:
    decision = decided(bar(), look(pods(3), NO_LEADER))
    assert reasons(decision)["Available"] == ("False", "NoLeader")
    assert isinstance(decision.step, Wait)


def test_an_operator_that_is_cut_off_does_not_say_that_the_cluster_is_down() -> None:
    seen = look([pod(n, answers=False) for n in range(3)], UNREACHABLE)
    decision = decided(bar(), seen)
    assert reasons(decision)["Available"] == ("Unknown", "NodesUnreachable")
    assert isinstance(decision.step, Wait)


def test_services_and_secrets_are_mended_even_without_a_quorum() -> None:
    seen = look(pods(3), NO_LEADER, differ=[("Service", "night-owl-peers")])
    assert isinstance(decided(bar(), seen).step, ApplyObjects)


def test_a_deleted_stateful_set_comes_back_with_a_pod_for_every_member() -> None:
    full = look(differ=[("StatefulSet", "night-owl")])
    seen = Observed(
        stateful_set=None,
        pods=(),
        claims=full.claims,
        members=UNREACHABLE,
        objects_that_differ=full.objects_that_differ,
    )
    step = decided(bar(1), seen).step
    assert isinstance(step, ApplyObjects)
    assert step.replicas == 3


def test_an_answer_about_another_cluster_counts_for_nothing() -> None:
    decision = decided(bar(1), look(cluster_id="13"))
    assert isinstance(decision.step, Wait)
    assert reasons(decision)["Degraded"] == ("True", "ForeignCluster")


def test_a_pause_keeps_the_status_fresh_and_touches_nothing() -> None:
    seen = look(pods(3, new=False), differ=[("Service", "night-owl-read")])
    decision = decided(bar(5, paused=True), seen)
    assert isinstance(decision.step, Wait)
    assert reasons(decision)["Paused"] == ("True", "PausedBySpec")
    assert reasons(decision)["Progressing"] == ("False", "Paused")
    assert reasons(decision)["Available"] == ("True", "LeaderElected")
    assert decision.status.ready_replicas == 3


def test_a_paused_bar_cluster_can_be_deleted() -> None:
    assert decided(bar(paused=True, deleted=True)).step == RemoveFinalizer("55")


def test_what_is_under_way_is_still_under_way_after_a_pause() -> None:
    operation = under_way("Upgrade", name(2))
    decision = decided(bar(paused=True), look(pods(3, new=False)), remembered(operation=operation))
    assert decision.status.operation == operation


def test_deleting_keeps_every_claim_by_default() -> None:
    assert decided(bar(deleted=True)).step == RemoveFinalizer("55")


def test_only_on_demand_the_data_goes_after_the_pods() -> None:
    wanted = bar(deleted=True, deletionPolicy="Delete")
    decision = decided(wanted)
    assert decision.step == DeleteStatefulSet("set-uid", "70")
    stopping = look(found=stateful_set(3, is_deleting=True))
    assert isinstance(decided(wanted, stopping, decision.status).step, Wait)


def stopped(*claims: object) -> Observed:
    return Observed(
        stateful_set=None,
        pods=(),
        claims=tuple(claims),  # type: ignore[arg-type]
        members=UNREACHABLE,
    )


def test_claims_are_seen_twice_some_seconds_apart_before_one_goes() -> None:
    wanted = bar(deleted=True, deletionPolicy="Delete")
    seen = stopped(claim(0), claim(1))
    first = decided(wanted, seen)
    assert isinstance(first.step, Wait)
    soon = decided(wanted, seen, first.status, NOW_S + 9)
    assert isinstance(soon.step, Wait)
    later = decided(wanted, seen, first.status, NOW_S + 10)
    assert later.step == DeleteClaim("data-night-owl-0", "claim-uid-0", "80")
    next_one = decided(wanted, stopped(claim(1)), later.status, NOW_S + 11)
    assert next_one.step == DeleteClaim("data-night-owl-1", "claim-uid-1", "81")


def test_a_claim_that_was_not_seen_the_first_time_is_looked_at_anew() -> None:
    wanted = bar(deleted=True, deletionPolicy="Delete")
    first = decided(wanted, stopped(claim(0)))
    other = stopped(claim(0, uid="another"))
    assert isinstance(decided(wanted, other, first.status, NOW_S + 60).step, Wait)


def test_claims_of_other_clusters_are_never_deleted() -> None:
    wanted = bar(deleted=True, deletionPolicy="Delete")
    for foreign in (claim(0, cluster_id="13"), claim(0, cluster_id=None)):
        assert decided(wanted, stopped(foreign)).step == RemoveFinalizer("55")


def test_the_bar_cluster_goes_when_its_claims_are_gone() -> None:
    wanted = bar(deleted=True, deletionPolicy="Delete")
    assert isinstance(decided(wanted, stopped(claim(0, is_deleting=True))).step, Wait)
    assert decided(wanted, stopped()).step == RemoveFinalizer("55")
    assert isinstance(decided(bar(deleted=True, finalizer=False), stopped()).step, Wait)


def test_a_bar_cluster_that_never_began_can_be_deleted() -> None:
    for policy in ("Retain", "Delete"):
        wanted = bar(deleted=True, deletionPolicy=policy)
        assert decided(wanted, stopped(), StatusRecord()).step == RemoveFinalizer("55")


@pytest.mark.parametrize("replicas", [1, 3, 5])
def test_a_member_that_is_no_pod_of_ours_is_named_and_nothing_is_changed(replicas: int) -> None:
    stranger = [*voters(3), voter(0, id="900")]
    strange = [
        *stranger[:3],
        type(stranger[3])(id="900", name="guest", state="voter", is_healthy=True),
    ]
    decision = decided(bar(replicas), look(pods(3, new=False), strange))
    assert isinstance(decision.step, Wait)
    assert reasons(decision)["Degraded"] == ("True", "UnknownMember")
    assert "bitebyte member remove 900" in message(decision, "Degraded")


def test_a_member_that_lost_its_disk_is_named_with_the_command_that_replaces_it() -> None:
    seen = look(
        [pod(0), pod(1), pod(2, id="999", state="outsider")],
        [voter(0), voter(1), voter(2, healthy=False)],
    )
    for replicas in (1, 3, 5):
        decision = decided(bar(replicas), seen)
        assert isinstance(decision.step, Wait)
        assert reasons(decision)["Degraded"] == ("True", "MemberLost")
    assert f"bitebyte member replace {member_id(2)} 999" in message(
        decided(bar(), seen), "Degraded"
    )


def test_objects_that_belong_to_somebody_else_are_told() -> None:
    decision = decided(bar(5), look(in_the_way=["Service night-owl-read belongs to Helm."]))
    assert isinstance(decision.step, Wait)
    assert reasons(decision)["Degraded"] == ("True", "ObjectsInTheWay")


def test_a_claim_of_another_cluster_is_told_before_its_pod_stumbles_over_it() -> None:
    claims = [*(claim(n) for n in range(3)), claim(3, cluster_id="13")]
    decision = decided(bar(5), look(claims=claims))
    assert isinstance(decision.step, Wait)
    assert "data-night-owl-3 holds data of cluster 13" in message(decision, "Degraded")


def test_initialized_outlives_the_loss_of_every_pod() -> None:
    decision = decided(bar(), look([], NO_LEADER, replicas=3))
    assert reasons(decision)[INITIALIZED] == ("True", "ClusterFormed")
