"""Known ways to get it wrong, planted into `decide` as edits of its source.

Each takes one rule away, or one part of one, and names a scenario of `decide_scenarios` in which
the small world comes to grief by it.
"""

import contextlib
import inspect
import textwrap
from collections.abc import Callable, Iterator
from types import CodeType
from typing import Any, Final, NamedTuple

from bitebyte_operator.decide import (
    creation,
    deletion,
    gates,
    quorum,
    repair,
    scale_down,
    scale_up,
    upgrade,
)


class Edit(NamedTuple):
    """In the source of `function`, `old` (which occurs exactly once) becomes `new`."""

    function: Callable[..., Any]
    old: str
    new: str


class Mutant(NamedTuple):
    """One rule less, and what comes of it."""

    name: str
    function: Callable[..., Any]
    old: str
    new: str
    scenario: str
    broken: str
    """Beginning of what the exploration says."""
    also: tuple[Edit, ...] = ()
    """Other guards of the same thing: with one of them left, nothing would go wrong."""

    @property
    def edits(self) -> tuple[Edit, ...]:
        return (Edit(self.function, self.old, self.new), *self.also)


@contextlib.contextmanager
def planted(mutant: Mutant) -> Iterator[None]:
    """The function objects stay, so whoever has imported them runs the mutant too."""
    saved = [(edit.function, edit.function.__code__) for edit in mutant.edits]
    try:
        for edit in mutant.edits:
            edit.function.__code__ = _edited(edit)
        yield
    finally:
        for function, code in saved:
            function.__code__ = code


def _edited(edit: Edit) -> CodeType:
    source = textwrap.dedent(inspect.getsource(edit.function))
    count = source.count(edit.old)
    assert count == 1, f"{edit.old!r} occurs {count} times in {edit.function.__name__}"
    namespace = dict(edit.function.__globals__)
    exec(compile(source.replace(edit.old, edit.new), "<mutant>", "exec"), namespace)
    return namespace[edit.function.__name__].__code__


MUTANTS: Final = (
    Mutant(
        "a change of members is not waited for",
        repair.finish_the_change_of_members,
        "if leaving is None:",
        "if True:",
        "3 to 1 and back, blind",
        "1:",
    ),
    Mutant(
        "members are changed by what a follower says",
        quorum.touch_nothing_without_a_leader,
        "if situation.confirmed is not None:",
        "if True:",
        "create 1",
        "2:",
    ),
    Mutant(
        "running pods are remade without a leader",
        quorum._does_not_run,
        "if pod.is_ready or pod.identity is not None:\n        return False",
        "return True",
        "upgrade 3",
        "2:",
    ),
    Mutant(
        "a voter is restarted without one to spare",
        gates.may_restart,
        "len(healthy) > quorum_of(len(voters)) and len(others) >= quorum_of(len(voters))",
        "True",
        "upgrade and more",
        "3:",
    ),
    Mutant(
        "a voter is removed without one to spare",
        gates.may_remove,
        "len(healthy) >= enough and len(fit) >= quorum_of(len(remaining))",
        "True",
        "3 to 1",
        "3:",
    ),
    Mutant(
        "what is wrong does not matter",
        gates.obstacle,
        "if not is_own and not is_the_victims:",
        "if False:",
        "3 to 5",
        "4:",
    ),
    Mutant(
        "claims go at first sight",
        deletion._delete_claims,
        "situation.now_s >= recorded.started_s + LOOKS_APART_S",
        "True",
        "delete with the data",
        "5:",
    ),
    Mutant(
        "a lost disk begins another cluster",
        creation.begin_the_cluster_once,
        "if identity.member_id != bootstrap.member_id:",
        "if False:",
        "a disk lost at the beginning",
        "6:",
    ),
    Mutant(
        "a cluster that has begun may begin again",
        creation.begin_the_cluster_once,
        "if situation.status.is_initialized or situation.confirmed is not None:",
        "if situation.confirmed is not None:",
        "upgrade 1",
        "2:",
    ),
    Mutant(
        "the order to begin is not written down first",
        creation._latch,
        "step=LatchBootstrap(identity.member_id)",
        "step=OrderBootstrap(name, identity.cluster_id, identity.member_id)",
        "a disk lost at the beginning",
        "6:",
    ),
    Mutant(
        "a retired id is added again",
        scale_up._is_retired,
        'identity.state == "removed" or identity.member_id in stamps',
        "False",
        "3 to 1 and back, blind",
        "7:",
    ),
    Mutant(
        "a restart counts as done before it is",
        scale_up._restart_to_rejoin,
        'restarted not in ("", pod.uid)',
        'restarted != ""',
        "3 to 1 and back, blind",
        "stuck",
    ),
    Mutant(
        "data is destroyed whatever the policy says",
        deletion.delete_as_the_policy_says,
        '== "Retain"',
        '== "Keep"',
        "delete",
        "12:",
    ),
    Mutant(
        "the pod goes before the member",
        scale_down.release_the_last_pod,
        "if is_member:",
        "if False:",
        "3 to 1",
        "the pod of a member is taken away",
    ),
    Mutant(
        "the claim of a removed member is not marked",
        scale_down.release_the_last_pod,
        "_stamp(name, pod, situation) or _one_pod_less(name, found)",
        "_one_pod_less(name, found)",
        "3 to 1",
        "the claim of a removed member is not stamped",
    ),
    Mutant(
        "a leader is removed as it is",
        scale_down.remove_one_member,
        "if situation.is_leader(member):",
        "if False:",
        "3 to 1",
        "the leader is removed without handing over",
    ),
    Mutant(
        "the leader is restarted like any other",
        upgrade._restart,
        "if situation.is_leader(member):",
        "if False:",
        "upgrade 3",
        "the leader is restarted without handing over",
    ),
    Mutant(
        "whoever leads at the moment of the restart",
        upgrade._delete,
        'unless_leader=member.id if member is not None and not is_announced else ""',
        'unless_leader=""',
        "upgrade 3",
        "a voter is restarted whoever leads by then",
    ),
    Mutant(
        "the next pod does not wait for the last",
        upgrade.upgrade_one_pod,
        "if waits_for is not None:",
        "if False:",
        "upgrade 5 to a bad image, set back",
        "the rollout went on",
        also=(Edit(gates.obstacle, "if not is_own and not is_the_victims:", "if False:"),),
    ),
    Mutant(
        "an unheard voter gets a template that is failing",
        repair._may_be_remade,
        "return unsettled_pod(situation) is None",
        "return True",
        "upgrade 5 to a bad image, set back",
        "the rollout went on",
    ),
    Mutant(
        "voters are restarted while learners are promoted",
        upgrade._restart,
        "if is_change_in_flight(situation):",
        "if False:",
        "3 to 5, then an upgrade",
        "1:",
    ),
)
