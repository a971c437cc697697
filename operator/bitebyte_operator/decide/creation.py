"""How a cluster begins: once. Rules 6 and 7.

The id of the cluster is written down, then NAME-0 is made, then its member id is written down,
then that member is ordered to begin. Whoever dies in between, the next one orders the same member
or nobody.
"""

from bitebyte_operator.decide.diagnosis import why_not_running, with_reason
from bitebyte_operator.decide.situation import Situation
from bitebyte_operator.decide.verdict import Plan, Refusal, Verdict
from bitebyte_operator.model import (
    DeletePod,
    Identity,
    LatchBootstrap,
    LatchClusterId,
    OrderBootstrap,
    Pod,
    Step,
    Wait,
)


def latch_the_cluster_id(situation: Situation) -> Verdict | Refusal | None:
    """A fresh one, or that of the data which is there already."""
    if situation.status.cluster_id is not None:
        return None
    claims = situation.observed.claims
    if any(claim.is_deleting for claim in claims):
        wait = Wait("claims of the same names are being deleted")
        return Verdict(step=wait, plan=_creating("Waits until older claims of its names are gone."))
    found = situation.stateful_set
    known = {claim.cluster_id for claim in claims} | {found.cluster_id if found else None}
    known -= {None}
    if len(known) > 1:
        return Verdict(
            step=Wait("claims of several clusters"), plan=_creating(_disagreement(known))
        )
    return Verdict(
        step=LatchClusterId(next(iter(known), None) or situation.fresh_cluster_id),
        plan=_creating("The cluster is given its id."),
    )


def _disagreement(known: set[str | None]) -> str:
    ids = ", ".join(sorted(str(one) for one in known))
    return (
        f"The claims of its names hold data of several clusters ({ids})."
        " Keep what you need elsewhere, and leave the claims of at most one cluster."
    )


def begin_the_cluster_once(situation: Situation) -> Verdict | None:
    """Orders the one latched member to begin, until the members' list confirms it."""
    if situation.status.is_initialized or situation.confirmed is not None:
        return None
    bootstrap = situation.status.bootstrap
    if bootstrap is None and situation.has_earlier_life:
        return None  # its data decides, when enough of it is up again
    outdated = situation.outdated_pods
    if outdated:
        return Verdict(step=_anew(outdated[0]), plan=_creating("The first pod is made anew."))
    name = situation.desired.pod_name(0)
    pod = situation.pods.get(name)
    identity = pod.identity if pod is not None and not pod.is_deleting else None
    if identity is None:
        message = with_reason(f"Waits for {name} to answer", why_not_running(pod))
        return _wait(message)
    if identity.cluster_id != situation.status.cluster_id:
        return _wait(
            f"The database of {name} belongs to cluster {identity.cluster_id}, this one is"
            f" {situation.status.cluster_id}. Keep it elsewhere, then delete claim"
            f" {situation.desired.claim_name(0)} and pod {name}."
        )
    if bootstrap is None:
        return _latch(identity, name)
    if identity.member_id != bootstrap.member_id:
        return _wait(interruption(situation) or "")
    return Verdict(
        step=OrderBootstrap(name, identity.cluster_id, identity.member_id),
        plan=_creating(f"{name} begins the cluster.", name, identity.member_id),
    )


def interruption(situation: Situation) -> str | None:
    """Why a cluster whose order to begin was written down can never be told to have begun."""
    bootstrap, pod = situation.status.bootstrap, situation.pods.get(situation.desired.pod_name(0))
    if situation.status.is_initialized or situation.confirmed is not None or bootstrap is None:
        return None
    if pod is None or pod.identity is None or pod.identity.member_id == bootstrap.member_id:
        return None
    name = situation.desired.name
    return (
        f"Member {bootstrap.member_id} was to begin the cluster, but {pod.name} came back with an"
        f" empty database as member {pod.identity.member_id}. Whether the cluster had begun is not"
        " known, so it is not begun again. If no orders were taken yet: delete BarCluster"
        f" {name} and claim {situation.desired.claim_name(0)}, then apply it again."
    )


def _latch(identity: Identity, name: str) -> Verdict:
    if identity.state != "outsider":
        return _wait(f"{name} is a member already; waits for its cluster to find a leader.")
    return Verdict(
        step=LatchBootstrap(identity.member_id),
        plan=_creating(f"{name} is to begin the cluster.", name, identity.member_id),
    )


def _anew(pod: Pod) -> Step:
    return DeletePod(
        pod.name, pod.uid, pod.resource_version, "its template has changed before it could begin"
    )


def _wait(message: str) -> Verdict:
    return Verdict(step=Wait(message), plan=_creating(message))


def _creating(message: str, member: str = "", member_id: str = "") -> Plan:
    return Plan(type="Create", member=member, member_id=member_id, message=message)
