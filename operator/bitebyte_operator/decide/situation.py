"""What follows from one look: who is a member, who is where, what is missing. No decisions."""

from functools import cached_property
from typing import Final

from bitebyte_operator.model import (
    BarCluster,
    Claim,
    ConfirmedMembers,
    Member,
    Observed,
    Operation,
    Pod,
    StatefulSet,
    StatusRecord,
)

REPLICAS_MAX: Final = 7
"""The schema allows no more; whoever has a higher number was not made by us."""

LAG_ENTRIES_MAX: Final = 1_000
"""A member within so many entries has caught up: a second's worth under an ordinary load."""

VOTING_ROLES: Final = frozenset({"Leader", "Voter", "Leaving"})


class Situation:
    """One BarCluster at one moment. Everything is derived from the arguments, on demand, once."""

    def __init__(
        self,
        desired: BarCluster,
        observed: Observed,
        status: StatusRecord,
        now_s: float,
        fresh_cluster_id: str,
    ) -> None:
        self.desired = desired
        self.observed = observed
        self.status = status
        self.now_s = now_s
        self.fresh_cluster_id = fresh_cluster_id

    # Kubernetes -----------------------------------------------------------------------------

    @property
    def replicas_wanted(self) -> int:
        return self.desired.spec.replicas

    @property
    def stateful_set(self) -> StatefulSet | None:
        return self.observed.stateful_set

    @cached_property
    def pods(self) -> dict[str, Pod]:
        """By name."""
        return {pod.name: pod for pod in self.observed.pods}

    @cached_property
    def outdated_pods(self) -> tuple[Pod, ...]:
        """Of another revision than the template's, and not on their way out."""
        found = self.stateful_set
        if found is None:
            return ()
        return tuple(
            pod
            for pod in self.observed.pods
            if pod.revision != found.update_revision and not pod.is_deleting
        )

    def is_outdated(self, pod: Pod) -> bool:
        found = self.stateful_set
        return found is not None and pod.revision != found.update_revision

    @property
    def is_applying(self) -> bool:
        """The template is not yet what the spec says, or its controller has not seen it: nobody can
        tell which pods are outdated."""
        found = self.stateful_set
        differs = any(one.kind == "StatefulSet" for one in self.observed.objects_that_differ)
        return differs or found is None or found.observed_generation < found.generation

    @property
    def recorded_operation(self) -> Operation | None:
        return self.status.operation

    # The cluster itself, by its leader's confirmed answer (safety rule 2) ----------------------

    @cached_property
    def confirmed(self) -> ConfirmedMembers | None:
        """The leader's confirmed answer, if it is about this cluster."""
        answer = self.observed.members
        if not isinstance(answer, ConfirmedMembers) or answer.cluster_id != self.status.cluster_id:
            return None
        is_led = any(
            member.id == answer.leader_id and member.state != "learner" for member in answer.members
        )
        return answer if is_led else None

    @property
    def members(self) -> tuple[Member, ...]:
        return self.confirmed.members if self.confirmed is not None else ()

    @cached_property
    def voters(self) -> tuple[Member, ...]:
        """Those whose votes count now, with those that are leaving."""
        return tuple(member for member in self.members if member.state != "learner")

    @cached_property
    def learners(self) -> tuple[Member, ...]:
        return tuple(member for member in self.members if member.state == "learner")

    @cached_property
    def leader(self) -> Member | None:
        answer = self.confirmed
        if answer is None:
            return None
        return next(member for member in answer.members if member.id == answer.leader_id)

    def is_leader(self, member: Member) -> bool:
        return self.confirmed is not None and member.id == self.confirmed.leader_id

    def is_healthy(self, member: Member) -> bool:
        """The leader hears it."""
        return member.is_healthy or self.is_leader(member)

    def is_fit(self, member: Member) -> bool:
        """Healthy, and has what the others have."""
        has_caught_up = member.lag is not None and member.lag <= LAG_ENTRIES_MAX
        return self.is_leader(member) or (member.is_healthy and has_caught_up)

    # Which pod is which member -----------------------------------------------------------------
    # By id where the node says it; by name only where it does not answer.

    @cached_property
    def pods_by_member_id(self) -> dict[str, Pod]:
        return {
            pod.identity.member_id: pod for pod in self.observed.pods if pod.identity is not None
        }

    def member_of(self, pod: Pod) -> Member | None:
        if pod.identity is not None:
            return next((m for m in self.members if m.id == pod.identity.member_id), None)
        return self.member_named(pod.name)

    def member_named(self, name: str) -> Member | None:
        return next((member for member in self.members if member.name == name), None)

    def pod_of(self, member: Member) -> Pod | None:
        known = self.pods_by_member_id.get(member.id)
        if known is not None:
            return known
        named = self.pods.get(member.name)
        return named if named is not None and named.identity is None else None

    def ordinal_of(self, member: Member) -> int | None:
        """The number of the pod that it is, or would be; None for a stranger."""
        pod = self.pods_by_member_id.get(member.id)
        ordinal = pod.ordinal if pod is not None else self.desired.ordinal_of(member.name)
        return ordinal if ordinal is not None and ordinal < REPLICAS_MAX else None

    @cached_property
    def strangers(self) -> tuple[Member, ...]:
        """Members that are no pod of ours and never were."""
        return tuple(member for member in self.members if self.ordinal_of(member) is None)

    @cached_property
    def lost_members(self) -> tuple[Member, ...]:
        """Members whose pod has come back as somebody else: their disk is gone."""
        return tuple(member for member in self.members if self.is_lost(member))

    def is_lost(self, member: Member) -> bool:
        named = self.pods.get(member.name)
        if named is None or named.identity is None or member.id in self.pods_by_member_id:
            return False
        return named.identity.member_id != member.id

    def is_sick(self, pod: Pod) -> bool:
        """Not working: of a member the leader says it, of anybody else Kubernetes."""
        member = self.member_of(pod)
        return not self.is_healthy(member) if member is not None else not pod.is_ready

    # What it was, when nobody can say what it is ------------------------------------------------

    @cached_property
    def recorded_voters(self) -> tuple[str, ...]:
        """Names of the voters by the newest confirmed answer that was written down."""
        return tuple(one.name for one in self.status.members if one.role in VOTING_ROLES)

    @cached_property
    def has_earlier_life(self) -> bool:
        """A cluster may have begun here already, whatever the status remembers: there is data kept
        from an earlier BarCluster, or a second pod's, which does not say that it is nobody's."""
        return any(
            claim.retired_member is not None
            or claim.owner_uid not in (None, self.desired.uid)
            or (claim.ordinal > 0 and not self._is_known_to_be_empty(claim))
            for claim in self.observed.claims
        )

    def _is_known_to_be_empty(self, claim: Claim) -> bool:
        pod = self.pods.get(self.desired.pod_name(claim.ordinal))
        return pod is not None and pod.identity is not None and pod.identity.state == "outsider"

    @property
    def _recorded_names(self) -> list[str]:
        """Of the members, and of the one that was about to be added: it may have a vote by now."""
        names = [member.name for member in self.status.members]
        operation = self.recorded_operation
        is_joining = operation is not None and operation.type == "ScaleUp"
        return [*names, operation.member] if operation is not None and is_joining else names

    @cached_property
    def replicas_needed(self) -> int:
        """So many pods are needed for every member to have one. Before anybody knows the members:
        for every claim that may hold one."""
        if self.confirmed is not None:
            ordinals = [self.ordinal_of(member) for member in self.members]
        elif self.status.is_initialized:
            ordinals = [self.desired.ordinal_of(name) for name in self._recorded_names]
        elif self.has_earlier_life:
            ordinals = [claim.ordinal for claim in self.observed.claims]
        else:
            ordinals = []
        known = [one for one in ordinals if one is not None and one < REPLICAS_MAX]
        return max(known, default=0) + 1
