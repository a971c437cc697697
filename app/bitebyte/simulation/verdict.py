"""The first thing that went wrong in a run: later ones are mostly its consequences."""

import msgspec


class Violation(msgspec.Struct, frozen=True):
    """An invariant that did not hold, and how that showed."""

    invariant: str
    message: str
    step: int


class Verdict:
    """Collects violations. `step_count` is set by whoever runs the steps."""

    def __init__(self) -> None:
        self.violation: Violation | None = None
        self.step_count = 0

    @property
    def is_over(self) -> bool:
        """Whether anything went wrong."""
        return self.violation is not None

    def report(self, invariant: str, message: str) -> None:
        """Something went wrong. Only the first report counts."""
        if self.violation is None:
            self.violation = Violation(invariant, message, self.step_count)
