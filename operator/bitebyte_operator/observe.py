"""One look at a BarCluster: Kubernetes and the nodes, read without a cache."""

import asyncio
import datetime
from collections.abc import Awaitable, Callable, Iterable
from typing import Final, TypeVar

import msgspec

from bitebyte_operator import keyring, reading
from bitebyte_operator.admin_client import AdminClient, AdminError, AdminNotNow, PodAddress
from bitebyte_operator.certificates import CertificateUnusable
from bitebyte_operator.comparison import is_as_wanted, stamped
from bitebyte_operator.kube import Kube
from bitebyte_operator.model import (
    BarCluster,
    Claim,
    ConfirmedMembers,
    Identity,
    NoMembersAnswer,
    ObjectRef,
    Observed,
    Pod,
)
from bitebyte_operator.resources import (
    OPERATOR_TLS,
    Manifest,
    Naming,
    Surroundings,
    owned_kinds,
    owned_objects,
)

FULL_LOOK_S: Final = 120.0
"""Owned objects are compared so often when nothing has told of a change: Secrets, which the
operator may not watch, and whatever a broken watch has missed."""


Answer = TypeVar("Answer")


class Look(msgspec.Struct, frozen=True, kw_only=True):
    """What was seen, and whom the next step may talk to."""

    observed: Observed
    addresses: dict[str, PodAddress]
    """Of pods that can be called, by pod name."""
    leader: PodAddress | None


class _Objects(msgspec.Struct, frozen=True):
    differ: tuple[ObjectRef, ...]
    in_the_way: tuple[str, ...]
    generation: int
    looked_s: float


class Observer:
    """Looks at one BarCluster again and again. To be closed."""

    def __init__(
        self,
        kube: Kube,
        surroundings: Surroundings,
        *,
        monotonic: Callable[[], float],
        utc_now: Callable[[], datetime.datetime],
    ) -> None:
        self._kube = kube
        self._surroundings = surroundings
        self._monotonic = monotonic
        self._utc_now = utc_now
        self._objects: _Objects | None = None
        self._admin: AdminClient | None = None
        self._admin_secret_version = ""
        self.refused: dict[ObjectRef, str] = {}
        """What the API server has said of objects that it refuses as they are wanted; kept until
        the spec changes."""
        self._refused_generation = 0

    async def close(self) -> None:
        """Closes the connections to the pods."""
        if self._admin is not None:
            await self._admin.close()
            self._admin = None

    @property
    def admin(self) -> AdminClient | None:
        """To call the pods with; None as long as the operator has no certificate."""
        return self._admin

    def expect_changes(self) -> None:
        """Owned objects may have changed: the next look compares them."""
        self._objects = None

    async def look(self, cluster: BarCluster, cluster_id: str | None) -> Look:
        """Raises KubeError: half a picture is none."""
        namespace, selector = cluster.namespace, Naming(cluster).selector_text
        stateful_set, pods, claims = await asyncio.gather(
            self._kube.get("StatefulSet", namespace, cluster.name),
            self._kube.list("Pod", namespace, selector=selector),
            self._kube.list("PersistentVolumeClaim", namespace, selector=selector),
        )
        objects = await self._compare(cluster, cluster_id, stateful_set)
        await self._connect(cluster)
        addresses = _addresses(cluster, pods)
        identities = await self._identities(addresses)
        members, leader = await self._members(addresses, identities)
        is_ours = stateful_set is not None and _is_owned(stateful_set, cluster)
        return Look(
            observed=Observed(
                stateful_set=reading.read_stateful_set(stateful_set)
                if stateful_set is not None and is_ours
                else None,
                pods=_pods(cluster, pods, identities),
                claims=_claims(cluster, claims),
                members=members,
                objects_that_differ=objects.differ,
                objects_in_the_way=objects.in_the_way,
            ),
            addresses=addresses,
            leader=leader,
        )

    # Objects ------------------------------------------------------------------------------------

    async def _compare(
        self, cluster: BarCluster, cluster_id: str | None, stateful_set: Manifest | None
    ) -> _Objects:
        if cluster_id is None or cluster.deletion_requested_s is not None:
            return _Objects((), (), cluster.generation, self._monotonic())
        known = self._objects
        if known is not None and not known.differ and known.generation == cluster.generation:
            is_recent = self._monotonic() < known.looked_s + FULL_LOOK_S
            if is_recent and not self._differs(cluster, cluster_id, stateful_set):
                return known
        if self._refused_generation != cluster.generation:
            self.refused.clear()
            self._refused_generation = cluster.generation
        self._objects = await self._full_look(cluster, cluster_id)
        return self._objects

    def _differs(self, cluster: BarCluster, cluster_id: str, stateful_set: Manifest | None) -> bool:
        """Of the StatefulSet alone: it is read in every look anyway."""
        wanted = self._wanted(cluster, cluster_id)[("StatefulSet", cluster.name)]
        return ObjectRef("StatefulSet", cluster.name) not in self.refused and _differs(
            wanted, stateful_set
        )

    def _wanted(self, cluster: BarCluster, cluster_id: str) -> dict[tuple[str, str], Manifest]:
        """By kind and name. The count of pods in it means nothing."""
        wanted = owned_objects(
            cluster, cluster_id=cluster_id, replicas=1, surroundings=self._surroundings
        )
        return {(one["kind"], one["metadata"]["name"]): stamped(one) for one in wanted}

    async def _full_look(self, cluster: BarCluster, cluster_id: str) -> _Objects:
        wanted = self._wanted(cluster, cluster_id)
        refs = owned_kinds(cluster)
        found = await asyncio.gather(
            *(self._kube.get(kind, cluster.namespace, name) for kind, name in refs)
        )
        differ: list[ObjectRef] = []
        in_the_way = list(self.refused.values())
        await self._compare_secrets(cluster, differ, in_the_way)
        for (kind, name), there in zip(refs, found, strict=True):
            ref = ObjectRef(kind, name)
            ours = wanted.get((kind, name))
            if there is not None and not _is_owned(there, cluster):
                if ours is not None:
                    in_the_way.append(_in_the_way(kind, there))
            elif ref not in self.refused and _differs(ours, there):
                differ.append(ref)
        return _Objects(tuple(differ), tuple(in_the_way), cluster.generation, self._monotonic())

    async def _compare_secrets(
        self, cluster: BarCluster, differ: list[ObjectRef], in_the_way: list[str]
    ) -> None:
        try:
            missing = await keyring.find_missing(self._kube, Naming(cluster), self._utc_now())
        except keyring.SecretInTheWay as error:
            in_the_way.append(str(error))
        else:
            differ.extend(ObjectRef("Secret", name) for name in missing)

    # Nodes --------------------------------------------------------------------------------------

    async def _connect(self, cluster: BarCluster) -> None:
        """Takes up the operator's own certificate, and a new one when there is one."""
        name = f"{cluster.name}-{OPERATOR_TLS}"
        secret = await self._kube.get("Secret", cluster.namespace, name)
        version = secret["metadata"]["resourceVersion"] if secret is not None else ""
        if version == self._admin_secret_version:
            return
        await self.close()
        self._admin_secret_version = version
        if secret is None:
            return
        try:
            self._admin = AdminClient(keyring.operator_context(secret))
        except CertificateUnusable:
            self.expect_changes()  # it is found to be unusable there as well, and made anew

    async def _identities(self, addresses: dict[str, PodAddress]) -> dict[str, Identity]:
        """By pod name, of those that answer as that pod."""
        admin = self._admin
        if admin is None:
            return {}
        asked = [admin.identity(address) for address in addresses.values()]
        answers = await _outcomes(asked)
        return {
            name: answer
            for name, answer in zip(addresses, answers, strict=True)
            if isinstance(answer, Identity) and answer.name == name
        }

    async def _members(
        self, addresses: dict[str, PodAddress], identities: dict[str, Identity]
    ) -> tuple[ConfirmedMembers | NoMembersAnswer, PodAddress | None]:
        """Asks those that answer who leads, and then whoever they name."""
        admin = self._admin
        if not addresses:
            return NoMembersAnswer(reason="NoPods"), None
        if admin is None or not identities:
            return NoMembersAnswer(reason="Unreachable"), None
        by_id = {one.member_id: addresses[name] for name, one in identities.items()}
        believed = await _outcomes([admin.leader_seen_by(addresses[name]) for name in identities])
        told = ""
        for leader_id in dict.fromkeys(one for one in believed if isinstance(one, str)):
            leader = by_id.get(leader_id)
            if leader is None:
                told = f"The leader (member {leader_id}) does not answer the operator."
                continue
            try:
                return await admin.confirmed_members(leader), leader
            except AdminError as error:
                told = error.detail if isinstance(error, AdminNotNow) else str(error)
        return NoMembersAnswer(reason="NoLeader", message=told), None


def _differs(ours: Manifest | None, there: Manifest | None) -> bool:
    if there is None or ours is None:
        return (there is None) != (ours is None)
    return "deletionTimestamp" in there["metadata"] or not is_as_wanted(ours, there)


def _is_owned(manifest: Manifest, cluster: BarCluster) -> bool:
    owner = reading.controller_of(manifest)
    return owner is not None and owner["uid"] == cluster.uid


def _in_the_way(kind: str, there: Manifest) -> str:
    name = there["metadata"]["name"]
    if "deletionTimestamp" in there["metadata"]:
        return f"An earlier {kind} {name} is still being deleted."
    return (
        f"There is a {kind} {name} that this BarCluster does not own. It is left alone: rename or"
        " delete it, or give the BarCluster another name."
    )


def _addresses(cluster: BarCluster, pods: Iterable[Manifest]) -> dict[str, PodAddress]:
    naming = Naming(cluster)
    found: dict[str, PodAddress] = {}
    for manifest in pods:
        name, ip = manifest["metadata"]["name"], reading.pod_ip(manifest)
        if ip and reading.read_pod(manifest, cluster) is not None:
            found[name] = PodAddress(ip, naming.pod_dns(name))
    return found


def _pods(
    cluster: BarCluster, manifests: Iterable[Manifest], identities: dict[str, Identity]
) -> tuple[Pod, ...]:
    read = (reading.read_pod(manifest, cluster) for manifest in manifests)
    known = (
        msgspec.structs.replace(pod, identity=identities.get(pod.name))
        for pod in read
        if pod is not None
    )
    return tuple(sorted(known, key=lambda pod: pod.ordinal))


def _claims(cluster: BarCluster, manifests: Iterable[Manifest]) -> tuple[Claim, ...]:
    read = (reading.read_claim(manifest, cluster) for manifest in manifests)
    return tuple(sorted((one for one in read if one is not None), key=lambda claim: claim.ordinal))


async def _outcomes(calls: Iterable[Awaitable[Answer]]) -> list[Answer | AdminError]:
    """All of them at once; what a node did not answer is an error in its place."""
    outcomes = await asyncio.gather(*calls, return_exceptions=True)
    found: list[Answer | AdminError] = []
    for outcome in outcomes:
        if isinstance(outcome, BaseException) and not isinstance(outcome, AdminError):
            raise outcome
        found.append(outcome)
    return found
