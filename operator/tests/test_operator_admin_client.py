"""Calls to a node's admin API over real mutual TLS, with certificates of the operator's making."""

import asyncio
import datetime
from collections.abc import Awaitable, Callable, Iterator
from pathlib import Path
from typing import NoReturn, TypeVar

import pytest

from bitebyte_e2e.played_bar import AdminServer, PlayedBar, PlayedNode
from bitebyte_e2e.ports import free_ports
from bitebyte_operator.admin_client import (
    AdminClient,
    AdminNotNow,
    AdminOutcomeUnknown,
    AdminRefused,
    AdminUnreachable,
    PodAddress,
)
from bitebyte_operator.certificates import (
    Credential,
    client_context,
    is_leaf_good,
    make_authority,
    make_leaf,
)

NOW = datetime.datetime.fromtimestamp(1_800_000_000, datetime.UTC)
DNS = "bar-0.bar-peers.night.svc"
ANY_DNS = "*.bar-peers.night.svc"

T = TypeVar("T")


def now() -> datetime.datetime:
    """The machine's own time: TLS checks it."""
    return datetime.datetime.now(datetime.UTC)  # noqa: TID251  certificates are of today


@pytest.fixture(scope="module")
def authority() -> Credential:
    return make_authority("night/bar admin", now())


@pytest.fixture
def bar() -> PlayedBar:
    played = PlayedBar()
    played.nodes["bar-0"] = PlayedNode("bar-0", "42", f"{DNS}:7080", "7", is_up=True)
    return played


@pytest.fixture
def pod(bar: PlayedBar, authority: Credential, tmp_path: Path) -> Iterator[PodAddress]:
    """A node that listens, with the certificate of all pods."""
    leaf = make_leaf(authority, "bar-admin-tls", [ANY_DNS], now(), is_server=True, is_client=True)
    (tmp_path / "ca.crt").write_bytes(authority.certificate_pem)
    (tmp_path / "tls.crt").write_bytes(leaf.certificate_pem)
    (tmp_path / "tls.key").write_bytes(leaf.key_pem)
    (port,) = free_ports(1)
    server = AdminServer(bar, "bar-0", ("127.0.0.1", port), tmp_path)
    yield PodAddress("127.0.0.1", DNS, port)
    server.close()


def call(authority: Credential, what: Callable[[AdminClient], Awaitable[T]]) -> T:
    leaf = make_leaf(authority, "bar-operator-tls", [], now(), is_server=False, is_client=True)
    context = client_context(authority.certificate_pem, leaf)

    async def once() -> T:
        client = AdminClient(context)
        try:
            return await what(client)
        finally:
            await client.close()

    return asyncio.run(once())


def test_a_node_says_who_it_is(authority: Credential, pod: PodAddress) -> None:
    identity = call(authority, lambda client: client.identity(pod))

    assert (identity.name, identity.member_id, identity.cluster_id) == ("bar-0", "7", "42")
    assert identity.state == "outsider"


def test_members_are_those_that_the_leader_confirms(
    authority: Credential, pod: PodAddress, bar: PlayedBar
) -> None:
    with pytest.raises(AdminNotNow, match="no_leader"):
        call(authority, lambda client: client.confirmed_members(pod))

    call(authority, lambda client: client.bootstrap(pod, cluster_id="42", member_id="7"))
    confirmed = call(authority, lambda client: client.confirmed_members(pod))

    assert confirmed.leader_id == "7"
    assert [(one.id, one.state) for one in confirmed.members] == [("7", "voter")]

    bar.nodes["bar-1"] = PlayedNode("bar-1", "42", "bar-1:7080", "8", is_up=True)
    bar.states["8"], bar.leader_id = "voter", "8"
    with pytest.raises(AdminNotNow, match="does not lead"):
        call(authority, lambda client: client.confirmed_members(pod))


def test_what_the_cluster_refuses_has_its_code(authority: Credential, pod: PodAddress) -> None:
    with pytest.raises(AdminRefused) as refused:
        call(authority, lambda client: client.bootstrap(pod, cluster_id="42", member_id="9"))

    assert refused.value.code == "wrong_member"


def test_a_server_without_the_pods_name_is_not_believed(
    authority: Credential, pod: PodAddress
) -> None:
    stranger = PodAddress(pod.ip, "bar-0.other-peers.night.svc", pod.port)

    with pytest.raises(AdminUnreachable):
        call(authority, lambda client: client.identity(stranger))


def test_another_authority_is_not_believed(pod: PodAddress, bar: PlayedBar) -> None:
    with pytest.raises(AdminUnreachable):
        call(make_authority("other", now()), lambda client: client.identity(pod))
    assert not bar.calls


def test_a_change_without_an_answer_may_have_happened(
    authority: Credential, pod: PodAddress, bar: PlayedBar, monkeypatch: pytest.MonkeyPatch
) -> None:
    def die(*_: object) -> NoReturn:
        raise ConnectionAbortedError

    monkeypatch.setattr(bar, "answer", die)

    with pytest.raises(AdminOutcomeUnknown):
        call(authority, lambda client: client.remove_member(pod, "7"))
    with pytest.raises(AdminUnreachable):
        call(authority, lambda client: client.identity(pod))


def test_a_change_that_reached_nobody_has_not_happened(authority: Credential) -> None:
    (port,) = free_ports(1)

    with pytest.raises(AdminUnreachable):
        call(
            authority, lambda client: client.remove_member(PodAddress("127.0.0.1", DNS, port), "7")
        )


def test_a_leaf_is_renewed_when_it_is_old_of_another_or_lacks_a_name(
    authority: Credential,
) -> None:
    begun = make_authority("a", NOW)
    leaf = make_leaf(begun, "leaf", [ANY_DNS], NOW, is_server=True, is_client=True)

    def is_good(names: list[str], days: int, of: Credential = begun) -> bool:
        later = NOW + datetime.timedelta(days=days)
        return is_leaf_good(leaf, of.certificate_pem, names, later)

    assert is_good([ANY_DNS], 300)
    assert not is_good([ANY_DNS], 310)
    assert not is_good([ANY_DNS, "bar-9"], 0)
    assert not is_good([ANY_DNS], 0, of=authority)


def test_a_key_never_shows_itself() -> None:
    assert "PRIVATE" not in repr(make_authority("a", NOW))
