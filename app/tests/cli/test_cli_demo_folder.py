"""The data folder belongs to one demo at a time, and its logs stay bounded."""

import os
import socket
from pathlib import Path

import pytest

from bitebyte.demo import data_folder
from bitebyte.demo.errors import DataFolderBroken, DataFolderInUse, PortTaken
from bitebyte.demo.plan import DemoOptions, plan_nodes
from bitebyte.demo.ports import check_ports


def test_a_second_demo_on_the_same_folder_is_told_who_holds_it(tmp_path: Path) -> None:
    with (
        data_folder.hold(tmp_path / "demo"),
        pytest.raises(DataFolderInUse, match=rf"process {os.getpid()}\b.*--data"),
        data_folder.hold(tmp_path / "demo"),
    ):
        pass


def test_the_folder_is_free_again_when_the_demo_has_ended(tmp_path: Path) -> None:
    for _ in range(2):
        with data_folder.hold(tmp_path / "demo"):
            pass


def test_a_folder_that_cannot_be_made_is_named(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("not a folder")
    with (
        pytest.raises(DataFolderBroken, match=r"cannot be used.*--data"),
        data_folder.hold(tmp_path / "file" / "demo"),
    ):
        pass


def test_the_second_start_finds_the_cluster_of_the_first(tmp_path: Path) -> None:
    first = data_folder.read_or_draw_cluster(tmp_path)
    assert data_folder.read_or_draw_cluster(tmp_path) == first
    changed = first.with_bootstrapped("node-1")
    data_folder.write_cluster(tmp_path, changed)
    assert data_folder.read_or_draw_cluster(tmp_path) == changed


def test_a_database_without_its_cluster_file_is_not_adopted(tmp_path: Path) -> None:
    (tmp_path / "node-2" / "postgres").mkdir(parents=True)
    with pytest.raises(DataFolderBroken, match=r"cluster\.json is missing"):
        data_folder.read_or_draw_cluster(tmp_path)


def test_a_long_log_moves_aside_and_only_five_old_ones_are_kept(tmp_path: Path) -> None:
    log_path = tmp_path / "node.log"
    for round_number in range(1, 9):
        log_path.write_text(f"round {round_number}\n" * 10)
        assert data_folder.rotate_log(log_path, bytes_max=50)
    names = sorted(path.name for path in tmp_path.iterdir())
    assert names == ["node.log", *(f"node.log.{number}" for number in range(1, 6))]
    assert log_path.read_text() == ""
    assert (tmp_path / "node.log.1").read_text().startswith("round 8")
    assert (tmp_path / "node.log.5").read_text().startswith("round 4")


def test_a_running_node_goes_on_writing_after_its_log_has_moved(tmp_path: Path) -> None:
    log_path = tmp_path / "node.log"
    with log_path.open("a") as log:
        log.write("before\n" * 20)
        log.flush()
        data_folder.rotate_log(log_path, bytes_max=50)
        log.write("after\n")
    assert log_path.read_text() == "after\n"


def test_a_short_or_missing_log_stays_as_it_is(tmp_path: Path) -> None:
    assert not data_folder.rotate_log(tmp_path / "node.log")
    (tmp_path / "node.log").write_text("short")
    assert not data_folder.rotate_log(tmp_path / "node.log")


def test_the_end_of_a_log_explains_a_failure(tmp_path: Path) -> None:
    (tmp_path / "node.log").write_text("".join(f"line {number}\n" for number in range(100)))
    assert data_folder.last_lines(tmp_path / "node.log", lines_max=2) == "line 98\nline 99"
    assert data_folder.last_lines(tmp_path / "absent.log") == ""


def test_a_taken_port_is_named_with_what_to_do(tmp_path: Path) -> None:
    cluster = data_folder.read_or_draw_cluster(tmp_path)
    with socket.socket() as other_program:
        other_program.bind(("127.0.0.1", 0))
        other_program.listen()
        taken = other_program.getsockname()[1]
        options = DemoOptions(data_dir=tmp_path, http_port=taken - 1, peer_port=taken + 10)
        with pytest.raises(
            PortTaken, match=rf"port {taken} \(HTTP of node-2\) is taken.*--http-port"
        ):
            check_ports(plan_nodes(options, cluster))
