"""More members and fewer: pods before learners, members before pods, data stays."""

import msgspec
from decide_looks import (
    NOW_S,
    UNREACHABLE,
    bar,
    claim,
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
    under_way,
    voter,
    voters,
)

from bitebyte_operator.model import (
    AddLearner,
    DeletePod,
    RemoveMember,
    SetReplicas,
    StampClaim,
    TransferLeader,
    Wait,
    WithdrawLearner,
)

GROWING = remembered(voters=1)


def test_from_one_to_three_all_pods_are_made_at_once() -> None:
    decision = decided(bar(3), look(pods(1), voters(1)), GROWING)
    assert decision.step == SetReplicas(3, "set-uid", "70")
    assert decision.status.operation is not None
    assert decision.status.operation.type == "ScaleUp"


def test_learners_are_added_only_when_all_that_are_to_join_answer() -> None:
    joining = [pod(0), pod(1, state="outsider"), pod(2, ready=False)]
    decision = decided(bar(3), look(joining, voters(1)), GROWING)
    assert isinstance(decision.step, Wait)
    assert decision.status.operation is not None
    assert decision.status.operation.member == name(2)


def test_then_one_after_the_other_by_the_id_that_it_says_it_has() -> None:
    joining = [pod(0), pod(1, state="outsider"), pod(2, id="555", state="outsider")]
    step = decided(bar(3), look(joining, voters(1)), GROWING).step
    assert step == AddLearner(member_id(1), name(1), "night-owl-1.peers:7080")
    step = decided(bar(3), look(joining, [voter(0), learner(1)]), GROWING).step
    assert step == AddLearner("555", name(2), "night-owl-2.peers:7080")


def test_the_leader_gives_them_their_votes_and_nothing_else_is_done_meanwhile() -> None:
    joining = [pod(0), pod(1, state="learner"), pod(2, state="learner")]
    seen = look(joining, [voter(0), learner(1), learner(2)])
    assert isinstance(decided(bar(3), seen, GROWING).step, Wait)


def test_a_learner_that_is_not_meant_to_vote_yet_is() -> None:
    seen = look(pods(3), [voter(0), voter(1), learner(2, wants_vote=False)])
    step = decided(bar(3), seen).step
    assert isinstance(step, AddLearner)
    assert step.member_id == member_id(2)


def test_a_scale_up_that_is_taken_back_withdraws_the_learner() -> None:
    seen = look(pods(3), [voter(0), voter(1, state="learner"), learner(2)])
    assert decided(bar(1), seen, GROWING).step == WithdrawLearner(member_id(1), name(1))


def test_a_pod_that_was_never_added_goes_without_a_word_about_its_claim() -> None:
    seen = look([pod(0), pod(1, state="outsider"), pod(2, state="outsider")], voters(1))
    assert decided(bar(1), seen, GROWING).step == SetReplicas(2, "set-uid", "70")


def test_a_learner_that_does_not_catch_up_in_time_is_told_and_nothing_is_turned_around() -> None:
    late = remembered(voters=1, operation=under_way("ScaleUp", name(1), since_s=NOW_S - 601))
    seen = look(pods(2), [voter(0), learner(1)], replicas=3)
    decision = decided(bar(3), look(pods(3), [voter(0), learner(1), learner(2)]), late)
    assert isinstance(decision.step, Wait)
    assert reasons(decision)["Degraded"] == ("True", "LearnerStuck")
    assert reasons(decision)["Progressing"] == ("False", "ProgressDeadlineExceeded")
    assert "set the spec back" in message(decision, "Degraded")
    assert isinstance(decided(bar(3), seen, late).step, Wait)


def test_it_goes_on_by_itself_when_the_learner_has_caught_up_after_all() -> None:
    late = remembered(voters=1, operation=under_way("ScaleUp", name(1), since_s=NOW_S - 601))
    decision = decided(bar(3), look(pods(3), voters(3)), late)
    assert reasons(decision)["Degraded"] == ("False", "AsWanted")
    assert decision.status.operation is None


def test_the_deadline_is_set_anew_when_the_spec_changes() -> None:
    late = remembered(voters=1, operation=under_way("ScaleUp", name(1), since_s=NOW_S - 601))
    seen = look(pods(3), [voter(0), learner(1), learner(2)])
    decision = decided(bar(3, generation=8), seen, late)
    assert decision.status.operation is not None
    assert decision.status.operation.deadline_s == NOW_S + 600
    assert reasons(decision)["Degraded"] == ("False", "AsWanted")


def test_a_pod_whose_member_was_removed_is_restarted_once_to_join_anew() -> None:
    seen = look([pod(0), pod(1), pod(2, state="removed")], voters(2))
    decision = decided(bar(3), seen)
    assert isinstance(decision.step, DeletePod)
    assert decision.step.name == name(2)
    assert decided(bar(3), seen, decision.status).step == decision.step, "it was not done yet"
    again = msgspec.structs.replace(pod(2, state="removed"), uid="another")
    seen = look([pod(0), pod(1), again], voters(2))
    assert isinstance(decided(bar(3), seen, decision.status).step, Wait)


def test_a_member_that_was_just_being_added_gets_its_pod_back_too() -> None:
    status = remembered(voters=1, operation=under_way("ScaleUp", name(1)))
    step = decided(bar(3), look(pods(1), UNREACHABLE), status).step
    assert step == SetReplicas(2, "set-uid", "70")


def test_an_id_on_a_stamped_claim_is_never_added_again() -> None:
    claims = [claim(0), claim(1), claim(2, retired_member=member_id(2))]
    seen = look([pod(0), pod(1), pod(2, state="outsider")], voters(2), claims=claims)
    assert isinstance(decided(bar(3), seen).step, DeletePod)


def test_the_member_with_the_highest_number_goes_first() -> None:
    decision = decided(bar(3), look(pods(5), voters(5)), remembered(voters=5))
    assert decision.step == RemoveMember(member_id(4), name(4))
    assert decision.status.operation is not None
    assert decision.status.operation.member_id == member_id(4)


def test_members_are_known_by_id_not_by_number() -> None:
    seen = look([pod(0), pod(1), pod(2, id="555")], [voter(0), voter(1), voter(2, id="555")])
    assert decided(bar(1), seen).step == RemoveMember("555", name(2))


def test_a_leader_hands_over_to_one_that_stays_before_it_is_removed() -> None:
    seen = look(pods(5), [voter(0, lag=9), *(voter(n) for n in range(1, 5))], leader=4)
    assert decided(bar(3), seen).step == TransferLeader(member_id(4), member_id(1), name(1))


def test_while_a_member_is_leaving_nothing_else_is_asked() -> None:
    seen = look(pods(5), [*voters(4), voter(4, state="leaving")])
    assert isinstance(decided(bar(3), seen).step, Wait)


def test_only_when_it_is_confirmed_gone_its_claim_is_stamped_and_then_the_pod_goes() -> None:
    status = remembered(operation=under_way("ScaleDown", name(2), member_id=member_id(2)))
    step = decided(bar(1), look(pods(3), voters(2)), status).step
    assert step == StampClaim("data-night-owl-2", "claim-uid-2", "82", member_id(2))
    stamped = [claim(0), claim(1), claim(2, retired_member=member_id(2))]
    step = decided(bar(1), look(pods(3), voters(2), claims=stamped), status).step
    assert step == SetReplicas(2, "set-uid", "70")


def test_a_victim_that_comes_back_as_somebody_else_is_stamped_with_its_retired_id() -> None:
    status = remembered(operation=under_way("ScaleDown", name(2), member_id=member_id(2)))
    seen = look([pod(0), pod(1), pod(2, id="999", state="outsider")], voters(2))
    step = decided(bar(1), seen, status).step
    assert isinstance(step, StampClaim)
    assert step.retired_member == member_id(2)


def test_a_victim_that_nobody_remembers_is_stamped_as_unknown() -> None:
    seen = look([pod(0), pod(1), pod(2, ready=False)], voters(2))
    step = decided(bar(1), seen).step
    assert isinstance(step, StampClaim)
    assert step.retired_member == "unknown"


def test_two_voters_become_one_only_when_both_are_healthy() -> None:
    assert decided(bar(1), look(pods(2), voters(2))).step == RemoveMember(member_id(1), name(1))
    sick = look([pod(0), pod(1, ready=False)], [voter(0), voter(1, healthy=False)])
    assert isinstance(decided(bar(1), sick).step, Wait)


def test_scale_down_is_refused_with_one_of_three_sick() -> None:
    for sick in (1, 2):
        seen = look(pods(3), [voter(n, healthy=n != sick) for n in range(3)])
        decision = decided(bar(1), seen)
        assert isinstance(decision.step, Wait)
        assert reasons(decision)["Progressing"] == ("False", "ScaleDownRefused")


def test_of_five_a_sick_one_may_be_the_one_that_goes() -> None:
    seen = look(pods(5), [voter(n, healthy=n != 4) for n in range(5)])
    assert decided(bar(3), seen).step == RemoveMember(member_id(4), name(4))
    seen = look(pods(5), [voter(n, healthy=n != 1) for n in range(5)])
    assert isinstance(decided(bar(3), seen).step, Wait)


def test_a_removal_waits_for_those_who_remain_to_have_caught_up() -> None:
    seen = look(pods(3), [voter(0), voter(1, lag=50_000), voter(2)])
    assert isinstance(decided(bar(1), seen).step, Wait)


def test_nothing_is_added_while_a_voter_is_sick() -> None:
    seen = look(pods(3), [voter(0), voter(1, healthy=False), voter(2)])
    decision = decided(bar(5), seen)
    assert isinstance(decision.step, Wait)
    assert reasons(decision)["Progressing"] == ("False", "ScaleUpRefused")
    assert "does not hear night-owl-1" in message(decision, "Progressing")


def test_a_stamp_goes_when_a_member_uses_the_claim_again() -> None:
    claims = [claim(0), claim(1), claim(2, retired_member="50")]
    step = decided(bar(3), look(claims=claims)).step
    assert step == StampClaim("data-night-owl-2", "claim-uid-2", "82", None)


def test_a_stateful_set_that_somebody_scaled_down_gets_its_pods_back() -> None:
    assert decided(bar(3), look(pods(1), voters(3))).step == SetReplicas(3, "set-uid", "70")
    without_leader = look(pods(1), UNREACHABLE)
    assert decided(bar(3), without_leader).step == SetReplicas(3, "set-uid", "70")


def test_pods_that_somebody_added_to_the_stateful_set_go_again() -> None:
    seen = look([*pods(3), pod(3, state="outsider")], voters(3))
    assert decided(bar(3), seen).step == SetReplicas(3, "set-uid", "70")


def test_a_foreign_database_is_not_added() -> None:
    seen = look([pod(0), pod(1), pod(2, cluster_id="13", state="outsider")], voters(2))
    decision = decided(bar(3), seen)
    assert isinstance(decision.step, Wait)
    assert "belongs to cluster 13" in message(decision, "Progressing")
