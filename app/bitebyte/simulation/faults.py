"""What goes wrong in a run, and how it ends: one function for each kind of fault.

Each begins the fault and returns what ends it. Members of a fault are numbers; LEADER stands for
whoever leads at that moment.
"""

from collections.abc import Callable, Mapping
from random import Random
from typing import Final

from bitebyte.raft.quorum import Quorum
from bitebyte.simulation.churn import (
    campaign,
    change_membership,
    dismiss,
    forget_leader,
    transfer,
)
from bitebyte.simulation.network import Link
from bitebyte.simulation.plan import LEADER, Fault
from bitebyte.simulation.trace import Forgot
from bitebyte.simulation.world import Member, World

End = Callable[[], None]


def begin(world: World, fault: Fault) -> End:
    """Begins the fault; what is returned ends it."""
    members = [_resolve(world, number) for number in fault.members]
    return KINDS[fault.kind](world, members, fault)


def _resolve(world: World, number: int) -> Member:
    leader = world.leader() if number == LEADER else None
    return leader or world.members.get(number) or world.members[1]


def _others(world: World, members: list[Member]) -> list[Member]:
    chosen = {member.id for member in members}
    return [member for member in world.members.values() if member.id not in chosen]


def _crash(world: World, members: list[Member], fault: Fault) -> End:
    """Kills the processes, `amount` callbacks from now, and keeps them down for a while."""
    for member in members:
        member.is_held_down = True
        if member.life is not None and fault.amount:
            member.life.fuse_steps = int(fault.amount)
        else:
            world.crash(member)

    def end() -> None:
        for member in members:
            member.is_held_down = False
            world.crash(member)  # where the fuse has not burnt down yet
            world.start(member)

    return end


def _pause(_world: World, members: list[Member], _fault: Fault) -> End:
    """SIGSTOP: the process does nothing, then goes on with what it believes."""
    lives = [member.life for member in members if member.life is not None]
    for life in lives:
        life.loop.is_paused = True

    def end() -> None:
        for life in lives:
            life.loop.resume()

    return end


def _clock(_world: World, members: list[Member], fault: Fault) -> End:
    """The clock runs `amount` times as fast."""
    for member in members:
        _set_rate(member, fault.amount)

    def end() -> None:
        for member in members:
            _set_rate(member, 1.0)

    return end


def _set_rate(member: Member, rate: float) -> None:
    member.clock_rate = rate
    if member.life is not None:
        member.life.loop.set_rate(rate)


def _cut(world: World, links: list[Link]) -> End:
    world.network.cut(links)
    return lambda: world.network.mend(links)


def _both_ways(pairs: list[Link]) -> list[Link]:
    return [*pairs, *((b, a) for a, b in pairs)]


def _partition(world: World, members: list[Member], _fault: Fault) -> End:
    """These on one side, the others on the other."""
    others = _others(world, members)
    return _cut(world, _both_ways([(a.id, b.id) for a in members for b in others]))


def _deaf(world: World, members: list[Member], _fault: Fault) -> End:
    """They hear nothing, but are heard."""
    others = _others(world, members)
    return _cut(world, [(b.id, a.id) for a in members for b in others])


def _mute(world: World, members: list[Member], _fault: Fault) -> End:
    """They are not heard, but hear."""
    others = _others(world, members)
    return _cut(world, [(a.id, b.id) for a in members for b in others])


def _ring(world: World, members: list[Member], _fault: Fault) -> End:
    """Each of all members reaches its two neighbours only; the order starts at the first."""
    ids = sorted(world.members)
    count = len(ids)
    start = ids.index(members[0].id) if members else 0
    ids = ids[start:] + ids[:start]
    pairs = [
        (ids[i], ids[j])
        for i in range(count)
        for j in range(i + 1, count)
        if j - i not in (1, count - 1)
    ]
    return _cut(world, _both_ways(pairs))


def _bridge(world: World, members: list[Member], _fault: Fault) -> End:
    """Two halves that only the first of `members` reaches both."""
    others = _others(world, members[:1])
    half = len(others) // 2
    pairs = [(a.id, b.id) for a in others[:half] for b in others[half:]]
    return _cut(world, _both_ways(pairs))


def _swizzle(world: World, members: list[Member], fault: Fault) -> End:
    """Links clog one by one and unclog in another order (FoundationDB's swizzle-clogging)."""
    random = Random(f"{world.plan.seed}/swizzle/{fault.at_s}")
    links = [
        link
        for member in members
        for other in _others(world, [member])
        for link in ((member.id, other.id), (other.id, member.id))
    ]
    links = list(dict.fromkeys(links))
    random.shuffle(links)
    step_s = fault.duration_s / (2 * len(links) + 1)
    is_over = False

    def clog(link: Link) -> None:
        if not is_over:
            world.network.clog(link)
            clogged.append(link)

    def unclog(link: Link) -> None:
        if link in clogged:
            clogged.remove(link)
            world.network.unclog(link)

    clogged: list[Link] = []
    for number, link in enumerate(links):
        world.loop.call_later(number * step_s, clog, link)
    random.shuffle(links)
    for number, link in enumerate(links, len(links)):
        world.loop.call_later(number * step_s, unclog, link)

    def end() -> None:
        nonlocal is_over
        is_over = True
        for link in clogged:
            unclog(link)

    return end


def _loss(world: World, _members: list[Member], fault: Fault) -> End:
    """Messages are lost with the chance `amount`, everywhere."""
    world.network.extra_loss += fault.amount

    def end() -> None:
        world.network.extra_loss = max(0.0, world.network.extra_loss - fault.amount)

    return end


def _stall(world: World, members: list[Member], fault: Fault) -> End:
    """The database of these members does not answer until the end of the fault."""
    until_s = world.loop.time() + fault.duration_s
    for member in members:
        member.disk_faults.stalled_until_s = max(member.disk_faults.stalled_until_s, until_s)
    return lambda: None


def _write_fails(_world: World, members: list[Member], _fault: Fault) -> End:
    """The next commit is reported as failed, whether it was or not."""
    for member in members:
        member.disk_faults.writes_that_fail = 1

    def end() -> None:
        for member in members:
            member.disk_faults.writes_that_fail = 0

    return end


def _tail_lost(world: World, members: list[Member], fault: Fault) -> End:
    """The process dies, and its disk forgets the end of the log that it had acknowledged.

    Only as much as a quorum of the others holds, of one member in a run, and never term and vote:
    what is lost beyond that, nobody can bring back.
    """
    member = members[0]
    if not world.invariants.forgetful_ids <= {member.id}:
        return lambda: None
    member.is_held_down = True
    world.crash(member)
    disk = member.disk
    quorums = [Quorum(conf_state) for conf_state in world.configurations()]
    last_index = disk.last_index
    while last_index > max(disk.applied_index, disk.first_index):
        entry = disk.entry(last_index)
        holders = [
            other.id
            for other in _others(world, [member])
            if entry is not None and other.disk.has(entry.index, entry.term)
        ]
        if not all(quorum.is_reached_by(holders) for quorum in quorums):
            break
        last_index -= 1
    if last_index < disk.last_index:
        world.invariants.forgetful_ids.add(member.id)
        disk.forget_after(last_index)
        world.record(Forgot(member=member.id, after_index=last_index))

    def end() -> None:
        member.is_held_down = False
        world.start(member)

    return end


def _change(world: World, members: list[Member], fault: Fault) -> End:
    """Somebody asks this member to change the membership."""
    change_membership(world, members[0], Random(f"{world.plan.seed}/change/{fault.at_s}"))
    return lambda: None


def _dismiss(world: World, members: list[Member], _fault: Fault) -> End:
    """These members are asked to remove themselves."""
    for member in members:
        dismiss(world, member)
    return lambda: None


def _transfer(world: World, members: list[Member], fault: Fault) -> End:
    """Somebody asks this member to hand leadership to member `amount`."""
    transfer(members[0], int(fault.amount))
    return lambda: None


def _forget(_world: World, members: list[Member], _fault: Fault) -> End:
    """These members are told that their leader is gone, though it is not."""
    for member in members:
        forget_leader(member)
    return lambda: None


def _campaign(_world: World, members: list[Member], _fault: Fault) -> End:
    """These members want to lead now."""
    for member in members:
        campaign(member)
    return lambda: None


KINDS: Final[Mapping[str, Callable[[World, list[Member], Fault], End]]] = {
    "crash": _crash,
    "pause": _pause,
    "clock": _clock,
    "partition": _partition,
    "deaf": _deaf,
    "mute": _mute,
    "ring": _ring,
    "bridge": _bridge,
    "swizzle": _swizzle,
    "loss": _loss,
    "stall": _stall,
    "write_fails": _write_fails,
    "tail_lost": _tail_lost,
    "change": _change,
    "dismiss": _dismiss,
    "transfer": _transfer,
    "forget": _forget,
    "campaign": _campaign,
}
