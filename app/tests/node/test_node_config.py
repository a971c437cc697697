"""A wrong configuration is refused as a whole, with every problem and its remedy."""

import subprocess
import sys
from pathlib import Path

import pytest

from bitebyte.config import ConfigProblems, load_node_config

MEMBERS = [f"node-{n}={n}@127.0.0.1:708{n}" for n in (1, 2, 3)]


def good(tmp_path: Path) -> dict[str, object]:
    return {"name": "node-1", "cluster_id": 5, "member": MEMBERS, "data_dir": tmp_path}


def test_a_good_configuration_is_taken_from_flags_and_environment(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("BITEBYTE_HTTP_LISTEN", "[::1]:9000")
    monkeypatch.setenv("BITEBYTE_MEMBER", ",".join(MEMBERS))
    options = good(tmp_path)
    del options["member"]
    config = load_node_config(**options)
    assert (config.http_listen.host, config.http_listen.port) == ("::1", 9000)
    assert [member.id for member in config.member] == [1, 2, 3]
    assert config.own is not None
    assert config.own.address.port == 7081


@pytest.mark.parametrize(
    ("change", "text"),
    [
        ({"name": "node-9", "bootstrap": True}, "not among the members"),
        ({"name": "Node_9"}, "DNS label"),
        ({"bootstrap": True, "join": True}, "give one of them"),
        ({"log_entries_kept": 0}, "log_entries_kept"),
        ({"cluster_id": 0}, "cluster_id"),
        ({"cluster_id": 2**63}, "cluster_id"),
        ({"member": ["node-1"]}, "name=id@host:port"),
        ({"member": ["Node_1=1@127.0.0.1:1"]}, "DNS label"),
        ({"member": ["node-1=0@127.0.0.1:1"]}, "between 1 and"),
        ({"member": [MEMBERS[0], "node-2=1@127.0.0.1:1"]}, "same id"),
        ({"member": [MEMBERS[0], MEMBERS[0]]}, "same name"),
        ({"http_listen": "127.0.0.1"}, "host:port"),
        ({"http_listen": "127.0.0.1:70000"}, "65535"),
        ({"peer_listen": "0.0.0.0:7080"}, "plain TCP on one machine only"),
        ({"member": ["node-1=1@bar.example:7080"]}, "plain TCP on one machine only"),
        ({"peer_ca_file": "ca.crt"}, "go together"),
        ({"admin_listen": "0.0.0.0:9080"}, "may remove members"),
        ({"admin_listen": "127.0.0.1:9080", "admin_ca_file": "ca.crt"}, "go together"),
        ({"admin_ca_file": "ca.crt"}, "need admin_listen"),
        ({"data_dir": None}, "either data_dir or database_dsn_file"),
        ({"database_dsn_file": "dsn"}, "either data_dir or database_dsn_file"),
        ({"leader_endpointslice": "bar/leader"}, "go together"),
        ({"pod_ip": "10.0.0.1"}, "go together"),
        ({"leader_endpointslice": "leader", "pod_ip": "10.0.0.1"}, "not NAMESPACE/NAME"),
        ({"leader_endpointslice": "bar/leader", "pod_ip": "here"}, "pod_ip"),
        ({"shutdown_delay_s": 61}, "shutdown_delay_s"),
        ({"site_dir": "nowhere"}, "no index.html"),
        ({"log_format": "xml"}, "log_format"),
    ],
)
def test_each_mistake_is_named(tmp_path: Path, change: dict[str, object], text: str) -> None:
    with pytest.raises(ConfigProblems, match=text):
        load_node_config(**{**good(tmp_path), **change})


def test_the_program_lists_all_mistakes_at_once_and_exits_with_2() -> None:
    result = subprocess.run(
        [
            *(sys.executable, "-m", "bitebyte", "node", "--name", "node-1"),
            *("--http-listen", "nonsense", "--peer-listen", "127.0.0.1:99999"),
        ],
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
    assert result.returncode == 2
    for field in ("cluster_id", "http_listen", "peer_listen"):
        assert field in result.stderr
    assert "Traceback" not in result.stderr
