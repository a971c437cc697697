"""Runs the commands of the files that are only about sets of members and their majorities.

given voters=1,2 learners=3     the configuration from here on; also outgoing=, next= and the
                                word auto-leave
change voter 1, learner 2, remove 3 [implicit|explicit|void]
                                a change of the configuration with these parts
leave                           a change without parts
committed voters=1,2 acked=1:5,2:7
                                what is committed when the members have acknowledged that much;
                                also outgoing=
vote voters=1,2 yes=1 no=2      how an election stands; also outgoing=
"""

from conf_text import parse_change, parse_conf_state, show_conf_state

from bitebyte.raft import ConfChangeRefused, ConfState
from bitebyte.raft.confchange import apply_change
from bitebyte.raft.quorum import Quorum


class MembershipInterpreter:
    """Holds one configuration."""

    def __init__(self) -> None:
        self.conf_state = ConfState(())

    def run(self, command: str) -> list[str]:
        """Runs one command and returns its output. Raises ValueError for an unknown one."""
        name, *words = command.split()
        match name:
            case "given":
                self.conf_state = parse_conf_state(words)
            case "change" | "leave":
                try:
                    self.conf_state = apply_change(self.conf_state, parse_change(words))
                except ConfChangeRefused as error:
                    return [f"refused: {error}"]
            case "committed":
                return self._committed(words)
            case "vote":
                return self._vote(words)
            case _:
                raise ValueError(f"unknown command {name}")
        return [show_conf_state(self.conf_state)]

    def _committed(self, words: list[str]) -> list[str]:
        options = dict(word.split("=", 1) for word in words)
        pairs = [pair.split(":") for pair in options.pop("acked", "").split(",") if pair]
        acked = {int(member_id): int(index) for member_id, index in pairs}
        quorum = Quorum(parse_conf_state(words))
        ranking = sorted(quorum.voters, key=lambda member_id: (acked.get(member_id, 0), member_id))
        return [
            *(f"{member_id} has {acked.get(member_id, 'nothing')}" for member_id in ranking),
            f"committed: {quorum.committed_index(lambda member_id: acked.get(member_id, 0))}",
        ]

    def _vote(self, words: list[str]) -> list[str]:
        options = dict(word.split("=", 1) for word in words)
        votes = {
            int(member_id): answer == "yes"
            for answer in ("yes", "no")
            for member_id in options.get(answer, "").split(",")
            if member_id
        }
        return [Quorum(parse_conf_state(words)).vote_result(votes).value]
