"""Changes of the membership as pure arithmetic on configurations (thesis §4.2 and §4.3).

    simple  one voter at most is added or removed: any majority before and any majority after
            share a member, so no second configuration is needed
    joint   for a while both the incoming and the outgoing voters have to agree; any change of
            voters is safe on the way in, and leaving only takes the outgoing half away

The rules and their order are those of etcd-io/raft's Changer. What every configuration obeys:

1. A learner is a voter of neither half.
2. `learners_next` are voters of the outgoing half only: they become learners when it is left.
3. Outside a joint change there are no outgoing voters, no `learners_next` and no `auto_leave`.
4. Ids are 63 bits wide and never zero, sorted, each once.
"""

from collections.abc import Callable, Set

import msgspec

from bitebyte.raft.errors import ConfChangeRefused, ConfChangeUnreadable
from bitebyte.raft.types import (
    NONE_ID,
    ChangeKind,
    ConfChange,
    ConfState,
    SingleChange,
    Transition,
)

SINGLE_CHANGES_MAX = 16
"""Parts of one change: replaces every member of the largest cluster that makes sense."""

CONTEXT_BYTES_MAX = 16 * 1024
"""What a change may carry for its caller: names and addresses, not data."""

MEMBER_ID_MAX = 2**63 - 1

_KINDS = frozenset(ChangeKind)
_TRANSITIONS = frozenset(Transition)


def apply_change(conf_state: ConfState, change: ConfChange) -> ConfState:
    """The configuration after `change`; the given one if the change is void.

    Pure, so every member that applies the same change to the same configuration gets the same.
    Raises ConfChangeRefused, naming the rule, if the change is out of bounds, not possible from
    here or leaves no voter. `conf_state` must obey the rules of this module.
    """
    _assert_sound(conf_state)
    _check_bounds(change)
    if change.is_void:
        return conf_state
    if not change.changes:
        changed = _leave_joint(conf_state)
    elif is_joint(conf_state):
        raise ConfChangeRefused(
            "a joint change is under way: it has to be left before anything else changes"
        )
    elif _needs_joint(change):
        changed = _enter_joint(conf_state, change)
    else:
        changed = _apply_parts(conf_state, change.changes)
        moved = set(conf_state.voters) ^ set(changed.voters)
        assert len(moved) <= 1, "a simple change moves more than one voter"
    _assert_sound(changed)
    return changed


def check_change(conf_state: ConfState, change: ConfChange) -> None:
    """Whether `apply_change` would take it: raises ConfChangeRefused, naming the rule, if not."""
    apply_change(conf_state, change)


def encode_change(change: ConfChange) -> bytes:
    """The data of an entry: a msgpack array. Raises ConfChangeRefused if it is out of bounds."""
    _check_bounds(change)
    return msgspec.msgpack.encode(change)


def decode_change(data: bytes) -> ConfChange:
    """What `encode_change` encoded. Raises ConfChangeUnreadable for anything else."""
    try:
        change = msgspec.msgpack.decode(data, type=ConfChange)
        _check_bounds(change)
    except (msgspec.MsgspecError, ConfChangeRefused) as error:
        raise ConfChangeUnreadable(f"{len(data)} bytes are no change of members: {error}") from None
    return change


def is_joint(conf_state: ConfState) -> bool:
    """Whether two halves have to agree now."""
    return bool(conf_state.voters_outgoing)


def find_violation(conf_state: ConfState) -> str | None:
    """The first rule of this module that a configuration breaks; None for a sound one.

    For configurations from outside. A configuration without members is sound: it is what a member
    has that was not told anything yet.
    """
    ids = (
        *conf_state.voters,
        *conf_state.learners,
        *conf_state.voters_outgoing,
        *conf_state.learners_next,
    )
    if any(not NONE_ID < member_id <= MEMBER_ID_MAX for member_id in ids):
        return "a member id is zero or wider than 63 bits"
    for group in msgspec.structs.astuple(conf_state)[:4]:
        if list(group) != sorted(set(group)):
            return f"the ids {group} are not sorted, or one comes twice"
    learners, outgoing = set(conf_state.learners), set(conf_state.voters_outgoing)
    if learners & {*conf_state.voters, *outgoing}:
        return "a learner is a voter too"
    if not outgoing >= set(conf_state.learners_next):
        return "a learner-to-be does not vote in the outgoing half"
    if set(conf_state.learners_next) & set(conf_state.voters):
        return "a learner-to-be votes in the incoming half"
    if conf_state.auto_leave and not outgoing:
        return "auto_leave without a joint change"
    if outgoing and not conf_state.voters:
        return "a joint configuration without incoming voters"
    return None


def _assert_sound(conf_state: ConfState) -> None:
    violation = find_violation(conf_state)
    assert violation is None, violation


def _check_bounds(change: ConfChange) -> None:
    """What can be said of a change without knowing the configuration."""
    if len(change.changes) > SINGLE_CHANGES_MAX:
        raise ConfChangeRefused(f"more than {SINGLE_CHANGES_MAX} parts in one change")
    if len(change.context) > CONTEXT_BYTES_MAX:
        raise ConfChangeRefused(f"a context of more than {CONTEXT_BYTES_MAX} bytes")
    if change.transition not in _TRANSITIONS:
        raise ConfChangeRefused(f"an unknown transition {change.transition}")
    for part in change.changes:
        if part.kind not in _KINDS:
            raise ConfChangeRefused(f"an unknown kind of change {part.kind}")
        if not NONE_ID < part.member_id <= MEMBER_ID_MAX:
            raise ConfChangeRefused(f"{part.member_id} is no member id: 1 to 2**63 - 1")


def _needs_joint(change: ConfChange) -> bool:
    """One part moves one voter at most. More could be safe too, but whether they are depends on
    the configuration; the joint way is always safe, so it is taken (as etcd does)."""
    return change.transition != Transition.AUTO or len(change.changes) > 1


def _enter_joint(conf_state: ConfState, change: ConfChange) -> ConfState:
    if not conf_state.voters:
        raise ConfChangeRefused("without voters there is no outgoing half: add one voter alone")
    joint = msgspec.structs.replace(
        conf_state,
        voters_outgoing=conf_state.voters,
        auto_leave=change.transition != Transition.JOINT_EXPLICIT,
    )
    return _apply_parts(joint, change.changes)


def _leave_joint(conf_state: ConfState) -> ConfState:
    if not is_joint(conf_state):
        raise ConfChangeRefused("no joint change is under way that could be left")
    learners = {*conf_state.learners, *conf_state.learners_next}
    return ConfState(voters=conf_state.voters, learners=tuple(sorted(learners)))


def _apply_parts(conf_state: ConfState, parts: tuple[SingleChange, ...]) -> ConfState:
    """The parts one after the other. Repeating one, or removing a stranger, changes nothing."""
    parties = _Parties(conf_state)
    for part in parts:
        parties.change(part)
    if not parties.voters:
        raise ConfChangeRefused("no voter would be left")
    return parties.freeze(conf_state)


class _Parties:
    """The changeable sets of one configuration. The outgoing voters stay as they are."""

    def __init__(self, conf_state: ConfState) -> None:
        self.voters = set(conf_state.voters)
        self.learners = set(conf_state.learners)
        self.learners_next = set(conf_state.learners_next)
        self.voters_outgoing: Set[int] = frozenset(conf_state.voters_outgoing)

    def change(self, part: SingleChange) -> None:
        apply: dict[int, Callable[[int], None]] = {
            ChangeKind.ADD_VOTER: self._make_voter,
            ChangeKind.ADD_LEARNER: self._make_learner,
            ChangeKind.REMOVE: self._remove,
        }
        apply[part.kind](part.member_id)

    def freeze(self, conf_state: ConfState) -> ConfState:
        return msgspec.structs.replace(
            conf_state,
            voters=tuple(sorted(self.voters)),
            learners=tuple(sorted(self.learners)),
            learners_next=tuple(sorted(self.learners_next)),
        )

    def _make_voter(self, member_id: int) -> None:
        self._remove(member_id)
        self.voters.add(member_id)

    def _make_learner(self, member_id: int) -> None:
        """A voter of the outgoing half has to wait until that half is left."""
        self._remove(member_id)
        if member_id in self.voters_outgoing:
            self.learners_next.add(member_id)
        else:
            self.learners.add(member_id)

    def _remove(self, member_id: int) -> None:
        self.voters.discard(member_id)
        self.learners.discard(member_id)
        self.learners_next.discard(member_id)
