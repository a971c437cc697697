"""How configurations and changes of them are written in scenario files."""

from bitebyte.raft import ChangeKind, ConfChange, ConfState, SingleChange, Transition

KINDS = {
    "voter": ChangeKind.ADD_VOTER,
    "learner": ChangeKind.ADD_LEARNER,
    "remove": ChangeKind.REMOVE,
}
TRANSITIONS = {"implicit": Transition.JOINT_IMPLICIT, "explicit": Transition.JOINT_EXPLICIT}


def parse_change(words: list[str]) -> ConfChange:
    """`voter 1, learner 2, remove 3 explicit`, or `leave`; commas are decoration."""
    words = [word.strip(",") for word in words if word != "leave"]
    flags = [word for word in words if word in {*TRANSITIONS, "void"}]
    words = [word for word in words if word not in flags]
    parts = zip(words[::2], words[1::2], strict=True)
    return ConfChange(
        tuple(SingleChange(KINDS[kind], int(member_id)) for kind, member_id in parts),
        next((TRANSITIONS[flag] for flag in flags if flag in TRANSITIONS), Transition.AUTO),
        is_void="void" in flags,
    )


def show_change(change: ConfChange) -> str:
    """What `parse_change` reads."""
    kinds = {kind: word for word, kind in KINDS.items()}
    parts = [f"{kinds[ChangeKind(part.kind)]} {part.member_id}" for part in change.changes]
    flags = [word for word, value in TRANSITIONS.items() if value == change.transition]
    return " ".join([", ".join(parts) or "leave", *flags, *["void"] * change.is_void])


def parse_conf_state(words: list[str]) -> ConfState:
    """`voters=1,2 outgoing=1 learners=3 next=4 auto-leave`; other words are ignored."""
    options = dict(word.split("=", 1) for word in words if "=" in word)
    voters, learners, outgoing, learners_next = (
        tuple(int(member_id) for member_id in options.get(name, "").split(",") if member_id)
        for name in ("voters", "learners", "outgoing", "next")
    )
    return ConfState(voters, learners, outgoing, learners_next, "auto-leave" in words)


def show_conf_state(conf_state: ConfState) -> str:
    """What `parse_conf_state` reads, in the same order."""
    groups = {
        "voters": conf_state.voters,
        "outgoing": conf_state.voters_outgoing,
        "learners": conf_state.learners,
        "next": conf_state.learners_next,
    }
    words = [f"{name}={','.join(map(str, ids))}" for name, ids in groups.items() if ids]
    return " ".join([*words, *["auto-leave"] * conf_state.auto_leave]) or "no members"
