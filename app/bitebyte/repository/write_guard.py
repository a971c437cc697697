"""What makes a writer refuse everything after its first failure."""

import contextlib
from collections.abc import Generator

import asyncpg

from bitebyte.repository.errors import WriteFailed


class WriteGuard:
    """Lets one write at a time through, and none after one that failed or was cancelled.

    A failed fsync can't be repeated: the kernel may have dropped the pages and will report
    success the next time. A cancelled or broken commit may or may not be on disk. In all of
    these only a restart finds out what is there.
    """

    def __init__(self, what: str) -> None:
        self._what = what
        self._failure: BaseException | None = None
        self._is_writing = False

    @contextlib.contextmanager
    def writing(self) -> Generator[None]:
        """Around each write. Raises WriteFailed for whatever the database or the connection to
        it reports, and at once if an earlier write failed."""
        if self._failure is not None:
            raise WriteFailed(f"{self._what} failed before") from self._failure
        assert not self._is_writing, "one write at a time"
        self._is_writing = True
        try:
            yield
        except BaseException as error:
            self._failure = error
            if isinstance(error, asyncpg.PostgresError):
                vars(error)["detail"] = None  # it repeats whole rows, and this ends up in logs
            if isinstance(error, (OSError, asyncpg.PostgresError, asyncpg.InterfaceError)):
                raise WriteFailed(f"{self._what} failed: {error}") from error
            raise
        finally:
            self._is_writing = False
