"""The database image and the embedded server are set up alike, and the image's start refuses what
is not its own. Building and running the images is for the Kubernetes suite."""

import os
import re
import subprocess
from pathlib import Path

import pytest

from bitebyte.repository.postgres_settings import build_postgresql_conf

REPOSITORY = Path(__file__).resolve().parents[2]
IMAGE = REPOSITORY / "images" / "postgres"
OF_VERSION_18 = {"io_method", "autovacuum_worker_slots"}
"""The image has PostgreSQL 17 of Debian, which does not know these."""


def settings_of(text: str) -> dict[str, str]:
    return dict(re.findall(r"^(\w+) = '(.*)'$", text, re.MULTILINE))


def test_both_servers_have_the_same_settings() -> None:
    embedded = settings_of(build_postgresql_conf(Path("/run/postgresql")))
    image = settings_of((IMAGE / "postgresql.conf").read_text())
    assert image == {name: value for name, value in embedded.items() if name not in OF_VERSION_18}


@pytest.fixture
def programs(tmp_path: Path) -> dict[str, str]:
    """An environment whose `postgres` is a script that says its version, or that it was started."""
    folder = tmp_path / "bin"
    folder.mkdir()
    postgres = folder / "postgres"
    postgres.write_text(
        "#!/bin/sh\n"
        'if [ "$1" = --version ]; then echo "postgres (PostgreSQL) 17.6"; else echo started; fi\n'
    )
    postgres.chmod(0o755)
    path = f"{folder}:{os.environ['PATH']}"
    return {"PATH": path, "BITEBYTE_VOLUME": str(tmp_path / "volume")}


def start(environment: dict[str, str]) -> subprocess.CompletedProcess[str]:
    command = ["sh", str(IMAGE / "start.sh")]
    return subprocess.run(
        command, env=environment, capture_output=True, text=True, check=False, timeout=30
    )


def database(environment: dict[str, str]) -> Path:
    folder = Path(environment["BITEBYTE_VOLUME"]) / "postgres"
    folder.mkdir(parents=True)
    return folder


def test_its_own_database_is_started(programs: dict[str, str]) -> None:
    (database(programs) / "PG_VERSION").write_text("17\n")
    done = start(programs)
    assert (done.returncode, done.stdout) == (0, "started\n")


@pytest.mark.parametrize("version", ["16", "18"])
def test_a_database_of_another_version_is_refused(programs: dict[str, str], version: str) -> None:
    (database(programs) / "PG_VERSION").write_text(f"{version}\n")
    done = start(programs)
    assert done.returncode == 78
    assert f"made by PostgreSQL {version}, and this image brings 17" in done.stderr


def test_something_else_in_its_place_is_refused(programs: dict[str, str]) -> None:
    (database(programs) / "holiday.jpg").write_text("")
    done = start(programs)
    assert done.returncode == 78
    assert "is no PostgreSQL database" in done.stderr
