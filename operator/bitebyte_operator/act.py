"""Carries out one step. Every step may be repeated, and none is tried twice here: whatever went
wrong, the next look tells what is so now."""

import datetime
from collections.abc import Callable
from typing import Final

import structlog

from bitebyte_operator import keyring
from bitebyte_operator.admin_client import AdminClient, AdminNotNow, AdminRefused, PodAddress
from bitebyte_operator.comparison import stamped
from bitebyte_operator.kube import Kube, KubeConflict, KubeRefused
from bitebyte_operator.model import (
    AddFinalizer,
    AddLearner,
    ApplyObjects,
    BarCluster,
    DeleteClaim,
    DeletePod,
    DeleteStatefulSet,
    LatchBootstrap,
    LatchClusterId,
    ObjectRef,
    OrderBootstrap,
    RemoveFinalizer,
    RemoveMember,
    SetReplicas,
    StampClaim,
    Step,
    TransferLeader,
    Wait,
    WithdrawLearner,
)
from bitebyte_operator.observe import Look, Observer
from bitebyte_operator.reading import FINALIZER
from bitebyte_operator.resources import Manifest, Naming, Surroundings, owned_objects
from bitebyte_operator.resources.naming import RETIRED_MEMBER

log = structlog.get_logger()

DELETED_IF_UNWANTED: Final = frozenset({"Ingress"})


class StepDropped(Exception):
    """The step was not taken, because what it rests on is no longer so."""


class Actor:
    """Takes steps for one BarCluster."""

    def __init__(
        self,
        kube: Kube,
        observer: Observer,
        surroundings: Surroundings,
        *,
        utc_now: Callable[[], datetime.datetime],
    ) -> None:
        self._kube = kube
        self._observer = observer
        self._surroundings = surroundings
        self._utc_now = utc_now

    async def take(self, step: Step, cluster: BarCluster, look: Look, cluster_id: str) -> None:
        """`cluster` is the BarCluster as it is after the status was written. Raises KubeError,
        AdminError, or StepDropped."""
        match step:
            case Wait() | LatchClusterId() | LatchBootstrap():
                return
            case AddFinalizer() | RemoveFinalizer():
                await self._set_finalizer(cluster, is_held=isinstance(step, AddFinalizer))
            case ApplyObjects():
                await self._apply(step, cluster, cluster_id)
            case SetReplicas():
                await self._set_replicas(step, cluster, cluster_id)
            case DeletePod() | DeleteClaim() | DeleteStatefulSet():
                await self._delete(step, cluster, look)
            case StampClaim():
                await self._stamp(step, cluster)
            case _:
                await self._administer(step, look)

    # Kubernetes ---------------------------------------------------------------------------------

    async def _set_finalizer(self, cluster: BarCluster, *, is_held: bool) -> None:
        found = await self._kube.get("BarCluster", cluster.namespace, cluster.name)
        if found is None or found["metadata"]["uid"] != cluster.uid:
            raise StepDropped("the BarCluster is gone")
        before = found["metadata"].get("finalizers", [])
        after = [one for one in before if one != FINALIZER] + ([FINALIZER] if is_held else [])
        if after == before:
            return
        change = {"uid": cluster.uid, "resourceVersion": cluster.resource_version}
        await self._kube.merge(
            "BarCluster",
            cluster.namespace,
            cluster.name,
            {"metadata": {**change, "finalizers": after}},
        )

    async def _apply(self, step: ApplyObjects, cluster: BarCluster, cluster_id: str) -> None:
        """One object after the other, in the order in which they need each other."""
        self._observer.expect_changes()
        refs = set(step.objects)
        for name in keyring.secret_names(Naming(cluster)):
            if ObjectRef("Secret", name) in refs:
                await self._make_secret(cluster, name)
        wanted = owned_objects(
            cluster,
            cluster_id=cluster_id,
            replicas=step.replicas,
            surroundings=self._surroundings,
        )
        for manifest in wanted:
            ref = ObjectRef(manifest["kind"], manifest["metadata"]["name"])
            if ref in refs:
                refs.discard(ref)
                await self._apply_one(ref, manifest)
        for ref in sorted(refs):
            if ref.kind in DELETED_IF_UNWANTED:
                await self._delete_owned(ref, cluster)

    async def _make_secret(self, cluster: BarCluster, name: str) -> None:
        try:
            await keyring.make_secret(self._kube, Naming(cluster), name, self._utc_now())
        except keyring.SecretInTheWay as error:
            raise StepDropped(str(error)) from error

    async def _apply_one(self, ref: ObjectRef, manifest: Manifest) -> None:
        try:
            await self._kube.apply(stamped(manifest))
        except KubeRefused as error:
            # It would be refused again: told in the status, until the spec changes.
            self._observer.refused[ref] = f"The API server refuses {ref.kind} {ref.name}: {error}"
            raise

    async def _delete_owned(self, ref: ObjectRef, cluster: BarCluster) -> None:
        found = await self._kube.get(ref.kind, cluster.namespace, ref.name)
        if found is not None:
            metadata = found["metadata"]
            await self._kube.delete(
                ref.kind,
                cluster.namespace,
                ref.name,
                uid=metadata["uid"],
                resource_version=metadata["resourceVersion"],
            )

    async def _set_replicas(self, step: SetReplicas, cluster: BarCluster, cluster_id: str) -> None:
        """By apply of the whole object: the count stays among the fields that the operator owns."""
        wanted = owned_objects(
            cluster,
            cluster_id=cluster_id,
            replicas=step.replicas,
            surroundings=self._surroundings,
        )
        (manifest,) = (stamped(one) for one in wanted if one["kind"] == "StatefulSet")
        same_one = {"uid": step.uid, "resourceVersion": step.resource_version}
        await self._kube.apply(manifest | {"metadata": manifest["metadata"] | same_one})

    async def _delete(
        self, step: DeletePod | DeleteClaim | DeleteStatefulSet, cluster: BarCluster, look: Look
    ) -> None:
        if isinstance(step, DeletePod) and step.unless_leader:
            await self._drop_if_leader(step, look)
        kind, name = _target(step, cluster)
        await self._kube.delete(
            kind,
            cluster.namespace,
            name,
            uid=step.uid,
            resource_version=step.resource_version,
        )

    async def _drop_if_leader(self, step: DeletePod, look: Look) -> None:
        """Leadership may have moved since the look."""
        admin, leader = self._reach_leader(look)
        try:
            confirmed = await admin.confirmed_members(leader)
        except AdminNotNow as error:
            raise StepDropped(f"nobody confirms who leads: {error.detail}") from error
        if confirmed.leader_id == step.unless_leader:
            raise StepDropped(f"{step.name} leads again")

    async def _stamp(self, step: StampClaim, cluster: BarCluster) -> None:
        await self._kube.merge(
            "PersistentVolumeClaim",
            cluster.namespace,
            step.name,
            {
                "metadata": {
                    "uid": step.uid,
                    "resourceVersion": step.resource_version,
                    "annotations": {RETIRED_MEMBER: step.retired_member},
                }
            },
        )

    # Nodes --------------------------------------------------------------------------------------

    async def _administer(self, step: Step, look: Look) -> None:
        match step:
            case OrderBootstrap():
                await self._order_bootstrap(step, look)
            case AddLearner():
                admin, leader = self._reach_leader(look)
                await admin.add_learner(
                    leader,
                    member_id=step.member_id,
                    name=step.name,
                    peer_address=step.peer_address,
                )
            case WithdrawLearner():
                await self._withdraw(step, look)
            case RemoveMember():
                admin, leader = self._reach_leader(look)
                await admin.remove_member(leader, step.member_id)
            case TransferLeader():
                admin, leader = self._reach_leader(look)
                await admin.transfer_leader(leader, step.to_id)
            case _:
                raise AssertionError(f"there is no way to take {step}")

    async def _order_bootstrap(self, step: OrderBootstrap, look: Look) -> None:
        admin, address = self._observer.admin, look.addresses.get(step.pod)
        if admin is None or address is None:
            raise StepDropped(f"{step.pod} cannot be called")
        try:
            await admin.bootstrap(address, cluster_id=step.cluster_id, member_id=step.member_id)
        except AdminRefused as error:
            # Given twice, to a member of a cluster that has grown meanwhile: it has begun.
            if error.code != "already_member":
                raise

    async def _withdraw(self, step: WithdrawLearner, look: Look) -> None:
        """The leader may have given it a vote since the look: then it is none to be withdrawn."""
        admin, leader = self._reach_leader(look)
        confirmed = await admin.confirmed_members(leader)
        states = {one.id: one.state for one in confirmed.members}
        if states.get(step.member_id, "learner") != "learner":
            raise StepDropped(f"{step.name} votes already")
        await admin.remove_member(leader, step.member_id)

    def _reach_leader(self, look: Look) -> tuple[AdminClient, PodAddress]:
        if self._observer.admin is None or look.leader is None:
            raise StepDropped("no leader can be called")
        return self._observer.admin, look.leader


def _target(
    step: DeletePod | DeleteClaim | DeleteStatefulSet, cluster: BarCluster
) -> tuple[str, str]:
    match step:
        case DeletePod():
            return "Pod", step.name
        case DeleteClaim():
            return "PersistentVolumeClaim", step.name
        case DeleteStatefulSet():
            return "StatefulSet", cluster.name


def is_race(error: Exception) -> bool:
    """Whether somebody else was merely first: no fault, and the next look comes at once."""
    return isinstance(error, KubeConflict | StepDropped)
