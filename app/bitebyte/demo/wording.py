"""What the demo prints. Pure: facts in, lines out."""

import enum
from collections.abc import Sequence

import msgspec

from bitebyte.demo.bar_loader import BAR_NAME, BAR_SLUG, GUEST, MERCHANT
from bitebyte.demo.cluster_view import MemberReport
from bitebyte.demo.plan import DemoOptions, NodePlan


class ProcessState(enum.StrEnum):
    """A node's process as its keeper sees it."""

    STARTING = "starting"
    RUNNING = "running"
    WAITING = "waiting"
    """It ended and will be started again."""
    STOPPED = "stopped"


class NodeSight(msgspec.Struct, frozen=True, kw_only=True):
    """All that is known of one node at one moment."""

    plan: NodePlan
    process: ProcessState
    pid: int | None
    member: MemberReport | None
    """The node's own place in the cluster; None while it does not answer."""
    term: int | None


class StatusLine(msgspec.Struct, frozen=True):
    """One line, and the part of it whose change is news where lines cannot be refreshed."""

    text: str
    gist: str


def status_line(sight: NodeSight) -> StatusLine:
    """A node's line: where it is, what it is, how far it has come."""
    plan, member = sight.plan, sight.member
    pid = f"pid {sight.pid}" if sight.pid is not None else ""
    if sight.process in (ProcessState.WAITING, ProcessState.STOPPED):
        word = "down, will be restarted" if sight.process is ProcessState.WAITING else "stopped"
    elif member is None:
        word = "starting" if sight.process is ProcessState.STARTING else "does not answer"
    else:
        word = f"{member.role:<10} term {sight.term}"
    head = f"{plan.name}  {plan.url}  {word}"
    gist = f"{head}  {pid}".rstrip()
    if member is None or sight.process in (ProcessState.WAITING, ProcessState.STOPPED):
        return StatusLine(text=gist, gist=gist)
    applied = "?" if member.applied_index is None else f"{member.applied_index:,}"
    lag = "?" if member.lag is None else f"{member.lag:,}"
    return StatusLine(text=f"{head}  applied {applied}  lag {lag}  {pid}", gist=gist)


def welcome(options: DemoOptions, plans: Sequence[NodePlan]) -> str:
    """What to open, who to be and what to try."""
    lines = [
        "",
        f"{BAR_NAME} is open. Any of the three nodes serves it:",
        "",
        *(f"  {plan.name}    {plan.url}" for plan in plans),
        "",
        f"  guest     {GUEST.email:<24} {GUEST.password}",
        f"  merchant  {MERCHANT.email:<24} {MERCHANT.password}",
        "",
    ]
    if options.site_dir is None:
        lines += [
            "  The site is not built, so the nodes serve the API only: run `make setup` for it.",
            f"  The menu: {plans[0].url}/api/v1/bars/{BAR_SLUG}/menu",
            "",
        ]
    lines += [
        "  Try: order as the guest at one node and watch the merchant's board at another. Then",
        "  kill the leader for real (kill -9 and the pid in its line) and go on ordering.",
        f"  Ctrl-C stops everything; what was ordered stays in {options.data_dir}.",
        "",
    ]
    return "\n".join(lines)


def ending(return_code: int) -> str:
    """How a process ended, for people. asyncio tells a signal as a negative code."""
    if return_code < 0:
        return f"was ended by signal {-return_code}"
    known = {
        0: "stopped by itself",
        2: "refused its configuration",
        3: "was refused by its database",
        4: "failed while running",
    }
    return known.get(return_code, f"ended with exit code {return_code}")
