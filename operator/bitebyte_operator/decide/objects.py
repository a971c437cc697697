"""What the cluster owns in Kubernetes, and its count of pods. Nothing here restarts a pod or
touches a member or a claim, so all of it is done also while something is wrong."""

from bitebyte_operator.decide.situation import Situation
from bitebyte_operator.decide.verdict import Verdict
from bitebyte_operator.model import AddFinalizer, ApplyObjects, SetReplicas, Wait


def hold_the_finalizer(situation: Situation) -> Verdict | None:
    """Before there is anything to clean up."""
    if situation.desired.has_finalizer:
        return None
    step = AddFinalizer(situation.desired.resource_version)
    return Verdict(step=step, keeps_operation=True)


def keep_objects_as_wanted(situation: Situation) -> Verdict | None:
    """Makes what is missing, and undoes what somebody else has changed."""
    differing = situation.observed.objects_that_differ
    if not differing:
        return None
    found = situation.stateful_set
    replicas = found.replicas if found is not None else situation.replicas_needed
    return Verdict(step=ApplyObjects(differing, replicas), keeps_operation=True)


def let_the_stateful_set_catch_up(situation: Situation) -> Verdict | None:
    """Its revisions are true only when its controller has seen the template."""
    found = situation.stateful_set
    if found is None:
        return Verdict(step=Wait("the StatefulSet is not there"), keeps_operation=True)
    if found.is_deleting:
        return Verdict(step=Wait("somebody deletes the StatefulSet"), keeps_operation=True)
    if found.observed_generation < found.generation:
        return Verdict(step=Wait("the StatefulSet has not been seen yet"), keeps_operation=True)
    return None


def give_every_member_a_pod(situation: Situation) -> Verdict | None:
    """The StatefulSet never has fewer pods than there are members, whoever has scaled it."""
    found = situation.stateful_set
    if found is None or found.replicas >= situation.replicas_needed:
        return None
    step = SetReplicas(situation.replicas_needed, found.uid, found.resource_version)
    return Verdict(step=step, keeps_operation=True)
