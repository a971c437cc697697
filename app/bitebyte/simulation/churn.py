"""Changes of the membership and of leadership, while everything else goes wrong too.

They are asked of the core directly, at any member, without the care that an operator takes: what
is not allowed has to be refused by the core itself. Two bounds keep a run meaningful: at most two
voters are taken away in all, and ids of removed members are never used again.
"""

from collections.abc import Callable
from random import Random

from bitebyte.raft.confchange import is_joint
from bitebyte.raft.errors import RaftError
from bitebyte.raft.rawnode import RawNode
from bitebyte.raft.types import ChangeKind, ConfChange, ConfState, SingleChange, Transition
from bitebyte.simulation.disk import Disk
from bitebyte.simulation.world import Member, World

VOTERS_MIN = 3
MEMBERS_MAX = 8
"""Of the whole run, removed ones included."""


def change_membership(world: World, member: Member, random: Random) -> None:
    """Asks this member for a change that makes sense to whoever asks: by its configuration."""
    life = member.life
    if life is None:
        return
    conf_state = life.process.raw.conf_state
    if not conf_state.voters:
        return
    change = _draw(world, conf_state, random)
    if change is not None:
        world.note(f"member {member.id} is asked for {change}")
        world.note_asked(change)
        _ask(member, lambda raw: raw.propose_conf_change(change))


def dismiss(world: World, member: Member) -> None:
    """Asks this member to remove itself in one step, if enough others vote."""
    life = member.life
    if life is None or len(life.process.raw.conf_state.voters) <= VOTERS_MIN:
        return
    change = ConfChange(changes=(SingleChange(ChangeKind.REMOVE, member.id),))
    world.note(f"member {member.id} is asked to leave")
    world.note_asked(change)
    _ask(member, lambda raw: raw.propose_conf_change(change))


def leave_joint(world: World, member: Member) -> None:
    """Asks this member to leave a joint configuration, if it knows of one."""
    life = member.life
    if life is not None and is_joint(life.process.raw.conf_state):
        world.note(f"member {member.id} is asked to leave the joint configuration")
        _ask(member, lambda raw: raw.propose_conf_change(ConfChange()))


def transfer(member: Member, transferee: int) -> None:
    """Asks this member to see to it that another one leads."""
    _ask(member, lambda raw: raw.transfer_leader(transferee))


def forget_leader(member: Member) -> None:
    """Makes this member doubt its leader."""
    _ask(member, lambda raw: raw.forget_leader())


def campaign(member: Member) -> None:
    """Makes this member want to lead."""
    _ask(member, lambda raw: raw.campaign())


def _ask(member: Member, work: Callable[[RawNode], None]) -> None:
    life = member.life
    if life is None or life.node is None:
        return
    node, raw = life.node, life.process.raw

    def do() -> None:
        try:
            work(raw)
        except RaftError:
            return  # refused: that is an answer
        node._schedule_turn()  # pyright: ignore[reportPrivateUsage]

    life.loop.call_soon(do)


def _draw(world: World, conf_state: ConfState, random: Random) -> ConfChange | None:
    if is_joint(conf_state) and random.random() < 0.7:
        return ConfChange()
    voters, learners = list(conf_state.voters), list(conf_state.learners)
    may_lose = len(voters) > VOTERS_MIN
    kinds = ["add", "replace"]
    if learners:
        kinds += ["promote", "promote", "drop"]
    if may_lose:
        kinds += ["demote", "remove"]
    kind = random.choice(kinds)
    transition = random.choice(list(Transition))
    parts: list[SingleChange] = []
    match kind:
        case "add" | "replace":
            joiner = _new_member(world)
            if joiner is None:
                return None
            is_voter = kind == "replace"
            parts.append(
                SingleChange(ChangeKind.ADD_VOTER if is_voter else ChangeKind.ADD_LEARNER, joiner)
            )
            if is_voter:
                parts.append(SingleChange(ChangeKind.REMOVE, random.choice(voters)))
        case "promote":
            parts.append(SingleChange(ChangeKind.ADD_VOTER, random.choice(learners)))
        case "drop":
            parts.append(SingleChange(ChangeKind.REMOVE, random.choice(learners)))
        case "demote":
            parts.append(SingleChange(ChangeKind.ADD_LEARNER, random.choice(voters)))
        case _:
            parts.append(SingleChange(ChangeKind.REMOVE, random.choice(voters)))
    return ConfChange(changes=tuple(parts), transition=transition)


def _new_member(world: World) -> int | None:
    """An empty member that waits to be added."""
    if len(world.members) >= MEMBERS_MAX:
        return None
    member_id = max(world.members) + 1
    world.add_member(member_id, Disk())
    world.start(world.members[member_id])
    return member_id
