"""What a leader may conclude from what its quorum has said: commitment, and reads."""

from bitebyte.raft.core import Core
from bitebyte.raft.messages import MsgReadIndexResp
from bitebyte.raft.types import ReadState


def advance_commit(core: Core) -> None:
    """Commits what a quorum holds, counting only entries of the own term (paper §5.4.2): an older
    one may be on a majority and still be overwritten (figure 8)."""
    index = core.quorum.committed_index(lambda member_id: core.progress[member_id].match_index)
    log = core.log
    if index > log.committed and log.term(index) == core.term:
        log.commit_to(index)


def has_committed_in_term(core: Core) -> bool:
    """Whether an entry of the own term is committed, as a rule the no-op it began with. Before,
    the commit index may lag behind what clients have seen (etcd #7331)."""
    return core.log.term(core.log.committed) == core.term


def start_reads(core: Core) -> None:
    """Begins a round with a heartbeat to all, if reads wait and may be confirmed already."""
    reads = core.reads
    if reads.is_round_open or not reads.has_queued or not has_committed_in_term(core):
        return
    reads.start_round(core.log.committed)
    core.progress[core.id].read_seq_acked = reads.seq
    core.is_heartbeat_due = True
    finish_reads(core)


def finish_reads(core: Core) -> None:
    """Answers the reads of the open round, if a quorum has confirmed it."""
    index = core.reads.index
    confirmed = core.reads.take_confirmed(
        core.quorum, lambda member_id: core.progress[member_id].read_seq_acked
    )
    for request in confirmed:
        if request.sender == core.id:
            core.read_states.append(ReadState(request.request_id, index))
        else:
            waiting = core.progress.get(request.sender)
            if waiting is not None:
                waiting.prompt_through = max(waiting.prompt_through, index)
            core.send(
                MsgReadIndexResp(
                    to=request.sender,
                    sender=core.id,
                    term=core.term,
                    request_id=request.request_id,
                    index=index,
                )
            )
