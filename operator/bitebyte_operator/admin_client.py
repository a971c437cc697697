"""The nodes' admin API, over mutual TLS.

A pod is dialled by its address, and its certificate must hold its DNS name: a stranger that got the
address of a dead pod is not believed. Every call may be repeated.
"""

import asyncio
import ssl
from collections.abc import Mapping
from typing import Any, Final, TypeVar

import httpx
import msgspec

from bitebyte_operator.model import ConfirmedMembers, Identity, Member
from bitebyte_operator.resources.naming import ADMIN_PORT

LOOK_S_MAX: Final = 2.0
"""For what a node answers from memory."""
CONFIRM_S_MAX: Final = 3.0
"""For an answer that a majority has to confirm."""
CHANGE_S_MAX: Final = 5.0
"""For a change to be committed. The loop of one BarCluster waits, no other one does."""
ROUND_TRIP_S: Final = 1.0
"""The node is told to answer so much earlier than we stop listening: its answer says more than our
silence."""
ANSWER_BYTES_MAX: Final = 1024 * 1024
"""A list of members has a few KiB."""

_MEMBER_STATES: Final = frozenset({"voter", "learner", "leaving"})

T = TypeVar("T")


class AdminError(Exception):
    """The node did not do what was asked."""


class AdminUnreachable(AdminError):
    """Nobody answered, or somebody who could not prove to be that pod."""


class AdminRefused(AdminError):
    """The cluster says no, and certainly nothing was changed. `code` is that of the problem."""

    def __init__(self, code: str, detail: str) -> None:
        self.code = code
        self.detail = detail
        super().__init__(f"{code}: {detail}")


class AdminNotNow(AdminRefused):
    """This moment does not allow it (`no_leader`, `node_starting`, `overloaded`, ..)."""


class AdminOutcomeUnknown(AdminError):
    """It may have happened, or may happen yet. The next look tells."""


class PodAddress(msgspec.Struct, frozen=True):
    """Where a pod is, and the name that it must prove."""

    ip: str
    dns_name: str
    port: int = ADMIN_PORT


class _IdentityAnswer(msgspec.Struct):
    cluster_id: str
    id: str
    name: str
    peer_address: str | None
    state: str
    version: str


class _MemberAnswer(msgspec.Struct):
    id: str
    name: str
    state: str
    healthy: bool
    lag: int | None = None
    version: str | None = None
    wants_vote: bool = False


class _MembersAnswer(msgspec.Struct):
    cluster_id: str
    term: int
    leader_id: str | None
    answered_by: str
    members: tuple[_MemberAnswer, ...]


class AdminClient:
    """Calls to the pods of one BarCluster. To be closed."""

    def __init__(self, context: ssl.SSLContext) -> None:
        assert context.check_hostname
        assert context.verify_mode == ssl.CERT_REQUIRED
        self._http = httpx.AsyncClient(
            verify=context, trust_env=False, follow_redirects=False, timeout=None
        )

    async def close(self) -> None:
        """Closes the connections."""
        await self._http.aclose()

    async def identity(self, pod: PodAddress) -> Identity:
        """Who that node is. Raises AdminError."""
        answer = await self._call(pod, "GET", "/identity", _IdentityAnswer, timeout_s=LOOK_S_MAX)
        return Identity(
            cluster_id=answer.cluster_id,
            member_id=answer.id,
            name=answer.name,
            peer_address=answer.peer_address or "",
            state=answer.state,
            version=answer.version,
        )

    async def leader_seen_by(self, pod: PodAddress) -> str | None:
        """Id of the leader as that node believes, to know whom to ask. Raises AdminError."""
        answer = await self._call(pod, "GET", "/members", _MembersAnswer, timeout_s=LOOK_S_MAX)
        return answer.leader_id

    async def confirmed_members(self, leader: PodAddress) -> ConfirmedMembers:
        """Who belongs to the cluster, as its leader says after a majority has confirmed that it
        leads. Raises AdminError, AdminNotNow with `no_leader` also if that node does not lead."""
        answer = await self._call(
            leader,
            "GET",
            "/members",
            _MembersAnswer,
            timeout_s=CONFIRM_S_MAX,
            query={"confirmed": "true"},
        )
        if answer.leader_id is None or answer.answered_by != answer.leader_id:
            raise AdminNotNow("no_leader", "The node that was asked does not lead any more.")
        return ConfirmedMembers(
            cluster_id=answer.cluster_id,
            leader_id=answer.leader_id,
            term=answer.term,
            members=tuple(
                Member(
                    id=one.id,
                    name=one.name,
                    state=one.state,
                    is_healthy=one.healthy,
                    lag=one.lag,
                    version=one.version or "",
                    wants_vote=one.wants_vote,
                )
                for one in answer.members
                if one.state in _MEMBER_STATES
            ),
        )

    async def bootstrap(self, pod: PodAddress, *, cluster_id: str, member_id: str) -> None:
        """Orders that node to begin the cluster. Raises AdminError."""
        order = {"cluster_id": cluster_id, "member_id": member_id}
        await self._change(pod, "POST", "/bootstrap", order)

    async def add_learner(
        self, leader: PodAddress, *, member_id: str, name: str, peer_address: str
    ) -> None:
        """Adds a member that shall vote when it has caught up. Raises AdminError."""
        member = {
            "id": member_id,
            "name": name,
            "peer_address": peer_address,
            "wants_vote": True,
        }
        await self._change(leader, "POST", "/members", member)

    async def remove_member(self, leader: PodAddress, member_id: str) -> None:
        """Removes a member; never forced. Raises AdminError."""
        await self._change(leader, "DELETE", f"/members/{member_id}", None)

    async def transfer_leader(self, leader: PodAddress, to_id: str) -> None:
        """Answers when the new leader is known. Raises AdminError."""
        await self._change(leader, "POST", "/leader/transfer", {"to": to_id})

    async def _change(
        self, pod: PodAddress, method: str, path: str, body: Mapping[str, object] | None
    ) -> None:
        await self._call(
            pod, method, path, msgspec.Raw, timeout_s=CHANGE_S_MAX, body=body, is_change=True
        )

    async def _call(
        self,
        pod: PodAddress,
        method: str,
        path: str,
        answer_type: type[T],
        *,
        timeout_s: float,
        query: Mapping[str, str] | None = None,
        body: Mapping[str, object] | None = None,
        is_change: bool = False,
    ) -> T:
        parameters = dict(query or {})
        if is_change or query:
            parameters["timeout_s"] = f"{timeout_s - ROUND_TRIP_S:.1f}"
        host = f"[{pod.ip}]" if ":" in pod.ip else pod.ip
        request = self._http.build_request(
            method,
            f"https://{host}:{pod.port}/admin/v1{path}",
            params=parameters,
            json=body,
            extensions={"sni_hostname": pod.dns_name},
        )
        try:
            async with asyncio.timeout(timeout_s):
                status, content = await self._send(request)
        except (TimeoutError, httpx.HTTPError, ssl.SSLError, OSError) as error:
            text = f"{pod.dns_name}: {str(error) or f'no answer within {timeout_s:g} s'}"
            may_have_arrived = is_change and not isinstance(error, httpx.ConnectError)
            if may_have_arrived:
                raise AdminOutcomeUnknown(text) from error
            raise AdminUnreachable(text) from error
        if status >= 300:
            raise _error_of(status, content, pod)
        try:
            return msgspec.json.decode(content, type=answer_type)
        except msgspec.DecodeError as error:
            raise AdminUnreachable(f"{pod.dns_name}: no answer of a node: {error}") from error

    async def _send(self, request: httpx.Request) -> tuple[int, bytes]:
        answer = await self._http.send(request, stream=True)
        try:
            content = bytearray()
            async for piece in answer.aiter_bytes():
                content += piece
                if len(content) > ANSWER_BYTES_MAX:
                    raise httpx.DecodingError("the answer is too large")
            return answer.status_code, bytes(content)
        finally:
            await answer.aclose()


def _error_of(status: int, content: bytes, pod: PodAddress) -> AdminError:
    try:
        problem: Any = msgspec.json.decode(content)
        code, detail = str(problem["code"]), str(problem.get("detail", ""))
    except (msgspec.DecodeError, KeyError, TypeError, AttributeError):
        return AdminUnreachable(f"{pod.dns_name}: status {status}, and no problem of a node")
    if code in ("outcome_unknown", "internal_error"):
        return AdminOutcomeUnknown(f"{pod.dns_name}: {detail}")
    if status >= 500:
        return AdminNotNow(code, detail)
    return AdminRefused(code, detail)
