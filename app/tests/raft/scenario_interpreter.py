"""Runs the commands of a scenario file against real members.

    add-nodes 3 [learners=4,5] [option=n]
                                    members 1 to 3, all voters, and learners, with options of
                                    RaftConfig
    add-node 2 terms=1,1,4 term=7   before any other command on it: a member with a stored log;
                                    voters=1,2,3 learners=4 ... says who takes part (default:
                                    voters 1,2,3), snapshot=2/10 what its log follows
    add-joiner 4                    a member that knows nothing yet, not even who takes part
    campaign 1                      member 1 starts a pre-election
    elect 1 votes=2,3               a whole campaign of which only votes are delivered, and only
                                    between these members; everything else stays on the network
    propose 1 a b                   two proposals at once
    propose-conf-change 1 voter 4, learner 5, remove 1 [implicit|explicit]
    propose-conf-change 1 leave
    transfer-leadership 1 3         member 1 is asked to hand leadership over to member 3
    forget-leader 2
    read-index 1 70                 member 1 asks for a read index under the id 70
    report-unreachable 1 2          what member 1 sent to member 2 was probably lost
    tick-heartbeat 1                as many ticks as a heartbeat takes
    tick-election 1                 as many ticks as its randomized election timeout takes
    tick 1 5                        five ticks
    set-randomized-election-timeout 1 7
    process-ready 1 2               each takes one Ready; writes and applies are left waiting
    process-append-thread 1         its oldest write becomes durable, and the responses leave
    process-apply-thread 1          its oldest batch is applied
    process-fetch 1                 its oldest fetch is answered from disk
    process-snapshot 1              the oldest snapshot asked of it leaves
    process-snapshot-status 1       it is told how the oldest snapshot that left has ended
    send-snapshot 1 3               a snapshot leaves that nobody asked for
    deliver-msgs 2 drop=3           what waits for 2 arrives, what waits for 3 is lost; from=1 and
                                    only=MsgApp leave all else where it is
    stabilize [1 2]                 all of the above until nothing is left to do
    compact 1 5                     it forgets entries up to 5, in memory and on disk
    restart 1                       it loses what is not durable, and starts from its disk
    lose-entries 1 from=4           the same, and the disk has forgotten what it held from 4 on
    wipe 1                          the same, and the disk is empty
    raft-log 1, status 1, raft-state, progress 1

A last word `quietly` hides the output. A member that an option names need not exist.
"""

from collections.abc import Callable

from conf_text import parse_change, parse_conf_state, show_conf_state
from memory_disk import MemoryDisk
from scenario_actor import Actor
from scenario_text import show_entry, show_hard_state, show_message, show_role

from bitebyte.raft import (
    ConfState,
    Entry,
    HardState,
    ProgressView,
    ProposalDropped,
    RaftConfig,
    RaftError,
    Role,
)
from bitebyte.raft.messages import MsgSnap, PeerMessage, PeerUnreachable

STABILIZE_ROUNDS_MAX = 200
ELECTION_STEPS = 5
"""Question, answers, votes on the disk and out, answers, and the winner's first Ready."""


WORK: tuple[tuple[str, Callable[[Actor], list[str]]], ...] = (
    ("ready", Actor.process_ready),
    ("disk", Actor.process_append),
    ("apply", Actor.process_apply),
    ("fetch", Actor.process_fetch),
    ("snapshot", Actor.process_snapshot),
    ("snapshot", Actor.process_snapshot_status),
)
"""What a member can have to do, in the order in which it does it where nothing says otherwise."""


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
        try:
            output = method(*plain, **options)
        except ProposalDropped as error:
            output = [f"dropped: {error}"]
        except RaftError as error:
            output = [f"refused: {error}"]
        return ["ok"] if is_quiet or not output else output

    # Building.

    def cmd_add_nodes(self, count: str, learners: str = "", **options: str) -> list[str]:
        voters = range(1, int(count) + 1)
        conf_state = ConfState(
            tuple(voters), tuple(int(word) for word in learners.split(",") if word)
        )
        for member_id in (*voters, *conf_state.learners):
            self._add(member_id, MemoryDisk(conf_state), options)
        return []

    def cmd_add_node(self, member_id: str, *flags: str, **options: str) -> list[str]:
        groups = ("voters", "learners", "outgoing", "next")
        conf_words = [f"{name}={options.pop(name)}" for name in groups if name in options]
        disk = MemoryDisk(parse_conf_state([*(conf_words or ["voters=1,2,3"]), *flags]))
        base_term, base_index = map(int, options.pop("snapshot", "0/0").split("/"))
        disk.base_term, disk.first_index, disk.applied_index = base_term, base_index + 1, base_index
        terms = [int(word) for word in options.pop("terms", "").split(",") if word]
        disk.entries = [Entry(term, index) for index, term in enumerate(terms, base_index + 1)]
        disk.hard_state = HardState(term=max([int(options.pop("term", "0")), base_term, *terms]))
        self._add(int(member_id), disk, options)
        return []

    def cmd_add_joiner(self, member_id: str, **options: str) -> list[str]:
        self._add(int(member_id), MemoryDisk(), options)
        return []

    def _add(self, member_id: int, disk: MemoryDisk, options: dict[str, str]) -> None:
        numbers = {"election_ticks": 3, "heartbeat_ticks": 1}
        numbers |= {name.replace("-", "_"): int(value) for name, value in options.items()}
        config = RaftConfig(id=member_id, **numbers)  # pyright: ignore[reportArgumentType]
        self.actors[member_id] = Actor(config, disk, self.network)

    def cmd_restart(self, member_id: str) -> list[str]:
        self._actor(member_id).restart()
        return []

    def cmd_lose_entries(self, member_id: str, **options: str) -> list[str]:
        actor = self._actor(member_id)
        actor.disk.crash()
        actor.disk.lose_from(int(options["from"]))
        actor.restart()
        return []

    def cmd_wipe(self, member_id: str) -> list[str]:
        actor = self._actor(member_id)
        actor.disk = MemoryDisk()
        actor.restart()
        return []

    def cmd_compact(self, member_id: str, through_index: str) -> list[str]:
        actor = self._actor(member_id)
        actor.disk.compact(int(through_index))
        actor.node.compact(int(through_index))
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
        self._actor(member_id).node.propose([payload.encode() for payload in payloads])
        return []

    def cmd_propose_conf_change(self, member_id: str, *words: str) -> list[str]:
        self._actor(member_id).node.propose_conf_change(parse_change(list(words)))
        return []

    def cmd_transfer_leadership(self, member_id: str, transferee: str) -> list[str]:
        self._actor(member_id).node.transfer_leader(int(transferee))
        return []

    def cmd_forget_leader(self, member_id: str) -> list[str]:
        self._actor(member_id).node.forget_leader()
        return []

    def cmd_report_unreachable(self, member_id: str, peer_id: str) -> list[str]:
        node = self._actor(member_id).node
        node.step(PeerUnreachable(to=node.id, sender=node.id, peer_id=int(peer_id)))
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
        return self._for_each(member_ids, "ready", Actor.process_ready)

    def cmd_process_append_thread(self, *member_ids: str) -> list[str]:
        return self._for_each(member_ids, "disk", Actor.process_append)

    def cmd_process_apply_thread(self, *member_ids: str) -> list[str]:
        return self._for_each(member_ids, "apply", Actor.process_apply)

    def cmd_process_fetch(self, *member_ids: str) -> list[str]:
        return self._for_each(member_ids, "fetch", Actor.process_fetch)

    def cmd_process_snapshot(self, *member_ids: str) -> list[str]:
        return self._for_each(member_ids, "snapshot", Actor.process_snapshot)

    def cmd_process_snapshot_status(self, *member_ids: str) -> list[str]:
        return self._for_each(member_ids, "snapshot", Actor.process_snapshot_status)

    def cmd_send_snapshot(self, member_id: str, peer_id: str) -> list[str]:
        return [self._actor(member_id).send_snapshot(int(peer_id))]

    def _for_each(
        self, member_ids: tuple[str, ...], name: str, process: Callable[[Actor], list[str]]
    ) -> list[str]:
        output: list[str] = []
        for member_id in member_ids:
            lines = process(self._actor(member_id)) or ["nothing to do"]
            output += [f"{member_id} {name}:", *(f"  {line}" for line in lines)]
        return output

    def cmd_deliver_msgs(self, *member_ids: str, **options: str) -> list[str]:
        to = set(map(int, member_ids))
        lost = set(map(int, options.get("drop", "").split(",")) if options.get("drop") else ())
        sender, kind = options.get("from"), options.get("only")
        output: list[str] = []
        kept: list[PeerMessage] = []
        waiting = self.network[:]
        self.network.clear()
        for message in waiting:
            is_meant = sender in (None, str(message.sender)) and kind in (
                None,
                type(message).__name__,
            )
            if is_meant and message.to in lost:
                output.append(f"lost {show_message(message)}")
                self._end_snapshot(message, is_failed=True)
            elif is_meant and message.to in to:
                output.append(show_message(message))
                self._actor(str(message.to)).node.step(message)
                self._end_snapshot(message, is_failed=False)
            else:
                kept.append(message)
        self.network[:0] = kept
        return output or ["nothing to deliver"]

    def _end_snapshot(self, message: PeerMessage, *, is_failed: bool) -> None:
        if isinstance(message, MsgSnap):
            self._actor(str(message.sender)).end_snapshot(message, is_failed=is_failed)

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
        output: list[str] = []
        for name, process in WORK:
            while lines := process(self._actor(member_id)):
                output += [f"{member_id} {name}:", *(f"  {line}" for line in lines)]
        return output

    # Looking.

    def cmd_raft_log(self, member_id: str) -> list[str]:
        actor = self._actor(member_id)
        log = actor.node.core.log
        stored = actor.disk.entries[: log.window_first - actor.disk.first_index]
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
            show_conf_state(node.conf_state),
        ]

    def cmd_raft_state(self) -> list[str]:
        return [
            f"{member_id}: {show_role(actor.node.role)}, term {actor.node.term}, "
            f"committed {actor.node.commit_index}"
            for member_id, actor in sorted(self.actors.items())
        ]

    def cmd_progress(self, member_id: str) -> list[str]:
        progress = self._actor(member_id).node.progress()
        return [f"{peer_id}: {show_progress(view)}" for peer_id, view in progress.items()]

    def _actor(self, member_id: str) -> Actor:
        return self.actors[int(member_id)]


def show_progress(view: ProgressView) -> str:
    words = [view.state.value, f"match={view.match_index}", f"next={view.next_index}"]
    return " ".join([*words, *["silent"] * (not view.is_recently_active)])
