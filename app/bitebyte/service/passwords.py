"""Passwords: what is accepted, and argon2id off the event loop.

Parameters are the first of the three that ASVS 5.0 appendix C allows: 19 MiB, two passes, one
lane; about 20 ms of one core.
"""

import asyncio
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import Final

from argon2 import PasswordHasher
from argon2.exceptions import InvalidHashError, VerificationError
from argon2.low_level import Type

from bitebyte.domain.results import FieldError
from bitebyte.service.errors import Busy, Denied

LENGTH_MIN: Final = 8
LENGTH_MAX: Final = 128
"""A bound, so that nobody makes us hash a megabyte (19 MiB of memory are paid either way)."""

MEMORY_KIB: Final = 19_456
PASSES: Final = 2
LANES: Final = 1

WORKERS: Final = 2
QUEUE_MAX: Final = 64
"""More than about 1.5 s of hashing at once is refused, rather than queued behind orders."""

_COMMON_LINES: Final = """
    12345678 123456789 1234567890 12345678910 123123123 11111111 00000000 88888888 87654321
    987654321 password password1 password12 password123 password! passw0rd p@ssword p@ssw0rd
    qwertyui qwertyuiop qwerty123 qwerty12345 1q2w3e4r 1q2w3e4r5t 1qaz2wsx zaq12wsx qazwsxedc
    asdfghjk asdfghjkl zxcvbnm123 abcd1234 abc12345 a1b2c3d4 aa123456 iloveyou iloveyou1
    sunshine princess football baseball superman michelle jennifer starwars trustno1 whatever
    computer internet welcome1 welcome123 letmein1 letmein123 changeme changeme123 administrator
    admin123 admin1234 adminadmin bitebyte bitebyte1 bitebyte123 bitebyte2026 cocktail bartender
    """
COMMON: Final = frozenset(_COMMON_LINES.split())
"""Those that guessers try first, and those that this product's name suggests."""


def check_password(password: str, *, email: str) -> None:
    """Refuses what would be guessed. No rule about the kinds of characters (ASVS 6.2.5).

    Raises Denied `validation_failed`, pointing at `/password`.
    """
    folded = password.casefold()
    if len(password) < LENGTH_MIN or len(password) > LENGTH_MAX:
        reason = f"must have {LENGTH_MIN} to {LENGTH_MAX} characters"
    elif folded in COMMON:
        reason = "is one of the most common passwords: choose another"
    elif folded in (email.casefold(), email.casefold().partition("@")[0]):
        reason = "must not be your e-mail address"
    else:
        return
    raise Denied(
        "validation_failed",
        "The password cannot be used.",
        errors=(FieldError(pointer="/password", message=reason),),
    )


class Passwords:
    """Hashes and verifies in two threads behind a queue of 64.

    argon2 releases the interpreter lock, so the event loop keeps turning meanwhile.
    """

    def __init__(self) -> None:
        self._hasher = PasswordHasher(
            time_cost=PASSES, memory_cost=MEMORY_KIB, parallelism=LANES, type=Type.ID
        )
        self._pool = ThreadPoolExecutor(WORKERS, thread_name_prefix="argon2")
        self._waiting = 0
        self._decoy_hash = self._hasher.hash("nobody has this password")

    async def hash(self, password: str) -> str:
        """The PHC string of `password`. Raises Busy when the queue is full."""
        return await self._in_pool(self._hash_now, password, "")

    async def verify(self, password: str, password_hash: str | None) -> bool:
        """Whether `password` made `password_hash`.

        None takes the time of a real comparison and is False, so that the answer for an
        unknown account costs the same. Raises Busy when the queue is full.
        """
        verdict = await self._in_pool(self._verify_now, password, password_hash or self._decoy_hash)
        return verdict == "match" and password_hash is not None

    def close(self) -> None:
        """Lets the threads end after what they are doing."""
        self._pool.shutdown(wait=False, cancel_futures=True)

    async def _in_pool(
        self, work: Callable[[str, str], str], password: str, password_hash: str
    ) -> str:
        if self._waiting >= QUEUE_MAX:
            raise Busy("Too many people are signing in at this moment. Try again in a second.")
        self._waiting += 1
        try:
            loop = asyncio.get_running_loop()
            return await loop.run_in_executor(self._pool, work, password, password_hash)
        finally:
            self._waiting -= 1

    def _hash_now(self, password: str, _: str) -> str:
        return self._hasher.hash(password)

    def _verify_now(self, password: str, password_hash: str) -> str:
        try:
            self._hasher.verify(password_hash, password)
        except (VerificationError, InvalidHashError):
            return "mismatch"
        return "match"
