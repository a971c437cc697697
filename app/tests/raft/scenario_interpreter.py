"""Runs the commands of a scenario file against real members.

    add-nodes 3 [option=n]          members 1 to 3, all voters, with options of RaftConfig
    add-node 2 terms=1,1,4 term=7   before any other command on it: a member with a stored log;
                                    voters=1,2,3 says who votes (default: 1,2,3)
    campaign 1                      member 1 starts a pre-election
    elect 1 votes=2,3               a whole campaign of which only votes are delivered, and only
                                    between these members; everything else stays on the network
    propose 1 a b                   two proposals at once
    read-index 1 70                 member 1 asks for a read index under the id 70
    tick-heartbeat 1                as many ticks as a heartbeat takes
    tick-election 1                 as many ticks as its randomized election timeout takes
    tick 1 5                        five ticks
    set-randomized-election-timeout 1 7
    process-ready 1 2               each takes one Ready; writes and applies are left waiting
    process-append-thread 1         its oldest write becomes durable, and the responses leave
    process-apply-thread 1          its oldest batch is applied
    process-fetch 1                 its oldest fetch is answered from disk
    deliver-msgs 2 drop=3           what waits for 2 arrives, what waits for 3 is lost; from=1 and
                                    only=MsgApp leave all else where it is
    stabilize [1 2]                 all of the above until nothing is left to do
    restart 1                       it loses what is not durable, and starts from its disk
    raft-log 1, status 1, raft-state, progress 1

A last word `quietly` hides the output.
"""

from collections.abc import Callable
from random import Random

from memory_disk import MemoryDisk
from scenario_text import (
    show_entries,
    show_entry,
    show_hard_state,
    show_message,
    show_ready,
    show_role,
)

from bitebyte.raft import ConfState, Entry, HardState, ProposalDropped, RaftConfig, RawNode, Role
from bitebyte.raft.messages import (
    PeerMessage,
    StorageAppendResp,
    StorageApplyResp,
    StorageFetch,
    StorageFetchResp,
)

STABILIZE_ROUNDS_MAX = 200
ELECTION_STEPS = 5
"""Question, answers, votes on the disk and out, answers, and the winner's first Ready."""


class Actor:
    """A member with what waits between it and its storage."""

    def __init__(self, config: RaftConfig, conf_state: ConfState, disk: MemoryDisk) -> None:
        self.config = config
        self.conf_state = conf_state
        self.disk = disk
        self.applied_index = 0
        self.applies: list[tuple[Entry, ...]] = []
        self.fetches: list[StorageFetch] = []
        self.node = self.start()

    def start(self) -> RawNode:
        self.disk.crash()
        self.applies.clear()
        self.fetches.clear()
        return self.disk.start(
            self.config,
            self.conf_state,
            random=Random(self.config.id),
            applied_index=self.applied_index,
        )


class Interpreter:
    """Holds the members of one scenario and the messages between them."""

    def __init__(self) -> None:
        self.actors: dict[int, Actor] = {}
        self.network: list[PeerMessage] = []

    def run(self, command: str) -> list[str]:
        """Runs one command and returns its output. Raises ValueError for an unknown one."""
        words = command.split()
        name = words.pop(0)
        is_quiet = bool(words) and words[-1] == "quietly"
        if is_quiet:
            words.pop()
        plain = [word for word in words if "=" not in word]
        options = dict(word.split("=", 1) for word in words if "=" in word)
        method: Callable[..., list[str]] | None = getattr(
            self, "cmd_" + name.replace("-", "_"), None
        )
        if method is None:
            raise ValueError(f"unknown command {name}")
        output = method(*plain, **options)
        return ["ok"] if is_quiet or not output else output

    # Building.

    def cmd_add_nodes(self, count: str, **options: str) -> list[str]:
        voters = tuple(range(1, int(count) + 1))
        for member_id in voters:
            self._add(member_id, voters, MemoryDisk(), options)
        return []

    def cmd_add_node(
        self,
        member_id: str,
        voters: str = "1,2,3",
        terms: str = "",
        term: str = "0",
        **options: str,
    ) -> list[str]:
        disk = MemoryDisk()
        log_terms = [int(word) for word in terms.split(",") if word]
        disk.entries = [Entry(log_term, index) for index, log_term in enumerate(log_terms, 1)]
        disk.hard_state = HardState(term=max([int(term), *log_terms]))
        self._add(int(member_id), tuple(map(int, voters.split(","))), disk, options)
        return []

    def _add(
        self, member_id: int, voters: tuple[int, ...], disk: MemoryDisk, options: dict[str, str]
    ) -> None:
        numbers = {"election_ticks": 3, "heartbeat_ticks": 1}
        numbers |= {name.replace("-", "_"): int(value) for name, value in options.items()}
        config = RaftConfig(id=member_id, **numbers)
        self.actors[member_id] = Actor(config, ConfState(voters), disk)

    def cmd_restart(self, member_id: str) -> list[str]:
        actor = self._actor(member_id)
        actor.node = actor.start()
        return []

    # Inputs.

    def cmd_campaign(self, member_id: str) -> list[str]:
        self._actor(member_id).node.campaign()
        return []

    def cmd_elect(self, member_id: str, votes: str) -> list[str]:
        chosen = [member_id, *votes.split(",")]
        self.cmd_campaign(member_id)
        for _ in range(ELECTION_STEPS):
            for name in chosen:
                self._work(name)
            for kind in ("MsgVote", "MsgVoteResp"):
                for sender in chosen:
                    self.cmd_deliver_msgs(*chosen, **{"from": sender, "only": kind})
        return self.cmd_raft_state()

    def cmd_propose(self, member_id: str, *payloads: str) -> list[str]:
        try:
            self._actor(member_id).node.propose([payload.encode() for payload in payloads])
        except ProposalDropped as error:
            return [f"dropped: {error}"]
        return []

    def cmd_read_index(self, member_id: str, request_id: str) -> list[str]:
        is_asked = self._actor(member_id).node.read_index(int(request_id))
        return [] if is_asked else ["refused"]

    def cmd_tick(self, member_id: str, count: str) -> list[str]:
        for _ in range(int(count)):
            self._actor(member_id).node.tick()
        return []

    def cmd_tick_heartbeat(self, member_id: str) -> list[str]:
        return self.cmd_tick(member_id, str(self._actor(member_id).config.heartbeat_ticks))

    def cmd_tick_election(self, member_id: str) -> list[str]:
        core = self._actor(member_id).node.core
        is_leader = core.role is Role.LEADER
        ticks = core.config.election_ticks if is_leader else core.randomized_election_timeout_ticks
        return self.cmd_tick(member_id, str(ticks))

    def cmd_set_randomized_election_timeout(self, member_id: str, ticks: str) -> list[str]:
        self._actor(member_id).node.core.randomized_election_timeout_ticks = int(ticks)
        return []

    # Work.

    def cmd_process_ready(self, *member_ids: str) -> list[str]:
        return self._for_each(member_ids, "ready", self._process_ready)

    def cmd_process_append_thread(self, *member_ids: str) -> list[str]:
        return self._for_each(member_ids, "disk", self._process_append)

    def cmd_process_apply_thread(self, *member_ids: str) -> list[str]:
        return self._for_each(member_ids, "apply", self._process_apply)

    def cmd_process_fetch(self, *member_ids: str) -> list[str]:
        return self._for_each(member_ids, "fetch", self._process_fetch)

    def _for_each(
        self, member_ids: tuple[str, ...], name: str, process: Callable[[Actor], list[str]]
    ) -> list[str]:
        output: list[str] = []
        for member_id in member_ids:
            lines = process(self._actor(member_id)) or ["nothing to do"]
            output += [f"{member_id} {name}:", *(f"  {line}" for line in lines)]
        return output

    def _process_ready(self, actor: Actor) -> list[str]:
        if not actor.node.has_ready():
            return []
        ready = actor.node.ready()
        self.network.extend(ready.messages)
        if ready.append is not None:
            actor.disk.submit(ready.append)
        if ready.apply is not None:
            actor.applies.append(ready.apply.entries)
        actor.fetches.extend(ready.fetches)
        return show_ready(ready)

    def _process_append(self, actor: Actor) -> list[str]:
        if not actor.disk.pending:
            return []
        lines: list[str] = []
        for response in actor.disk.finish_write():
            lines.append(show_message(response))
            if response.to == actor.node.id:
                actor.node.step(response)
            else:
                assert not isinstance(response, StorageAppendResp)
                self.network.append(response)
        return lines

    def _process_apply(self, actor: Actor) -> list[str]:
        if not actor.applies:
            return []
        batch = actor.applies.pop(0)
        own_id = actor.node.id
        actor.applied_index = batch[-1].index
        actor.node.step(StorageApplyResp(to=own_id, sender=own_id, index=batch[-1].index))
        return [f"applied {show_entries(batch)}"]

    def _process_fetch(self, actor: Actor) -> list[str]:
        if not actor.fetches:
            return []
        fetch = actor.fetches.pop(0)
        entries = actor.disk.read(fetch)
        own_id = actor.node.id
        actor.node.step(
            StorageFetchResp(
                to=own_id, sender=own_id, peer_id=fetch.peer_id, low=fetch.low, entries=entries
            )
        )
        return [f"found {show_entries(entries)}"]

    def cmd_deliver_msgs(self, *member_ids: str, **options: str) -> list[str]:
        to = set(map(int, member_ids))
        lost = set(map(int, options.get("drop", "").split(",")) if options.get("drop") else ())
        sender, kind = options.get("from"), options.get("only")
        output: list[str] = []
        kept: list[PeerMessage] = []
        for message in self.network:
            is_meant = sender in (None, str(message.sender)) and kind in (
                None,
                type(message).__name__,
            )
            if is_meant and message.to in lost:
                output.append(f"lost {show_message(message)}")
            elif is_meant and message.to in to:
                output.append(show_message(message))
                self._actor(str(message.to)).node.step(message)
            else:
                kept.append(message)
        self.network = kept
        return output or ["nothing to deliver"]

    def cmd_stabilize(self, *member_ids: str) -> list[str]:
        chosen = member_ids or tuple(map(str, sorted(self.actors)))
        output: list[str] = []
        for _ in range(STABILIZE_ROUNDS_MAX):
            round_output: list[str] = []
            for member_id in chosen:
                round_output += self._work(member_id)
            if any(str(message.to) in chosen for message in self.network):
                round_output += ["deliver:"]
                round_output += [f"  {line}" for line in self.cmd_deliver_msgs(*chosen)]
            if not round_output:
                return output
            output += round_output
        raise AssertionError("the members never come to rest")

    def _work(self, member_id: str) -> list[str]:
        actor = self._actor(member_id)
        output: list[str] = []
        while actor.node.has_ready():
            output += self.cmd_process_ready(member_id)
        while actor.disk.pending:
            output += self.cmd_process_append_thread(member_id)
        while actor.applies:
            output += self.cmd_process_apply_thread(member_id)
        while actor.fetches:
            output += self.cmd_process_fetch(member_id)
        return output

    # Looking.

    def cmd_raft_log(self, member_id: str) -> list[str]:
        actor = self._actor(member_id)
        log = actor.node.core.log
        stored = actor.disk.entries[: log.window_first - 1]
        return [show_entry(entry) for entry in (*stored, *log.slice(log.window_first, 2**40))]

    def cmd_status(self, member_id: str) -> list[str]:
        actor = self._actor(member_id)
        node, log = actor.node, actor.node.core.log
        return [
            f"{show_role(node.role)} of term {node.term}, leader {node.leader_id or 'unknown'}",
            f"last {log.last_term}/{log.last_index}, durable {log.stable}, "
            f"committed {log.committed}, applied {log.applied}",
            f"on disk: {show_hard_state(actor.disk.hard_state)}, "
            f"last index {actor.disk.last_index}",
        ]

    def cmd_raft_state(self) -> list[str]:
        return [
            f"{member_id}: {show_role(actor.node.role)}, term {actor.node.term}, "
            f"committed {actor.node.commit_index}"
            for member_id, actor in sorted(self.actors.items())
        ]

    def cmd_progress(self, member_id: str) -> list[str]:
        return [
            f"{peer_id}: {view.state.value} match={view.match_index} next={view.next_index}"
            + ("" if view.is_recently_active else " silent")
            for peer_id, view in self._actor(member_id).node.progress().items()
        ]

    def _actor(self, member_id: str) -> Actor:
        return self.actors[int(member_id)]
