"""`python -m bitebyte.simulation`: searches seeds for broken invariants.

Exit code 0: nothing found. 1: a run broke an invariant, or a mutant survived. 2: bad usage.
"""

import argparse
import gc
import multiprocessing
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import msgspec

from bitebyte.simulation import museum
from bitebyte.simulation.expansion import RunOptions, expand
from bitebyte.simulation.plan import Plan, decode_plan, encode_plan
from bitebyte.simulation.run import RunOutcome, run_job, run_plan
from bitebyte.simulation.shrink import shrink
from bitebyte.simulation.trace_text import TraceText

LAST_STEPS = 40
PROGRESS_S = 5.0


def _parse(arguments: list[str]) -> argparse.Namespace:
    parser = argparse.ArgumentParser(
        prog="python -m bitebyte.simulation", description="Searches seeds for broken invariants."
    )
    parser.add_argument("--seeds", type=int, default=200, help="how many seeds (200)")
    parser.add_argument("--first", type=int, default=0, help="the first of them (0)")
    parser.add_argument("--seconds", type=float, help="stop after so much time")
    parser.add_argument("--jobs", type=int, default=1, help="processes (1)")
    parser.add_argument("--mode", choices=["safety", "liveness", "both"], default="both")
    parser.add_argument(
        "--museum", action="store_true", help="plant known bugs one by one and hunt them"
    )
    parser.add_argument("--seed", type=int, help="run this one seed and say how it went")
    parser.add_argument("--replay", type=Path, help="run the plan in this file")
    parser.add_argument("--trace", action="store_true", help="print every step of that run")
    parser.add_argument(
        "--validate", action="store_true", help="have the specification judge every transition"
    )
    parser.add_argument(
        "--transitions", type=Path, help="write the transitions of that run, one JSON object a line"
    )
    parser.add_argument("--plan", action="store_true", help="print the plan of that run")
    parser.add_argument(
        "--shrink-to",
        type=Path,
        default=Path("failing-plan.json"),
        help="where the shrunk plan of a failing seed is written (failing-plan.json)",
    )
    parser.add_argument("--no-shrink", action="store_true", help="do not shrink a failing seed")
    return parser.parse_args(arguments)


def main(arguments: list[str]) -> int:
    """Runs what the arguments say; returns the exit code."""
    options = _parse(arguments)
    if options.museum:
        return museum.show(options.jobs)
    if options.replay is not None:
        return _run_one(decode_plan(options.replay.read_bytes()), options)
    if options.seed is not None:
        return _run_one(expand(options.seed, RunOptions(mode=options.mode)), options)
    return _search(options)


def _run_one(plan: Plan, options: argparse.Namespace) -> int:
    trace = TraceText()
    if options.transitions is not None:
        with options.transitions.open("wb") as transitions:
            outcome = run_plan(plan, trace, validate=True, transitions=transitions)
    else:
        outcome = run_plan(plan, trace, validate=options.validate)
    if options.plan:
        print(encode_plan(plan).decode())
    if options.trace:
        print("\n".join(trace.lines))
    elif outcome.violation is not None:
        print("\n".join(trace.lines[-LAST_STEPS:]))
    _print_outcome(outcome)
    return 0 if outcome.is_ok else 1


def _print_outcome(outcome: RunOutcome) -> None:
    print(
        f"seed {outcome.plan.seed} ({outcome.plan.mode}): {outcome.step_count} steps in"
        f" {outcome.simulated_s:.1f} simulated seconds, {outcome.elections} elections,"
        f" {outcome.crashes} crashes, {outcome.committed} entries committed,"
        f" {outcome.answered} operations answered, digest {outcome.digest}"
    )
    if outcome.violation is not None:
        violation = outcome.violation
        print(f"BROKEN at step {violation.step}: {violation.invariant}: {violation.message}")


def _search(options: argparse.Namespace) -> int:
    started_s = told_s = time.monotonic()
    seeds_done = 0
    for outcome in _outcomes(options):
        seeds_done += 1
        now_s = time.monotonic()
        if outcome.violation is not None:
            _print_failure(outcome, options)
            return 1
        if now_s - told_s > PROGRESS_S:
            told_s = now_s
            print(_rate(seeds_done, now_s - started_s), flush=True)
        if options.seconds is not None and now_s - started_s > options.seconds:
            break
    print(_rate(seeds_done, time.monotonic() - started_s) + ", no invariant broken")
    return 0


def _rate(seeds: int, seconds: float) -> str:
    return f"{seeds} seeds, {60 * seeds / max(seconds, 0.001):.0f} a minute"


def _outcomes(options: argparse.Namespace) -> Iterator[RunOutcome]:
    seeds = range(options.first, options.first + options.seeds)
    run_options = RunOptions(mode=options.mode)
    if options.jobs == 1:
        gc.freeze()
        for seed in seeds:
            yield run_plan(expand(seed, run_options), validate=options.validate)
        return
    with multiprocessing.get_context("spawn").Pool(options.jobs) as pool:
        yield from pool.imap_unordered(
            run_job, ((seed, run_options, options.validate) for seed in seeds), chunksize=4
        )


def _print_failure(outcome: RunOutcome, options: argparse.Namespace) -> None:
    plan, violation = outcome.plan, outcome.violation
    assert violation is not None
    trace = TraceText()
    run_plan(plan, trace, validate=options.validate)
    print(encode_plan(plan).decode())
    print(f"The last {LAST_STEPS} steps of it:")
    print("\n".join(trace.lines[-LAST_STEPS:]))
    _print_outcome(outcome)
    mode = "" if options.mode == "both" else f" --mode {options.mode}"
    mode += " --validate" if options.validate else ""
    print(f"Again:   python -m bitebyte.simulation --seed {plan.seed}{mode} --trace", flush=True)
    if options.no_shrink:
        return
    shrunk = shrink(plan, lambda smaller: _breaks(smaller, violation.invariant, options.validate))
    options.shrink_to.write_bytes(encode_plan(shrunk.plan))
    print(
        f"Shrunk in {shrunk.runs} runs to {len(shrunk.plan.faults)} faults and"
        f" {len(shrunk.plan.operations)} operations."
    )
    validate = " --validate" if options.validate else ""
    print(f"Smaller: python -m bitebyte.simulation --replay {options.shrink_to}{validate} --trace")


def _breaks(plan: Plan, invariant: str, validate: bool) -> bool:
    violation = run_plan(plan, validate=validate).violation
    return violation is not None and violation.invariant == invariant


if __name__ == "__main__":
    try:
        sys.exit(main(sys.argv[1:]))
    except (OSError, msgspec.DecodeError, museum.MuseumClosed) as error:
        sys.exit(f"{error}")
