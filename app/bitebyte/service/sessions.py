"""Signing in and out, and who is asking.

A session is looked up in the replicated state with every request, so that its end is felt on
every node at once (design D9). A node that has lost touch with its leader does not trust what
it remembers: it asks first.
"""

from typing import Final

import msgspec
import structlog

from bitebyte.domain.commands import EndSession, OpenSession
from bitebyte.domain.entities import Account, Key, NameClaim, Session
from bitebyte.domain.names import fold
from bitebyte.node.node import Node
from bitebyte.service.clock import Clock
from bitebyte.service.errors import Denied
from bitebyte.service.ids import IdSource
from bitebyte.service.passwords import Passwords
from bitebyte.service.proposing import Proposer
from bitebyte.service.reading import At, Reader
from bitebyte.service.throttle import SignInThrottle
from bitebyte.service.tokens import TokenSource, is_token, token_hash

SESSION_LIFETIME_MS: Final = 12 * 60 * 60 * 1000
"""Twelve hours from sign-in, however busy: an evening and its clearing up."""

LEADER_CONTACT_AGE_S_MAX: Final = 1.0
"""How long a node may be out of touch and still trust a session that it remembers."""


log = structlog.get_logger()


class Caller(msgspec.Struct, frozen=True, gc=False):
    """Who is asking, as of this request."""

    account_id: str
    token_hash: str
    expires_at_ms: int


class SignedIn(msgspec.Struct, frozen=True):
    """A new session. `token` exists nowhere else."""

    token: str
    session: Session
    account: Account


class Sessions:
    """Opens, checks and ends sessions."""

    def __init__(
        self,
        *,
        node: Node,
        reader: Reader,
        proposer: Proposer,
        passwords: Passwords,
        throttle: SignInThrottle,
        clock: Clock,
        ids: IdSource,
        new_token: TokenSource,
    ) -> None:
        self._node = node
        self._reader = reader
        self._proposer = proposer
        self._passwords = passwords
        self._throttle = throttle
        self._clock = clock
        self._ids = ids
        self._new_token = new_token

    async def sign_in(self, email: str, password: str, *, address: str) -> At[SignedIn]:
        """A session for whoever knows the password.

        Raises Denied `invalid_credentials` (the same for an unknown e-mail and a wrong
        password, after the same work) or `too_many_attempts`, or Busy.
        """
        email = fold(email)
        wait_s = self._throttle.retry_after_s(email, address, self._clock.monotonic_s())
        if wait_s is not None:
            log.warning("session.throttled", address=address)
            raise Denied(
                "too_many_attempts",
                f"Too many failed sign-ins. Try again in {wait_s} seconds.",
                retry_after_s=wait_s,
            )
        account = await self._account_of_email(email)
        verified = await self._verify(password, account)
        if not verified:
            # The account may be newer than this node's state: catch up and look once more.
            await self._reader.catch_up()
            newer = await self._account_of_email(email)
            if newer is not None and newer != account:
                account = newer
                verified = await self._verify(password, account)
        if account is None or not verified:
            self._throttle.record_failure(email, address, self._clock.monotonic_s())
            log.info("session.refused", address=address, is_known=account is not None)
            raise Denied("invalid_credentials", "The e-mail address or the password is wrong.")
        signed_in = await self._open(account)
        self._throttle.record_success(email, address)
        log.info("session.opened", account_id=account.id, address=address)
        return signed_in

    async def sign_out(self, caller: Caller) -> int:
        """Ends the caller's session on every node; returns the index at which it ended."""
        now_ms = self._clock.now_ms()
        ended = await self._proposer.propose(
            EndSession(
                id=self._ids.new_id(now_ms),
                at_ms=now_ms,
                actor_id=caller.account_id,
                token_hash=caller.token_hash,
            )
        )
        return ended.index

    async def authenticate(self, token: str) -> Caller:
        """Who holds `token`.

        Raises Denied `not_authenticated`; NoLeader when this node is cut off and the answer
        would rest on what it remembers.
        """
        if not is_token(token):
            raise not_authenticated()
        if not self.is_in_touch():
            await self._reader.catch_up()
        return await self._find(token_hash(token))

    async def check(self, caller: Caller) -> None:
        """That the caller's session still lives. Raises Denied `not_authenticated`, or NoLeader
        when this node is cut off."""
        if not self.is_in_touch():
            await self._reader.catch_up()
        await self._find(caller.token_hash)

    async def _find(self, hashed: str) -> Caller:
        key = Key(Session.KIND, (hashed,))
        session = self._node.row_in_memory(key) or (await self._node.rows((key,))).get(key)
        if session is None:
            await self._reader.catch_up()
            session = (await self._node.rows((key,))).get(key)
        if session is None:
            raise not_authenticated()
        assert isinstance(session, Session), "a session key holds a session"
        if not self._is_live(session):
            raise not_authenticated()
        return _caller(session)

    def authenticate_at_once(self, token: str) -> Caller | None:
        """Who holds `token`, if that can be said without waiting; None says nothing."""
        if not is_token(token) or not self.is_in_touch():
            return None
        session = self._node.row_in_memory(Key(Session.KIND, (token_hash(token),)))
        if not isinstance(session, Session) or not self._is_live(session):
            return None
        return _caller(session)

    def is_in_touch(self) -> bool:
        """Whether this node has heard from its leader within the last second."""
        return self._node.leader_contact_age_s <= LEADER_CONTACT_AGE_S_MAX

    def _is_live(self, session: Session) -> bool:
        return session.ended_at_ms is None and self._clock.now_ms() < session.expires_at_ms

    async def _verify(self, password: str, account: Account | None) -> bool:
        return await self._passwords.verify(
            password, None if account is None else account.password_hash
        )

    async def _account_of_email(self, email: str) -> Account | None:
        claim_key = Key(NameClaim.KIND, ("email", email))
        claim = (await self._node.rows((claim_key,))).get(claim_key)
        if not isinstance(claim, NameClaim) or not claim.holder_id:
            return None
        account_key = Key(Account.KIND, (claim.holder_id,))
        account = (await self._node.rows((account_key,))).get(account_key)
        return account if isinstance(account, Account) else None

    async def _open(self, account: Account) -> At[SignedIn]:
        now_ms = self._clock.now_ms()
        token = self._new_token()
        opened = await self._proposer.propose(
            OpenSession(
                id=self._ids.new_id(now_ms),
                at_ms=now_ms,
                actor_id=account.id,
                token_hash=token_hash(token),
                expires_at_ms=now_ms + SESSION_LIFETIME_MS,
                verified_password_hash=account.password_hash,
            )
        )
        session = opened.value.session
        assert session is not None, "OpenSession answers with a session"
        return At(SignedIn(token=token, session=session, account=account), opened.index)


def not_authenticated() -> Denied:
    """Nobody is signed in with what the request carried."""
    return Denied("not_authenticated", "Sign in first: there is no valid session here.")


def _caller(session: Session) -> Caller:
    return Caller(
        account_id=session.account_id,
        token_hash=session.token_hash,
        expires_at_ms=session.expires_at_ms,
    )
