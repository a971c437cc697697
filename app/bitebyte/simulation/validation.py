"""Runs under the eyes of the specification, and their transitions as a file."""

from collections.abc import Callable
from typing import BinaryIO

from bitebyte.raft.types import ConfState, Entry
from bitebyte.simulation.specification import Specification
from bitebyte.simulation.specified_member import TransitionRefused
from bitebyte.simulation.trace import Transition, encode_transition
from bitebyte.simulation.verdict import Verdict

BEGINNING = (Entry(term=1, index=1),)
"""The boundary behind which the first configuration of a simulated cluster lies."""


def validate(
    verdict: Verdict, conf_state: ConfState, transitions: BinaryIO | None = None
) -> Callable[[Transition], None]:
    """What takes all transitions of one run, has the specification judge them until something is
    wrong, reports a refusal to `verdict`, and writes each as a line to `transitions`."""
    specification = Specification(conf_state, BEGINNING)

    def record(transition: Transition) -> None:
        if transitions is not None:
            transitions.write(encode_transition(transition))
        if verdict.is_over:
            return
        try:
            specification.accept(transition)
        except TransitionRefused as refusal:
            verdict.report("specification", str(refusal))

    return record
