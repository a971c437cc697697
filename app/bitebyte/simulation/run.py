"""One run: a plan in, an outcome out."""

import contextlib
from collections.abc import Callable, Generator
from functools import partial
from random import Random
from typing import BinaryIO

import msgspec
import structlog

from bitebyte.domain.entities import Order
from bitebyte.domain.invariants import check
from bitebyte.raft.confchange import is_joint
from bitebyte.raft.quorum import Quorum
from bitebyte.raft.types import NONE_ID, ConfState
from bitebyte.simulation import validation
from bitebyte.simulation.buggify import small_bounds
from bitebyte.simulation.churn import leave_joint
from bitebyte.simulation.expansion import RunOptions, expand
from bitebyte.simulation.faults import begin as begin_fault
from bitebyte.simulation.history import Outcome
from bitebyte.simulation.loop import Spinning
from bitebyte.simulation.plan import Fault, Plan
from bitebyte.simulation.trace_text import TraceText
from bitebyte.simulation.transition_observer import Record
from bitebyte.simulation.verdict import Verdict, Violation
from bitebyte.simulation.workload import Workload
from bitebyte.simulation.world import World

SET_UP_S_MAX = 30.0
SETTLE_ELECTIONS_MAX = 40
"""Longest election timeouts after which a healed cluster must be of one mind and take orders."""

POLL_S = 0.05
TICK_S = 0.05


class RunOutcome(msgspec.Struct, frozen=True, kw_only=True):
    """What became of a run."""

    plan: Plan
    violation: Violation | None
    digest: str
    """Equal for equal runs, to the last step of every process."""
    step_count: int
    simulated_s: float
    elections: int
    crashes: int
    snapshots: int
    """Installed anywhere."""
    committed: int
    answered: int
    """Operations whose outcome the client learned."""

    @property
    def is_ok(self) -> bool:
        """Whether nothing was found."""
        return self.violation is None


def run_seed(seed: int, options: RunOptions | None = None) -> RunOutcome:
    """Runs one seed. Never raises for what it finds: `RunOutcome.violation` names the invariant and
    says what was seen. Leaves nothing behind, so it may be called in a loop, and while the
    product is patched."""
    return run_plan(expand(seed, options or RunOptions()))


def run_plan(
    plan: Plan,
    trace: TraceText | None = None,
    *,
    validate: bool = False,
    transitions: BinaryIO | None = None,
) -> RunOutcome:
    """Runs a plan, as `run_seed`; into `trace` goes every step of it. With `validate` the
    executable specification judges every transition of every member, and they are written to
    `transitions`, one a line; the run stays the same, but takes longer."""
    record_for = partial(validation.validate, transitions=transitions) if validate else None
    with _silent_logs(), small_bounds(plan.bounds):
        run = Run(plan, trace, record_for)
        try:
            run.run()
        except Spinning as error:
            run.world.verdict.report("liveness", str(error))
        except AssertionError as error:
            run.world.verdict.report("assertion", _where(error))
        except Exception as error:  # noqa: BLE001  whatever the product raises is a finding
            run.world.verdict.report("unhandled exception", _where(error))
        outcome = run.outcome()
        run.world.close()
        return outcome


def _where(error: BaseException) -> str:
    frame = error.__traceback__
    while frame is not None and frame.tb_next is not None:
        frame = frame.tb_next
    place = "" if frame is None else f" in {frame.tb_frame.f_code.co_qualname}"
    return f"{type(error).__name__}: {error}{place}"


@contextlib.contextmanager
def _silent_logs() -> Generator[None]:
    """The product logs what it does; thousands of runs would drown in it."""
    before = structlog.get_config()
    structlog.configure(
        processors=[_drop],
        logger_factory=structlog.ReturnLoggerFactory(),
        wrapper_class=structlog.BoundLogger,
    )
    try:
        yield
    finally:
        structlog.configure(**before)


def _drop(_logger: object, _method: str, _event: object) -> str:
    raise structlog.DropEvent


class Run:
    """A world, its clients, and the course of the plan."""

    def __init__(
        self,
        plan: Plan,
        trace: TraceText | None = None,
        record_for: Callable[[Verdict, ConfState], Record] | None = None,
    ) -> None:
        self.plan = plan
        self.world = World(plan, trace, record_for=record_for)
        self.workload = Workload(self.world)
        self._ends: dict[int, Callable[[], None]] = {}

    def run(self) -> None:
        """From the first election to the last check."""
        self._set_up()
        self._fault_phase()
        if self.plan.mode == "liveness":
            self._frozen_phase()
        self._heal()
        self._settle()
        self._check_end()

    def outcome(self) -> RunOutcome:
        """What is known so far."""
        world = self.world
        calls = self.workload.history.calls
        return RunOutcome(
            plan=self.plan,
            violation=world.verdict.violation,
            digest=f"{world.invariants.digest:016x}",
            step_count=world.scheduler.step_count,
            simulated_s=world.scheduler.now_s,
            elections=world.invariants.elections,
            crashes=world.crashes,
            snapshots=world.snapshots_installed,
            committed=len(world.invariants.committed),
            answered=sum(call.outcome in (Outcome.OK, Outcome.REFUSED) for call in calls),
        )

    # Phases ----------------------------------------------------------------------------------

    def _set_up(self) -> None:
        self.workload.set_up()
        self._wait(
            lambda: self.workload.is_set_up, SET_UP_S_MAX, "a new cluster opens its first bar"
        )

    def _fault_phase(self) -> None:
        world, plan = self.world, self.plan
        if world.verdict.is_over:
            return
        world.network.options = plan.network
        world.disk_options = plan.disk
        for number, fault in enumerate(plan.faults):
            world.loop.call_later(fault.at_s, self._begin_fault, number, fault)
        self.workload.begin(plan.operations)
        world.run(world.scheduler.now_s + plan.fault_s)

    def _begin_fault(self, number: int, fault: Fault) -> None:
        self.world.note(f"fault begins: {fault}")
        self._ends[number] = begin_fault(self.world, fault)
        self.world.loop.call_later(fault.duration_s, self._end_fault, number)

    def _end_fault(self, number: int) -> None:
        end = self._ends.pop(number, None)
        if end is not None:
            self.world.note(f"fault {number} ends")
            end()

    def _end_faults(self) -> None:
        for number in sorted(self._ends):
            self._end_fault(number)

    def _heal(self) -> None:
        if self.world.verdict.is_over:
            return
        self.world.loop.call_soon(self._heal_now)

    def _heal_now(self) -> None:
        self._end_faults()
        self.world.network.heal()
        for member in self.world.members.values():
            self.world.start(member)

    def _frozen_phase(self) -> None:
        """Some quorum is healthy and connected; whatever is wrong with the rest stays wrong."""
        world = self.world
        if world.verdict.is_over:
            return
        random = world.random("frozen")
        core, rest = self._draw_core(random)
        world.loop.call_soon(self._freeze, core, rest)
        before = len(world.invariants.committed)
        probes = self.workload.probe(core)
        self._wait(
            lambda: probes.answered > 0 and len(world.invariants.committed) > before,
            self._bound_s,
            f"one of {core} takes an order",
        )
        probes.is_over = True

    def _draw_core(self, random: Random) -> tuple[list[int], list[int]]:
        """A random set of members that is a quorum whatever configuration is in force, and those
        that need not be well. Who has lost entries has no vote, and who was never told of a
        configuration has none yet, even where others count it as a voter already."""
        members = self.world.members
        voteless = self.world.invariants.forgetful_ids | {
            member.id for member in members.values() if not member.disk.conf_state.voters
        }
        core = sorted(members)
        rest: list[int] = []
        quorums = [Quorum(conf_state) for conf_state in self.world.configurations()]
        for member_id in random.sample(core, len(core)):
            smaller = [other for other in core if other != member_id]
            voting = [other for other in smaller if other not in voteless]
            if all(quorum.is_reached_by(voting) for quorum in quorums):
                core = smaller
                rest.append(member_id)
        return core, sorted(rest)

    def _freeze(self, core: list[int], rest: list[int]) -> None:
        world = self.world
        random = world.random("freeze")
        self._end_faults()
        world.network.heal()
        for member_id in core:
            world.start(world.members[member_id])
        links = [(a, b) for a in rest for b in (*core, *rest) if a != b]
        links += [(b, a) for a in rest for b in core]
        world.network.cut([link for link in links if random.random() < 0.6])
        for member_id in rest:
            if random.random() < 0.3:
                world.crash(world.members[member_id])
                world.members[member_id].is_held_down = True

        def release() -> None:
            for member_id in rest:
                world.members[member_id].is_held_down = False

        self._ends[-1] = release

    @property
    def _bound_s(self) -> float:
        election_ticks = self.plan.raft.get("election_ticks", 12)
        return SETTLE_ELECTIONS_MAX * 2 * election_ticks * TICK_S

    def _settle(self) -> None:
        """Everything is well again: one leader, everybody equal, and orders are taken."""
        bound_s = self._bound_s
        self._wait(self._is_not_joint, bound_s, "no configuration stays joint")
        self._wait(
            lambda: self.workload.busy_clients == 0,
            bound_s + 2 * self.plan.fault_s + 60,
            "all clients finish",
        )
        self._wait(self._is_of_one_mind, bound_s, "all members are equal after all faults ended")
        probes = self.workload.probe([member.id for member in self.world.participants()])
        self._wait(
            lambda: probes.answered == probes.count,
            bound_s,
            "every member takes an order after all faults ended",
        )
        self._wait(self._is_flushed, bound_s, "all members flush the same state")

    def _wait(self, condition: Callable[[], bool], bound_s: float, what: str) -> None:
        world = self.world
        deadline_s = world.scheduler.now_s + bound_s
        while not world.verdict.is_over and not condition():
            if world.scheduler.now_s >= deadline_s:
                world.verdict.report("liveness", f"within {bound_s:g} s did not happen: {what}")
                return
            world.run(world.scheduler.now_s + POLL_S)

    def _is_not_joint(self) -> bool:
        """As an operator would, asks for the leaving of a joint configuration that stays."""
        leader = self.world.leader()
        if leader is None or leader.life is None:
            return False
        if not is_joint(leader.life.process.raw.conf_state):
            return True
        leave_joint(self.world, leader)
        return False

    def _is_of_one_mind(self) -> bool:
        members = self.world.participants()
        raws = [m.life.process.raw for m in members if m.life is not None]
        nodes = [member.node for member in members]
        if None in nodes or len(raws) < len(members):
            return False
        leaders = {raw.leader_id for raw in raws}
        if len(leaders) != 1 or NONE_ID in leaders:
            return False
        minds = {(raw.last_index, raw.commit_index, raw.conf_state) for raw in raws}
        applied = {node.applied_index for node in nodes if node is not None}
        return len(minds) == len(applied) == 1 and all(
            raw.commit_index == raw.last_index for raw in raws
        )

    def _is_flushed(self) -> bool:
        last = len(self.world.invariants.committed)
        return all(m.disk.applied_index == last for m in self.world.participants())

    # The end ---------------------------------------------------------------------------------

    def _check_end(self) -> None:
        """What is on the disks is the state of the log, sound, and holds what was promised."""
        world = self.world
        verdict = world.verdict
        if verdict.is_over:
            return
        self.workload.history.check_stock()
        expected = world.oracle.state.rows
        for member in world.participants():
            if member.disk.rows != expected:
                different = sorted(
                    f"{key.kind} {'/'.join(key.parts)}"
                    for key in expected.keys() | member.disk.rows.keys()
                    if expected.get(key) != member.disk.rows.get(key)
                )
                verdict.report(
                    "rows are those of the log", f"member {member.id} differs in {different[:5]}"
                )
        for broken in check(expected.values()):
            verdict.report("the state is sound", broken)
        order_ids = {row.id for row in expected.values() if isinstance(row, Order)}
        for order in self.workload.acked_orders:
            if order.id not in order_ids:
                verdict.report("confirmed orders never vanish", f"order {order.id} is gone")
        if len(order_ids) != len(world.oracle.order_of_key):
            verdict.report(
                "exactly once",
                f"{len(order_ids)} orders for {len(world.oracle.order_of_key)} idempotency keys",
            )


def run_job(job: tuple[int, RunOptions, bool]) -> RunOutcome:
    """One seed in a process of its own: seed, options, and whether the specification judges it.

    It stands here because a fresh process cannot look into a module that was started as a program.
    """
    seed, options, validate = job
    return run_plan(expand(seed, options), validate=validate)
