"""How a cluster begins: its id, its first pod, one order, and never a second one."""

import pytest
from decide_looks import (
    CLUSTER_ID,
    FRESH_ID,
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
    nothing_yet,
    pod,
    reasons,
    remembered,
    stateful_set,
    under_way,
    voter,
)

from bitebyte_operator.model import (
    AddFinalizer,
    ApplyObjects,
    DeletePod,
    LatchBootstrap,
    LatchClusterId,
    Observed,
    OrderBootstrap,
    SetReplicas,
    StatusRecord,
    Wait,
)
from bitebyte_operator.model.status import CONDITION_TYPES, INITIALIZED

NOT_BEGUN = remembered(initialized=False, bootstrap=None)
ORDERED = remembered(initialized=False)
FIRST_POD = look([pod(0, ready=False, answers=True, state="outsider")], UNREACHABLE)


def test_first_the_id_of_the_cluster_is_written_down() -> None:
    decision = decided(bar(), nothing_yet(), StatusRecord())
    assert decision.step == LatchClusterId(FRESH_ID)
    assert decision.status.cluster_id == FRESH_ID


def test_on_the_first_visit_every_condition_is_there_and_unknown() -> None:
    decision = decided(bar(), nothing_yet(), StatusRecord())
    assert reasons(decision) == dict.fromkeys(CONDITION_TYPES, ("Unknown", "NotYetObserved"))
    assert all(one.observed_generation == 7 for one in decision.status.conditions)


def test_then_the_finalizer_before_there_is_anything_to_clean_up() -> None:
    assert decided(bar(finalizer=False), nothing_yet(), NOT_BEGUN).step == AddFinalizer("55")


def test_then_the_objects_with_a_single_pod_however_many_are_wanted() -> None:
    seen = look([], UNREACHABLE, differ=[("Service", name(0)), ("StatefulSet", "night-owl")])
    seen = Observed(
        stateful_set=None,
        pods=(),
        claims=(),
        members=UNREACHABLE,
        objects_that_differ=seen.objects_that_differ,
    )
    step = decided(bar(5), seen, NOT_BEGUN).step
    assert step == ApplyObjects(seen.objects_that_differ, replicas=1)


def test_a_stateful_set_that_its_controller_has_not_seen_is_waited_for() -> None:
    seen = look([], UNREACHABLE, found=stateful_set(1, generation=4))
    assert isinstance(decided(bar(), seen, NOT_BEGUN).step, Wait)


def test_then_the_first_pod_is_waited_for() -> None:
    seen = look([pod(0, ready=False)], UNREACHABLE)
    decision = decided(bar(), seen, NOT_BEGUN)
    assert isinstance(decision.step, Wait)
    assert decision.status.operation is not None
    assert decision.status.operation.type == "Create"
    assert reasons(decision)["Available"] == ("False", "NotInitialized")
    assert reasons(decision)["Progressing"] == ("True", "Creating")


def test_then_the_one_member_that_may_begin_is_written_down_before_it_is_told() -> None:
    decision = decided(bar(), FIRST_POD, NOT_BEGUN)
    assert decision.step == LatchBootstrap(member_id(0))
    assert decision.status.bootstrap is not None
    assert decision.status.bootstrap.member_id == member_id(0)


def test_then_it_is_told_and_told_again_until_the_members_list_confirms_it() -> None:
    decision = decided(bar(), FIRST_POD, ORDERED)
    assert decision.step == OrderBootstrap(name(0), CLUSTER_ID, member_id(0))
    assert decided(bar(), FIRST_POD, decision.status).step == decision.step


def test_a_confirmed_list_of_members_makes_it_initialized_for_ever() -> None:
    seen = look([pod(0)], [voter(0)])
    decision = decided(bar(1), seen, ORDERED)
    assert reasons(decision)[INITIALIZED] == ("True", "ClusterFormed")
    later = decided(bar(1), look([pod(0, ready=False)], NO_LEADER), decision.status)
    assert reasons(later)[INITIALIZED] == ("True", "ClusterFormed")
    assert isinstance(later.step, Wait)


def test_a_member_that_lost_its_disk_before_the_confirmation_is_not_ordered_again() -> None:
    seen = look([pod(0, id="999", state="outsider")], UNREACHABLE)
    decision = decided(bar(), seen, ORDERED)
    assert isinstance(decision.step, Wait)
    assert reasons(decision)[INITIALIZED] == ("False", "BootstrapInterrupted")
    assert "delete BarCluster night-owl and claim data-night-owl-0" in message(
        decision, INITIALIZED
    )


def test_an_initialized_cluster_never_begins_again_even_if_its_disk_is_empty() -> None:
    seen = look([pod(0, id="999", state="outsider")], NO_LEADER)
    assert isinstance(decided(bar(1), seen, remembered(voters=1)).step, Wait)


def test_a_status_that_was_wiped_does_not_begin_over_living_data() -> None:
    fresh = pod(0, id="990", state="outsider")
    for others in ([pod(1, answers=False), pod(2, answers=False)], [pod(1), pod(2)], []):
        seen = look([fresh, *others], NO_LEADER, claims=[claim(n) for n in range(3)], replicas=3)
        decision = decided(bar(), seen, NOT_BEGUN)
        assert isinstance(decision.step, Wait)
        assert reasons(decision)[INITIALIZED] == ("False", "AwaitingData")


def test_pods_that_somebody_added_before_the_beginning_do_no_harm() -> None:
    seen = look([pod(n, state="outsider") for n in range(3)], NO_LEADER)
    assert decided(bar(), seen, NOT_BEGUN).step == LatchBootstrap(member_id(0))


def test_a_first_pod_that_votes_already_is_not_told_to_begin() -> None:
    seen = look([pod(0, state="voter")], NO_LEADER)
    assert isinstance(decided(bar(), seen, NOT_BEGUN).step, Wait)


def test_a_wiped_status_takes_up_the_id_that_the_objects_carry() -> None:
    assert decided(bar(), look(), StatusRecord()).step == LatchClusterId(CLUSTER_ID)


def test_data_kept_from_an_earlier_bar_cluster_is_taken_up_again() -> None:
    kept = [claim(n, owner_uid="earlier") for n in range(3)]
    seen = Observed(stateful_set=None, pods=(), claims=tuple(kept), members=UNREACHABLE)
    assert decided(bar(), seen, StatusRecord()).step == LatchClusterId(CLUSTER_ID)
    seen = look([], UNREACHABLE, claims=kept, differ=[("StatefulSet", "night-owl")])
    seen = Observed(
        stateful_set=None,
        pods=(),
        claims=tuple(kept),
        members=UNREACHABLE,
        objects_that_differ=seen.objects_that_differ,
    )
    step = decided(bar(), seen, NOT_BEGUN).step
    assert isinstance(step, ApplyObjects)
    assert step.replicas == 3


def test_kept_data_is_never_begun_anew() -> None:
    kept = [claim(0, owner_uid="earlier")]
    seen = look([pod(0, state="outsider")], NO_LEADER, claims=kept)
    assert isinstance(decided(bar(), seen, NOT_BEGUN).step, Wait)


def test_claims_of_several_clusters_are_left_alone_and_named() -> None:
    seen = Observed(
        stateful_set=None,
        pods=(),
        claims=(claim(0), claim(1, cluster_id="13")),
        members=UNREACHABLE,
    )
    decision = decided(bar(), seen, remembered(initialized=False, bootstrap=None, cluster_id=None))
    assert isinstance(decision.step, Wait)
    assert "(13, 4242)" in message(decision, INITIALIZED)


def test_claims_that_are_being_deleted_are_waited_for() -> None:
    seen = Observed(
        stateful_set=None, pods=(), claims=(claim(0, is_deleting=True),), members=UNREACHABLE
    )
    assert isinstance(decided(bar(), seen, StatusRecord()).step, Wait)


def test_a_corrected_image_reaches_a_first_pod_that_never_came_up() -> None:
    seen = look([pod(0, new=False, ready=False, waiting="ImagePullBackOff")], UNREACHABLE)
    step = decided(bar(), seen, NOT_BEGUN).step
    assert isinstance(step, DeletePod)
    assert (step.name, step.uid, step.resource_version) == (name(0), "pod-uid-0", "90")


def test_a_first_pod_that_does_not_come_up_is_told_with_its_reason() -> None:
    seen = look([pod(0, ready=False, waiting="ErrImagePull")], UNREACHABLE)
    decision = decided(bar(), seen, NOT_BEGUN)
    assert "image cannot be pulled (ImagePullBackOff: bar:2)" in message(decision, INITIALIZED)
    late = remembered(
        initialized=False, bootstrap=None, operation=under_way("Create", since_s=NOW_S - 601)
    )
    decision = decided(bar(), seen, late)
    assert reasons(decision)["Degraded"] == ("True", "ProgressDeadlineExceeded")
    assert reasons(decision)["Progressing"] == ("False", "ProgressDeadlineExceeded")
    assert isinstance(decision.step, Wait)


@pytest.mark.parametrize("wanted", [1, 3, 5, 7])
def test_no_second_pod_is_made_before_the_cluster_has_begun(wanted: int) -> None:
    assert not isinstance(decided(bar(wanted), FIRST_POD, ORDERED).step, SetReplicas)


def test_a_foreign_database_is_left_alone() -> None:
    seen = look([pod(0, cluster_id="13", state="outsider")], UNREACHABLE)
    decision = decided(bar(), seen, NOT_BEGUN)
    assert isinstance(decision.step, Wait)
    assert "belongs to cluster 13" in message(decision, INITIALIZED)
