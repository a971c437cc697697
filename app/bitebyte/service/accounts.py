"""Accounts and profiles."""

import msgspec

from bitebyte.domain.commands import RegisterAccount, UpdateProfile
from bitebyte.domain.entities import Account, Bar, BarMember, Key, Role
from bitebyte.domain.names import fold
from bitebyte.repository.queries import Queries
from bitebyte.service.clock import Clock
from bitebyte.service.ids import IdSource
from bitebyte.service.passwords import Passwords, check_password
from bitebyte.service.proposing import Proposer
from bitebyte.service.reading import At, Reader, ReadIntent
from bitebyte.service.sessions import Caller, not_authenticated


class Membership(msgspec.Struct, frozen=True):
    """A bar that somebody works at, and as what."""

    bar: Bar
    role: str


class Profile(msgspec.Struct, frozen=True):
    """An account and the bars that it works at."""

    account: Account
    memberships: tuple[Membership, ...]


class Accounts:
    """Registers people and keeps their profile."""

    def __init__(
        self,
        *,
        reader: Reader,
        proposer: Proposer,
        queries: Queries,
        passwords: Passwords,
        clock: Clock,
        ids: IdSource,
    ) -> None:
        self._reader = reader
        self._proposer = proposer
        self._queries = queries
        self._passwords = passwords
        self._clock = clock
        self._ids = ids

    async def register(
        self, *, email: str, password: str, display_name: str, role: str
    ) -> At[Account]:
        """A new account. Raises Denied `email_taken` or `validation_failed`, or Busy."""
        email = fold(email)
        check_password(password, email=email)
        password_hash = await self._passwords.hash(password)
        now_ms = self._clock.now_ms()
        registered = await self._proposer.propose(
            RegisterAccount(
                id=self._ids.new_id(now_ms),
                at_ms=now_ms,
                email=email,
                display_name=display_name,
                role=role,
                password_hash=password_hash,
            )
        )
        return At(_account(registered.value.account), registered.index)

    async def profile(self, caller: Caller, intent: ReadIntent) -> At[Profile]:
        """The caller's own account and bars."""
        await self._reader.settle(intent)
        account = await self._reader.row(Account, (caller.account_id,), intent)
        if account is None:
            raise not_authenticated()
        if account.role != Role.MERCHANT:
            return At(Profile(account, ()), await self._reader.settle(intent))
        index = await self._reader.settle_flushed(intent)
        bars = await self._queries.bars_of_member(caller.account_id)
        keys = {bar.id: Key(BarMember.KIND, (bar.id, caller.account_id)) for bar in bars}
        members = await self._reader.rows(tuple(keys.values()))
        memberships = tuple(
            Membership(bar, member.role)
            for bar in bars
            if isinstance(member := members.get(keys[bar.id]), BarMember)
        )
        return At(Profile(account, memberships), index)

    async def update_profile(
        self,
        caller: Caller,
        *,
        display_name: str | None,
        locale: str | None,
        units: str | None,
    ) -> At[Account]:
        """The account with the new values; None leaves one as it is."""
        now_ms = self._clock.now_ms()
        updated = await self._proposer.propose(
            UpdateProfile(
                id=self._ids.new_id(now_ms),
                at_ms=now_ms,
                actor_id=caller.account_id,
                display_name=display_name,
                locale=locale,
                units=units,
            )
        )
        return At(_account(updated.value.account), updated.index)


def _account(account: Account | None) -> Account:
    assert account is not None, "commands on accounts answer with an account"
    return account
