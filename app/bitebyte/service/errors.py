"""Why a use case did not happen.

ServiceError
├── Denied            refused for a reason that its caller can act on; nothing changed
└── Busy              this node has too much of one kind of work at once; nothing changed
"""

from bitebyte.domain.results import FieldError, Refused, Shortage


class ServiceError(Exception):
    """Anything that a use case refuses."""


class Denied(ServiceError):
    """A refusal with a stable snake_case `code` and a `detail` made for people.

    `index` is the log index at which the domain refused, when it came to that; `retry_after_s`
    says when asking again may help.
    """

    def __init__(
        self,
        code: str,
        detail: str,
        *,
        errors: tuple[FieldError, ...] = (),
        shortages: tuple[Shortage, ...] = (),
        current_version: int | None = None,
        is_replay: bool = False,
        index: int | None = None,
        retry_after_s: int | None = None,
    ) -> None:
        super().__init__(f"{code}: {detail}")
        self.code = code
        self.detail = detail
        self.errors = errors
        self.shortages = shortages
        self.current_version = current_version
        self.is_replay = is_replay
        self.index = index
        self.retry_after_s = retry_after_s

    @classmethod
    def from_refused(cls, refused: Refused, index: int) -> "Denied":
        """What the state machine refused at `index`."""
        return cls(
            refused.code,
            refused.detail,
            errors=refused.errors,
            shortages=refused.shortages,
            current_version=refused.current_version,
            is_replay=refused.is_replay,
            index=index,
        )


class Busy(ServiceError):
    """A bounded queue of this node is full. Nothing was written."""
