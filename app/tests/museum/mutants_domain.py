"""Bugs in the state machine: replicas that differ, and stock that does not add up."""

from edits import Edit, mutant

from bitebyte.domain import idempotency, order_transitions, ordering
from bitebyte.node.applier import Applier

MUTANTS = (
    mutant(
        "the state machine asks its own clock",
        "reliability: now() in apply",
        Edit(
            ordering._accept,
            "at_ms = command.at_ms\n",
            'at_ms = command.at_ms + __import__("time").perf_counter_ns() % 1000\n',
        ),
    ),
    mutant(
        "idempotency records expire by the wall clock",
        "raft-dev on thesis §6.3; reliability trap 9",
        Edit(
            idempotency.apply_once,
            "command.at_ms - record.created_at_ms <= IDEMPOTENCY_WINDOW_MS",
            '__import__("time").time_ns() // 1_000_000 - record.created_at_ms'
            " <= IDEMPOTENCY_WINDOW_MS",
        ),
    ),
    mutant(
        "a repeated request is run again",
        "redisraft #659; ra #145",
        Edit(idempotency.apply_once, "record is not None and", "False and"),
    ),
    mutant(
        "an order does not count what others have reserved",
        "jepsen: last bottle sold twice",
        Edit(
            ordering._place_order,
            "available = ingredient.on_hand - ingredient.reserved",
            "available = ingredient.on_hand",
        ),
    ),
    mutant(
        "a rejected order keeps its reservation",
        "stock conservation",
        Edit(
            order_transitions._end_reservation,
            "ingredient.reserved - quantity,",
            "ingredient.reserved - leaves,",
        ),
    ),
    # What a member has applied after its restart differs from what it applied before.
    mutant(
        "log time starts anew with the process",
        "reliability: expiry by log time",
        Edit(Applier.__init__, "self.log_time_ms = log_time_ms", "self.log_time_ms = 0"),
    ),
)
