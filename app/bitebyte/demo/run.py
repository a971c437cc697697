"""Runs the demo: start, wait, load the bar, watch, stop."""

import asyncio
import signal
import sys
import threading
from collections.abc import Sequence

from bitebyte.demo import stock_file
from bitebyte.demo.bar_loader import is_bar_there, load_bar
from bitebyte.demo.cluster_file import ClusterFile
from bitebyte.demo.cluster_view import (
    ClusterReport,
    NotAClusterReport,
    merge,
    parse_report,
)
from bitebyte.demo.data_folder import hold, read_or_draw_cluster, rotate_log, write_cluster
from bitebyte.demo.errors import DemoError, NodesNotReady
from bitebyte.demo.keeper import NodeKeeper
from bitebyte.demo.plan import DemoOptions, NodePlan, decide_bootstrap, node_command, plan_nodes
from bitebyte.demo.ports import check_ports
from bitebyte.demo.public_api import PublicApi, Unreachable, call
from bitebyte.demo.screen import Screen
from bitebyte.demo.wording import NodeSight, ProcessState, status_line, welcome

READY_DEADLINE_S = 180.0
"""The first start initialises three databases; two busy cores need a fraction of this."""
LOAD_DEADLINE_S = 30.0
"""For one request of the loader, over all nodes: several elections long."""
LOOK_INTERVAL_S = 1.0
LOOK_TIMEOUT_S = 1.5
"""For one node's answer when it is only looked at."""


def run_demo(options: DemoOptions, screen: Screen) -> None:
    """Runs until Ctrl-C or SIGTERM, then returns with everything stopped.

    Raises DemoError, likewise with everything stopped.
    """
    with hold(options.data_dir):
        cluster = read_or_draw_cluster(options.data_dir)
        plans = plan_nodes(options, cluster)
        for plan in plans:
            decide_bootstrap(plan, cluster, has_database=plan.database_marker_path.exists())
        check_ports(plans)
        asyncio.run(_Demo(options, screen, cluster, plans).run())


class _Demo:
    """One run. Lives on one event loop; HTTP calls run in threads."""

    def __init__(
        self,
        options: DemoOptions,
        screen: Screen,
        cluster: ClusterFile,
        plans: Sequence[NodePlan],
    ) -> None:
        self._options = options
        self._screen = screen
        self._cluster = cluster
        self._plans = tuple(plans)
        self._stopping = asyncio.Event()
        self._threads_stopping = threading.Event()
        self._keepers = tuple(
            NodeKeeper(plan, command=self._command, say=screen.say, stopping=self._stopping)
            for plan in plans
        )

    async def run(self) -> None:
        loop = asyncio.get_running_loop()
        for number in (signal.SIGINT, signal.SIGTERM):
            loop.add_signal_handler(number, self._stop)
        self._screen.say(
            f"Starting three nodes, each with its own PostgreSQL under {self._options.data_dir}."
        )
        try:
            async with asyncio.TaskGroup() as tasks:
                for keeper in self._keepers:
                    tasks.create_task(keeper.run())
                tasks.create_task(self._serve())
        except ExceptionGroup as group:
            problems, others = group.split(DemoError)
            if problems is None or others is not None:
                raise
            raise _first(problems) from None
        finally:
            self._threads_stopping.set()
        self._screen.say("All nodes have stopped.")

    def _stop(self) -> None:
        if self._stopping.is_set():
            for keeper in self._keepers:
                keeper.kill()
            return
        self._screen.say("Stopping the nodes (once more to kill them).")
        self._stopping.set()
        self._threads_stopping.set()

    def _command(self, plan: NodePlan) -> Sequence[str]:
        is_bootstrap = decide_bootstrap(
            plan, self._cluster, has_database=plan.database_marker_path.exists()
        )
        return node_command(
            plan,
            self._plans,
            python=sys.executable,
            cluster_id=self._cluster.cluster_id,
            site_dir=self._options.site_dir,
            is_bootstrap=is_bootstrap,
        )

    async def _serve(self) -> None:
        try:
            await self._until_ready()
            if self._stopping.is_set():
                return
            await asyncio.to_thread(self._load_bar)
        except DemoError:
            if self._stopping.is_set():
                return  # stopping is what made it fail
            raise
        self._screen.say(welcome(self._options, self._plans))
        while not self._stopping.is_set():
            await self._look()
            for plan in self._plans:
                await asyncio.to_thread(rotate_log, plan.log_path)
            await self._pause(LOOK_INTERVAL_S)

    async def _until_ready(self) -> None:
        """Returns when every node says it is ready, or when the demo stops."""
        loop = asyncio.get_running_loop()
        give_up_at = loop.time() + READY_DEADLINE_S
        while not self._stopping.is_set():
            await self._look()
            answers = await asyncio.gather(
                *(asyncio.to_thread(_why_not_ready, plan) for plan in self._plans)
            )
            if not any(answers) and all(keeper.has_served for keeper in self._keepers):
                return
            if loop.time() > give_up_at:
                named = "; ".join(
                    f"{plan.name}: {why} (see {plan.log_path})"
                    for plan, why in zip(self._plans, answers, strict=True)
                    if why is not None
                )
                raise NodesNotReady(f"not ready after {READY_DEADLINE_S:.0f} s: {named}")
            await self._pause(0.25)

    def _load_bar(self) -> None:
        api = PublicApi(
            [plan.url for plan in self._plans],
            deadline_s=LOAD_DEADLINE_S,
            stopping=self._threads_stopping,
        )
        if self._cluster.is_bar_loaded and is_bar_there(api):
            return
        self._screen.say("Loading the demo bar through the API: menu, thresholds, stock.")
        stock = stock_file.parse_stock(stock_file.stock_csv())
        load_bar(api, menu=stock_file.menu_csv(), stock=stock)
        self._remember(self._cluster.with_bar_loaded())

    async def _look(self) -> None:
        """Asks every node how it is, and shows the answers."""
        reports = await asyncio.gather(*(asyncio.to_thread(_report, plan) for plan in self._plans))
        for keeper, report in zip(self._keepers, reports, strict=True):
            if report is not None and keeper.pid is not None:
                keeper.state = ProcessState.RUNNING
                keeper.has_served = True
                self._remember(self._cluster.with_bootstrapped(keeper.plan.name))
        known = [report for report in reports if report is not None]
        members = {member.name: member for member in merge(known).members} if known else {}
        self._screen.show(
            [
                status_line(
                    NodeSight(
                        plan=keeper.plan,
                        process=keeper.state,
                        pid=keeper.pid,
                        member=members.get(keeper.plan.name) if report is not None else None,
                        term=report.term if report is not None else None,
                    )
                )
                for keeper, report in zip(self._keepers, reports, strict=True)
            ]
        )

    def _remember(self, cluster: ClusterFile) -> None:
        if cluster != self._cluster:
            self._cluster = cluster
            write_cluster(self._options.data_dir, cluster)

    async def _pause(self, seconds: float) -> None:
        try:
            await asyncio.wait_for(self._stopping.wait(), seconds)
        except TimeoutError:
            return


def _report(plan: NodePlan) -> ClusterReport | None:
    try:
        answer = call(plan.url, "GET", "/api/v1/cluster", timeout_s=LOOK_TIMEOUT_S)
        return parse_report(answer.body) if answer.status == 200 else None
    except (Unreachable, NotAClusterReport):
        return None


def _why_not_ready(plan: NodePlan) -> str | None:
    try:
        answer = call(plan.url, "GET", "/readyz", timeout_s=LOOK_TIMEOUT_S)
    except Unreachable as error:
        return str(error)
    return None if answer.status == 200 else answer.text


def _first(group: BaseException) -> BaseException:
    while isinstance(group, BaseExceptionGroup):
        group = group.exceptions[0]
    return group
