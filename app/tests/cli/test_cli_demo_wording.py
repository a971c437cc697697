"""What a person reads while the demo runs."""

import io
from pathlib import Path

from bitebyte.demo.bar_loader import GUEST, MERCHANT
from bitebyte.demo.cluster_view import MemberReport
from bitebyte.demo.plan import DemoOptions, NodePlan
from bitebyte.demo.screen import Screen
from bitebyte.demo.wording import (
    NodeSight,
    ProcessState,
    StatusLine,
    ending,
    status_line,
    welcome,
)

PLAN = NodePlan(
    name="node-2", member_id=5, http_port=8081, peer_port=7081, data_dir=Path("data/demo/node-2")
)


def sight(
    process: ProcessState, *, pid: int | None = 4242, applied: int | None = 1204, lag: int = 0
) -> NodeSight:
    member = MemberReport(
        id="5", name="node-2", role="leader", is_voter=True, applied_index=applied, lag=lag
    )
    known = process is ProcessState.RUNNING
    return NodeSight(
        plan=PLAN,
        process=process,
        pid=pid,
        member=member if known else None,
        term=3 if known else None,
    )


def test_a_running_node_says_where_it_is_and_how_far() -> None:
    assert status_line(sight(ProcessState.RUNNING)).text == (
        "node-2  http://127.0.0.1:8081  leader     term 3  applied 1,204  lag 0  pid 4242"
    )


def test_progress_alone_is_no_news_but_another_role_or_process_is() -> None:
    line = status_line(sight(ProcessState.RUNNING))
    assert status_line(sight(ProcessState.RUNNING, applied=9999, lag=7)).gist == line.gist
    assert status_line(sight(ProcessState.RUNNING, pid=77)).gist != line.gist


def test_a_node_that_died_or_is_silent_says_so() -> None:
    assert "down, will be restarted" in status_line(sight(ProcessState.WAITING, pid=None)).text
    assert "starting" in status_line(sight(ProcessState.STARTING)).text
    silent = NodeSight(plan=PLAN, process=ProcessState.RUNNING, pid=1, member=None, term=None)
    assert "does not answer" in status_line(silent).text


def test_the_welcome_names_addresses_and_sign_ins() -> None:
    text = welcome(DemoOptions(data_dir=Path("data"), site_dir=Path("web/dist")), [PLAN])
    for expected in (PLAN.url, GUEST.email, GUEST.password, MERCHANT.email, MERCHANT.password):
        assert expected in text
    assert "make setup" not in text


def test_the_welcome_says_how_to_get_the_site_when_it_is_not_built() -> None:
    text = welcome(DemoOptions(data_dir=Path("data")), [PLAN])
    assert "make setup" in text
    assert "http://127.0.0.1:8081/api/v1/bars/night-owl/menu" in text


def test_an_ending_is_told_in_words() -> None:
    assert ending(-9) == "was ended by signal 9"
    assert ending(2) == "refused its configuration"
    assert ending(17) == "ended with exit code 17"


def lines(*texts: str) -> list[StatusLine]:
    return [StatusLine(text=text, gist=text.split("!")[0]) for text in texts]


def test_off_a_terminal_only_news_is_printed() -> None:
    out = io.StringIO()
    screen = Screen(out, is_terminal=False, columns=lambda: 80)
    screen.show(lines("one!1", "two!1"))
    screen.show(lines("one!2", "two!2"))
    screen.show(lines("one!3", "two again!3"))
    screen.say("message")
    assert out.getvalue() == "one!1\ntwo!1\ntwo again!3\nmessage\n"


def rows_on_terminal(written: str) -> list[str]:
    """What a terminal shows after the given output: rows of text, without the empty ones."""
    rows: list[str] = [""]
    at = 0
    for part in written.replace("\x1b[2K", "\x00").replace("\x1b[", "\n\x1b").split("\n"):
        command, is_move, rest = part.partition("F")
        if part.startswith("\x1b") and is_move:
            at -= int(command[1:]) + 1
            part = rest
        while at >= len(rows):
            rows.append("")
        rows[at] = part.removeprefix("\x00") if part else rows[at]
        at += 1
    return [row for row in rows if row]


def test_on_a_terminal_status_lines_are_redrawn_below_the_messages() -> None:
    out = io.StringIO()
    screen = Screen(out, is_terminal=True, columns=lambda: 80)
    screen.say("hello")
    screen.show(lines("one 1", "two 1"))
    screen.say("message")
    screen.show(lines("one 2", "two 2"))
    assert rows_on_terminal(out.getvalue()) == ["hello", "message", "one 2", "two 2"]


def test_a_status_line_never_wraps() -> None:
    out = io.StringIO()
    Screen(out, is_terminal=True, columns=lambda: 30).show(lines("x" * 100))
    assert out.getvalue() == "x" * 29 + "\n"
