"""When a learner becomes a voter: it is meant to, and it has kept up for a while.

A learner that votes before it has caught up stalls every commit that needs it, and one whose
state lags would be elected by its log and serve old reads. So both count: the log that the leader
knows to be there, and the state that the learner has flushed.
"""

from collections import deque
from collections.abc import Callable, Mapping

from bitebyte.domain.roster import Cluster
from bitebyte.node.configuration import ids_of
from bitebyte.raft.progress import ProgressView
from bitebyte.raft.types import ChangeKind, ConfState, SingleChange
from bitebyte.transport.frames import StatusReport

LOOKS_BEHIND_MAX = 2
"""A learner has caught up while it holds what was committed so many looks ago: a second, at the
usual half second between looks, whatever the load."""

LOOKS_IN_A_ROW = 3
"""Only one good moment would say nothing about the next."""


class PromotionWatch:
    """What the leader remembers of its learners. A new leader begins anew."""

    def __init__(self) -> None:
        self._commits: deque[int] = deque(maxlen=LOOKS_BEHIND_MAX + 1)
        self._good_looks: dict[int, int] = {}

    def reset(self) -> None:
        """This member does not lead."""
        self._commits.clear()
        self._good_looks.clear()

    def look(
        self,
        cluster: Cluster,
        conf_state: ConfState,
        progress: Mapping[int, ProgressView],
        report_of: Callable[[int], StatusReport | None],
        commit_index: int,
    ) -> tuple[SingleChange, ...]:
        """The change to propose now; empty if there is none. To be called at a steady pace."""
        self._commits.append(commit_index)
        goal = self._commits[0]
        ready: list[int] = []
        for member in cluster.members:
            if member.id not in conf_state.learners or not member.wants_vote:
                self._good_looks.pop(member.id, None)
                continue
            report, known = report_of(member.id), progress.get(member.id)
            has_caught_up = (
                report is not None
                and known is not None
                and known.is_recently_active
                and not known.has_lost_log
                and known.match_index >= goal
                and report.flushed_index >= goal
                and report.level_known >= cluster.cluster_version
            )
            looks = self._good_looks.get(member.id, 0) + 1 if has_caught_up else 0
            self._good_looks[member.id] = looks
            if looks >= LOOKS_IN_A_ROW:
                ready.append(member.id)
        if conf_state.voters_outgoing or not ready:
            return ()
        return self._change_for(ready[0], cluster, conf_state)

    def _change_for(
        self, member_id: int, cluster: Cluster, conf_state: ConfState
    ) -> tuple[SingleChange, ...]:
        """One member at a time. A replacement is one joint change: at no moment are there more
        voters, or fewer, than before."""
        member = cluster.member(member_id)
        assert member is not None, "only members of the cluster's row are looked at"
        promotion = SingleChange(ChangeKind.ADD_VOTER, member_id)
        if member.replaces_id in ids_of(conf_state):
            return (promotion, SingleChange(ChangeKind.REMOVE, member.replaces_id))
        return (promotion,)
