"""One name for all the ways in which a database is not there for us right now."""

import contextlib
from collections.abc import Generator

import asyncpg

from bitebyte.repository.errors import DatabaseUnavailable

_WAYS_TO_BE_UNAVAILABLE = (
    OSError,  # no server, a broken socket, a timeout of ours
    asyncpg.InterfaceError,  # the driver's word for a connection that is gone
    asyncpg.PostgresConnectionError,
    asyncpg.InvalidAuthorizationSpecificationError,
    asyncpg.InvalidCatalogNameError,
    asyncpg.InsufficientResourcesError,  # too many connections, disk full, out of memory
    asyncpg.OperatorInterventionError,  # shutting down, starting up, statement timeout
    asyncpg.LockNotAvailableError,
)


@contextlib.contextmanager
def reaching_the_database() -> Generator[None]:
    """Around whatever talks to the server: turns its absence into DatabaseUnavailable.

    An error in a statement of ours is our own bug and passes through.
    """
    try:
        yield
    except _WAYS_TO_BE_UNAVAILABLE as error:
        if isinstance(error, ValueError) and not isinstance(
            error, asyncpg.ClientConfigurationError
        ):
            raise  # an argument of ours that its type can't hold
        reason = str(error) or type(error).__name__
        raise DatabaseUnavailable(f"the database is not available: {reason}") from error
