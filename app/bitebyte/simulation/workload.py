"""Clients of the bar: they order, restock, move orders along and look, through any member.

They behave as the API's clients have to: a repeat after an unknown outcome carries the same
idempotency key and may go to another member; an answer is believed for good. Every step is
recorded in a `History`.
"""

import asyncio
from collections.abc import Awaitable, Callable, Coroutine
from random import Random
from typing import Any, TypeVar

from bitebyte.domain import commands as c
from bitebyte.domain.entities import Ingredient, Order, OrderStatus
from bitebyte.domain.results import Accepted, Result
from bitebyte.domain.rows import ingredient_key, order_key
from bitebyte.node.node import Node
from bitebyte.node.types import NodeError, OutcomeUnknown
from bitebyte.simulation.client_history import SERVING_BASE, Call, ClientHistory
from bitebyte.simulation.loop import SimulatedLoop
from bitebyte.simulation.plan import Operation
from bitebyte.simulation.world import Member, World

T = TypeVar("T")

START_MS = 1_764_000_000_000
BUSINESS_DAY = "2025-11-24"
PRODUCT_COUNT = 3
PROPOSE_TIMEOUT_S = 1.0
SET_UP_TIMEOUT_S = 15.0
HANG_UP_S = 1.0
"""A client hangs up so long after a member should have answered; it may still be at work."""

ATTEMPTS_MAX = 6
SET_UP_CLIENT = -1
PROBE_CLIENT = -2
LATENCY_S_MAX = 0.001

NEXT_STATUS = {
    OrderStatus.PLACED: OrderStatus.ACCEPTED,
    OrderStatus.ACCEPTED: OrderStatus.PREPARING,
    OrderStatus.PREPARING: OrderStatus.READY,
    OrderStatus.READY: OrderStatus.COMPLETED,
}


class NotAsked(Exception):
    """There was nobody to connect to, or the member said that nothing was written."""


class NotKnown(Exception):
    """The outcome is not known: hung up, cut off, or told so."""


class Bar:
    """The ids of what the clients work with."""

    def __init__(self) -> None:
        self.merchant_id = ""
        self.guest_ids: list[str] = []
        self.bar_id = ""
        self.ingredient_ids: list[str] = []
        self.product_ids: list[str] = []


class Probes:
    """Orders that show who makes progress."""

    def __init__(self, count: int) -> None:
        self.count = count
        self.answered = 0
        self.is_over = False
        """Nobody waits for the rest of them."""


class Workload:
    """All clients of one run. `history` holds what they saw."""

    def __init__(self, world: World) -> None:
        self.world = world
        self.history = ClientHistory(world.verdict, world.oracle, world.note)
        self.bar = Bar()
        self.is_set_up = False
        self.busy_clients = 0
        self.acked_orders: list[Order] = []
        self._loop = SimulatedLoop(world.scheduler, "clients")
        world.other_loops.append(self._loop)
        self._random = world.random("clients")
        self._ids = world.random("ids")
        self._order_versions: dict[str, Order] = {}
        self._ingredient_of: dict[str, str] = {}
        self._probe_count = 0
        self._tasks: list[asyncio.Task[None]] = []

    # The start -------------------------------------------------------------------------------

    def set_up(self) -> None:
        """Opens the bar; `is_set_up` says when it is done."""
        self._loop.call_soon(self._spawn, self._open_bar)

    def begin(self, operations: tuple[Operation, ...]) -> None:
        """Lets the clients do their operations, times counted from now."""
        start_s = self._loop.time()
        for client in sorted({operation.client for operation in operations}):
            own = [operation for operation in operations if operation.client == client]
            self.busy_clients += 1
            self._loop.call_soon(self._spawn, self._run_client, own, start_s)

    def probe(self, member_ids: list[int]) -> "Probes":
        """Lets each of these members take an order, however often it has to be asked."""
        probes = Probes(len(member_ids))
        for member_id in member_ids:
            member = self.world.members[member_id]
            self._loop.call_soon(self._spawn, self._probe, member, probes)
        return probes

    async def _probe(self, member: Member, probes: "Probes") -> None:
        self._probe_count += 1
        key = f"probe-{self._probe_count}"
        call = self.history.invoke(PROBE_CLIENT, "reserve", self.bar.ingredient_ids[0], 1)
        while not probes.is_over:
            command = self._ordering(self.bar.guest_ids[0], 0, 1, key)
            try:
                result, index = await self._propose(member, command)
            except (NotAsked, NotKnown):
                await asyncio.sleep(0.1)
            else:
                self.history.end(call, index, result)
                probes.answered += 1
                return

    def _spawn(self, work: Callable[..., Coroutine[Any, Any, None]], *arguments: object) -> None:
        task = self._loop.create_task(work(*arguments))
        task.add_done_callback(self._on_done)
        self._tasks.append(task)

    def _on_done(self, task: asyncio.Task[None]) -> None:
        error = task.exception()
        if error is not None:
            self.world.verdict.report("a client failed", f"{type(error).__name__}: {error}")

    async def _open_bar(self) -> None:
        bar = self.bar
        bar.merchant_id = await self._register("merchant", "merchant")
        for number in range(self.world.plan.client_count):
            bar.guest_ids.append(await self._register(f"guest-{number}", "customer"))
        created = await self._certainly(
            lambda: c.CreateBar(
                id=self._new_id(),
                at_ms=self._now_ms(),
                actor_id=bar.merchant_id,
                name="Night Owl",
                slug="night-owl",
                currency="EUR",
                timezone="Europe/Berlin",
            )
        )
        assert created.bar is not None
        bar.bar_id = created.bar.id
        for number in range(PRODUCT_COUNT):
            await self._stock_product(number)
        self.is_set_up = True

    async def _register(self, name: str, role: str) -> str:
        account = await self._certainly(
            lambda: c.RegisterAccount(
                id=self._new_id(),
                at_ms=self._now_ms(),
                email=f"{name}@example.org",
                display_name=name,
                role=role,
                password_hash="$argon2id$",
            )
        )
        assert account.account is not None
        return account.account.id

    async def _stock_product(self, number: int) -> None:
        """One ingredient with a little of it, and one product that takes a serving of it."""
        bar = self.bar
        created = await self._certainly(
            lambda: c.CreateIngredient(
                id=self._new_id(),
                at_ms=self._now_ms(),
                actor_id=bar.merchant_id,
                bar_id=bar.bar_id,
                name=f"Ingredient {number}",
                unit="ml",
                base_unit="ul",
                tracking="exact",
                threshold_base=2 * SERVING_BASE,
                threshold_amount="20",
                threshold_unit="ml",
            )
        )
        assert created.ingredient is not None
        ingredient_id = created.ingredient.id
        bar.ingredient_ids.append(ingredient_id)
        servings = self.world.plan.stock_servings
        call = self.history.invoke(SET_UP_CLIENT, "restock", ingredient_id, servings)
        result, index = await self._certainly_at(
            lambda: self._restocking(number, servings, f"first-{number}")
        )
        self.history.end(call, index, result)
        product = await self._certainly(
            lambda: c.CreateProduct(
                id=self._new_id(),
                at_ms=self._now_ms(),
                actor_id=bar.merchant_id,
                bar_id=bar.bar_id,
                name=f"Drink {number}",
                section="Drinks",
                description="",
                price_minor=900,
                recipe=(
                    c.RecipeLineInput(
                        ingredient_id=ingredient_id,
                        amount="10",
                        unit="ml",
                        base_unit="ul",
                        quantity_base=SERVING_BASE,
                    ),
                ),
            )
        )
        assert product.product is not None
        bar.product_ids.append(product.product.id)

    async def _certainly(self, make: Callable[[], c.AnyCommand]) -> Accepted:
        """Before the faults begin: asks until somebody takes it."""
        return (await self._certainly_at(make))[0]

    async def _certainly_at(self, make: Callable[[], c.AnyCommand]) -> tuple[Accepted, int]:
        member_ids = sorted(self.world.members)
        for attempt in range(50):
            member = self.world.members[member_ids[attempt % len(member_ids)]]
            try:
                result, index = await self._propose(member, make(), SET_UP_TIMEOUT_S)
            except NotAsked:
                await asyncio.sleep(0.1)
                continue
            assert isinstance(result, Accepted), result
            return result, index
        raise AssertionError("the cluster takes no commands though nothing is wrong")

    # Clients ---------------------------------------------------------------------------------

    async def _run_client(self, operations: list[Operation], start_s: float) -> None:
        for number, operation in enumerate(operations):
            wait_s = start_s + operation.at_s - self._loop.time()
            if wait_s > 0:
                await asyncio.sleep(wait_s)
            await self._operate(operation, f"c{operation.client}-{number}")
        self.busy_clients -= 1

    async def _operate(self, operation: Operation, key: str) -> None:
        match operation.kind:
            case "order":
                await self._order(operation, key)
            case "restock":
                await self._restock(operation, key)
            case "advance" | "reject":
                await self._move(operation, key)
            case "read_stock":
                await self._read_stock(operation)
            case "read_own":
                await self._read_own(operation)
            case kind:
                raise AssertionError(f"no operation is called {kind}")

    async def _order(self, operation: Operation, key: str) -> None:
        product = operation.target % PRODUCT_COUNT
        actor_id = self.bar.guest_ids[operation.client % len(self.bar.guest_ids)]

        call = self.history.invoke(
            operation.client, "reserve", self.bar.ingredient_ids[product], operation.quantity
        )
        result = await self._repeat(
            operation, call, lambda: self._ordering(actor_id, product, operation.quantity, key)
        )
        if isinstance(result, Accepted) and result.order is not None:
            self.acked_orders.append(result.order)
            self._order_versions[result.order.id] = result.order
            self._ingredient_of[result.order.id] = self.bar.ingredient_ids[product]

    def _ordering(self, actor_id: str, product: int, quantity: int, key: str) -> c.PlaceOrder:
        return c.PlaceOrder(
            id=self._new_id(),
            at_ms=self._now_ms(),
            actor_id=actor_id,
            bar_id=self.bar.bar_id,
            lines=(c.OrderLineInput(self.bar.product_ids[product], quantity),),
            idempotency_key=key,
            request_hash=f"{product}x{quantity}",
            business_day=BUSINESS_DAY,
        )

    async def _restock(self, operation: Operation, key: str) -> None:
        number = operation.target % PRODUCT_COUNT
        call = self.history.invoke(
            operation.client, "restock", self.bar.ingredient_ids[number], operation.quantity
        )
        await self._repeat(
            operation, call, lambda: self._restocking(number, operation.quantity, key)
        )

    def _restocking(self, number: int, servings: int, key: str) -> c.RecordStockMovement:
        return c.RecordStockMovement(
            id=self._new_id(),
            at_ms=self._now_ms(),
            actor_id=self.bar.merchant_id,
            bar_id=self.bar.bar_id,
            ingredient_id=self.bar.ingredient_ids[number],
            kind="receive",
            quantity_base=servings * SERVING_BASE,
            amount=str(10 * servings),
            unit="ml",
            idempotency_key=key,
            request_hash=f"{number}+{servings}",
        )

    async def _move(self, operation: Operation, key: str) -> None:
        """Moves an order on, in one attempt: a repeat could be taken for a second step."""
        known = sorted(self._order_versions)
        if not known:
            return
        order = self._order_versions[known[operation.target % len(known)]]
        if operation.kind == "reject":
            to = OrderStatus.REJECTED
            ingredient_id = self._ingredient_of[order.id]
            quantity = sum(line.quantity for line in order.lines)
            call = self.history.invoke(operation.client, "release", ingredient_id, quantity)
        else:
            to = NEXT_STATUS.get(OrderStatus(order.status), OrderStatus.COMPLETED)
            call = self.history.invoke(operation.client, str(to), order.id, order.version)
        result = await self._repeat(
            operation,
            call,
            lambda: c.TransitionOrder(
                id=self._new_id(),
                at_ms=self._now_ms(),
                actor_id=self.bar.merchant_id,
                order_id=order.id,
                to=to,
                expected_version=order.version,
                reason=key,
            ),
            attempts_max=1,
        )
        if isinstance(result, Accepted) and result.order is not None:
            self._order_versions[order.id] = result.order

    async def _read_stock(self, operation: Operation) -> None:
        ingredient_id = self.bar.ingredient_ids[operation.target % PRODUCT_COUNT]
        call = self.history.invoke(operation.client, "read", ingredient_id, 0)
        key = ingredient_key(ingredient_id)

        async def read(node: Node) -> tuple[int, int, int]:
            await node.read_barrier(timeout_s=PROPOSE_TIMEOUT_S)
            first = node.applied_index
            row = (await node.rows([key])).get(key)
            assert isinstance(row, Ingredient), "an ingredient never disappears"
            return first, node.applied_index, row.available

        try:
            first, last, available = await self._ask(self._member(operation.member, 0), read)
        except (NotAsked, NotKnown):
            self.history.fail(call)
            return
        self.history.end_read(call, first, last, available)

    async def _read_own(self, operation: Operation) -> None:
        """Read your writes: an order is there on every member that reached its index."""
        done = [call for call in self.history.calls if call.order_id and call.index is not None]
        if not done:
            return
        call = done[operation.target % len(done)]
        index, order_id = call.index, call.order_id
        assert index is not None
        key = order_key(order_id)

        async def read(node: Node) -> bool:
            await node.wait_applied(index, timeout_s=PROPOSE_TIMEOUT_S)
            return key in await node.rows([key])

        try:
            is_there = await self._ask(self._member(operation.member, 0), read)
        except (NotAsked, NotKnown):
            return
        if not is_there:
            self.world.verdict.report(
                "read your writes",
                f"order {order_id} of index {index} is not at {operation.member}",
            )

    # Asking members --------------------------------------------------------------------------

    async def _repeat(
        self,
        operation: Operation,
        call: Call,
        make: Callable[[], c.AnyCommand],
        *,
        attempts_max: int = ATTEMPTS_MAX,
    ) -> Result | None:
        """Asks one member after the other until the outcome is known. None: it stayed open."""
        is_open = False
        for attempt in range(attempts_max):
            try:
                result, index = await self._propose(self._member(operation.member, attempt), make())
            except NotAsked:
                pass
            except NotKnown:
                is_open = True
            else:
                self.history.end(call, index, result)
                return result
            await asyncio.sleep(0.02 + 0.3 * self._random.random())
        if is_open:
            self.history.leave_open(call)
        else:
            self.history.fail(call)
        return None

    async def _propose(
        self, member: Member, command: c.AnyCommand, timeout_s: float = PROPOSE_TIMEOUT_S
    ) -> tuple[Result, int]:
        async def propose(node: Node) -> tuple[Result, int]:
            proposed = await node.propose(command, timeout_s=timeout_s)
            return proposed.result, proposed.index

        return await self._ask(member, propose, timeout_s)

    async def _ask(
        self,
        member: Member,
        work: Callable[[Node], Awaitable[T]],
        timeout_s: float = PROPOSE_TIMEOUT_S,
    ) -> T:
        """Lets a member do the work on its own loop. Raises NotAsked or NotKnown."""
        await asyncio.sleep(self._latency_s())
        life = member.life
        if life is None or life.node is None:
            raise NotAsked
        node = life.node
        answer: asyncio.Future[T | NotAsked | NotKnown] = self._loop.create_future()

        async def serve() -> None:
            try:
                value: T | NotAsked | NotKnown = await work(node)
            except OutcomeUnknown:
                value = NotKnown()
            except NodeError:
                value = NotAsked()
            self._loop.call_later(self._latency_s(), _settle, answer, value)

        life.loop.call_soon(lambda: life.loop.create_task(serve()))
        try:
            async with asyncio.timeout(timeout_s + HANG_UP_S):
                value = await answer
        except TimeoutError:
            raise NotKnown from None
        if isinstance(value, (NotAsked, NotKnown)):
            raise value
        return value

    def _member(self, first: int, attempt: int) -> Member:
        member_ids = sorted(self.world.members)
        return self.world.members[member_ids[(first - 1 + attempt) % len(member_ids)]]

    def _latency_s(self) -> float:
        return self._random.random() * LATENCY_S_MAX

    def _now_ms(self) -> int:
        """The clock of whichever node the client talks to: they differ by seconds."""
        return START_MS + int(self._loop.time() * 1000) + self._random.randrange(-2000, 2000)

    def _new_id(self) -> str:
        return new_id(self._ids, self._now_ms())


def _settle(answer: asyncio.Future[T], value: T) -> None:
    if not answer.done():
        answer.set_result(value)


def new_id(random: Random, now_ms: int) -> str:
    """A UUIDv7."""
    free = random.getrandbits(74)
    head = f"{now_ms & (2**48 - 1):012x}7{free >> 62:03x}"
    text = f"{head}{8 | (free >> 60) & 3:x}{free & (2**60 - 1):015x}"
    return f"{text[:8]}-{text[8:12]}-{text[12:16]}-{text[16:20]}-{text[20:]}"
