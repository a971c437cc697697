"""How a scenario file is read and written, and how messages look in it.

A file is a row of cases, parted by blank lines. A case is prose behind `#`, one command, `----` and
the output, which a run with REWRITE_SCENARIOS=1 replaces. Entries are shown as term/index.
"""

from dataclasses import dataclass

from conf_text import show_change, show_conf_state

from bitebyte.raft import Entry, EntryKind, HardState, Ready, Role, Snapshot
from bitebyte.raft.confchange import decode_change
from bitebyte.raft.messages import (
    MsgApp,
    MsgAppResp,
    MsgHeartbeat,
    MsgHeartbeatResp,
    MsgProp,
    MsgReadIndex,
    MsgReadIndexResp,
    MsgSnap,
    MsgTransferLeader,
    MsgVote,
    MsgVoteResp,
    PeerMessage,
    StorageAppend,
    StorageAppendResp,
)


@dataclass
class Case:
    """One command with the prose before it and the output that is expected."""

    prose: list[str]
    command: str
    output: list[str]
    line: int


def parse(text: str) -> list[Case]:
    """The cases of a file. Raises ValueError naming the line that makes no sense."""
    cases: list[Case] = []
    prose: list[str] = []
    lines = text.split("\n")
    at = 0
    while at < len(lines):
        line = lines[at]
        if line.startswith("#") or not line:
            prose.append(line)
            at += 1
            continue
        if at + 1 >= len(lines) or lines[at + 1] != "----":
            raise ValueError(f"line {at + 1}: a command must be followed by ----")
        command_line = at + 1
        at += 2
        output: list[str] = []
        while at < len(lines) and lines[at]:
            output.append(lines[at])
            at += 1
        cases.append(Case(prose, line, output, command_line))
        prose = []
    if any(line for line in prose):
        cases.append(Case(prose, "", [], at))
    return cases


def render(cases: list[Case]) -> str:
    """The file that `parse` would read into these cases."""
    lines: list[str] = []
    for case in cases:
        lines += case.prose
        if case.command:
            lines += [case.command, "----", *case.output]
    return "\n".join(lines).rstrip("\n") + "\n"


def show_entry(entry: Entry) -> str:
    data = f" {show_data(entry.data, entry.kind)}" if entry.data else ""
    return f"{entry.term}/{entry.index}{data}"


def show_data(data: bytes, kind: int) -> str:
    """A command in quotes, a change of the configuration in parentheses."""
    if kind == EntryKind.CONF_CHANGE:
        return f"({show_change(decode_change(data))})"
    return f'"{data.decode()}"'


def show_entries(entries: tuple[Entry, ...]) -> str:
    return "[" + ", ".join(map(show_entry, entries)) + "]"


def show_message(message: PeerMessage | StorageAppendResp) -> str:
    """`1->2 MsgApp term=1 ...`, or `MsgVoteResp to itself` where a member answers itself."""
    name = type(message).__name__
    if isinstance(message, StorageAppendResp):
        return f"durable {message.entry_term}/{message.index} (write {message.sequence})"
    way = f"{message.sender}->{message.to}" if message.sender != message.to else "itself"
    return " ".join([way, name, f"term={message.term}", *_details(message)])


def _details(message: PeerMessage) -> list[str]:
    match message:
        case MsgProp():
            shown = (show_data(data, message.kind) for data in message.proposals)
            return ["proposals=" + ",".join(shown)]
        case MsgApp():
            entries = [f"entries={show_entries(message.entries)}"] if message.entries else []
            prev = f"prev={message.prev_term}/{message.prev_index}"
            return [prev, f"commit={message.commit}", *entries]
        case MsgAppResp():
            flags = ["lost-log"] * message.has_lost_log
            if message.is_rejected:
                flags += ["rejected", f"hint={message.hint_term}/{message.hint_index}"]
            return [f"index={message.index}", *flags]
        case MsgVote():
            flags = ["pre"] * message.is_pre + ["forced"] * message.is_forced
            return [f"last={message.last_term}/{message.last_index}", *flags]
        case MsgVoteResp():
            return ["pre"] * message.is_pre + (["rejected"] if message.is_rejected else ["granted"])
        case MsgHeartbeat():
            return [f"commit={message.commit}", f"read={message.read_seq}"]
        case MsgHeartbeatResp():
            lost = [f"lost-log last={message.last_index}"] if message.has_lost_log else []
            return [f"read={message.read_seq}", *lost]
        case MsgReadIndex():
            return [f"id={message.request_id}"]
        case MsgReadIndexResp():
            return [f"id={message.request_id}", f"index={message.index}"]
        case MsgSnap():
            return [show_snapshot(message.snapshot)]
        case MsgTransferLeader():
            return [f"transferee={message.transferee}"]
        case _:
            return []


def show_snapshot(snapshot: Snapshot) -> str:
    place = f"{snapshot.term}/{snapshot.index}"
    return f"snapshot={place} {show_conf_state(snapshot.conf_state)}"


def show_role(role: Role) -> str:
    return role.name.lower().replace("_", "-")


def show_append(append: StorageAppend) -> list[str]:
    """The write, then indented what waits for it."""
    what: list[str] = []
    if append.hard_state is not None:
        what.append(show_hard_state(append.hard_state))
    if append.snapshot is not None:
        what.append(show_snapshot(append.snapshot))
    if append.entries:
        what.append(f"entries={show_entries(append.entries)}")
    head = "write " + " ".join(what) if what else "behind earlier writes"
    return [head, *(f"  then {show_message(response)}" for response in append.responses)]


def show_hard_state(hard_state: HardState) -> str:
    lost = " lost-log" * hard_state.has_lost_log
    return f"term={hard_state.term} vote={hard_state.vote} commit={hard_state.commit}{lost}"


def show_ready(ready: Ready) -> list[str]:
    lines: list[str] = []
    if ready.soft_state is not None:
        role = show_role(ready.soft_state.role)
        lines.append(f"is {role}, leader {ready.soft_state.leader_id or 'unknown'}")
    lines += [f"read {read.request_id} at index {read.index}" for read in ready.read_states]
    lines += [f"send {show_message(message)}" for message in ready.messages]
    if ready.append is not None:
        lines += show_append(ready.append)
    if ready.apply is not None:
        lines.append(f"apply {show_entries(ready.apply.entries)}")
    lines += [f"fetch for {fetch.peer_id}: [{fetch.low}, {fetch.high})" for fetch in ready.fetches]
    lines += [
        f"snapshot for {request.peer_id}: {request.index_min} or later"
        for request in ready.snapshots
    ]
    return lines
