"""Options of the operator, from its environment; read once, at the start."""

import socket
import uuid
from collections.abc import Mapping
from typing import Final, Literal, get_args

import msgspec

LogFormat = Literal["json", "console"]
LogLevel = Literal["debug", "info", "warning", "error"]

PREFIX: Final = "BITEBYTE_OPERATOR_"


class SettingsProblems(Exception):
    """The environment cannot be used. The text lists every problem, one a line."""


class Settings(msgspec.Struct, frozen=True, kw_only=True):
    """All options. The environment variable of `lease_name` is BITEBYTE_OPERATOR_LEASE_NAME."""

    namespace: str
    """Where the operator itself runs: the Lease is there, and pods admit callers from there."""

    watch_namespaces: tuple[str, ...]
    """Namespaces whose BarClusters are looked after; by default the operator's own. Given empty:
    all namespaces, which needs a ClusterRole."""

    lease_name: str = "bitebyte-operator"

    pod_name: str
    """For events and for the holder of the Lease; by default the host's name."""

    holder: str
    """Of the Lease: the pod's name and a chance part, since two processes must never be one."""

    http_host: str = "0.0.0.0"
    http_port: int = 8081
    """Where /metrics, /livez and /readyz are."""

    log_format: LogFormat = "json"
    log_level: LogLevel = "info"


def read_settings(environment: Mapping[str, str]) -> Settings:
    """Raises SettingsProblems."""
    problems: list[str] = []

    def given(name: str, default: str) -> str:
        return environment.get(f"{PREFIX}{name}", default)

    namespace = given("NAMESPACE", "")
    if not namespace:
        problems.append(f"{PREFIX}NAMESPACE must name the namespace that the operator runs in")
    pod_name = given("POD_NAME", "") or socket.gethostname()
    host, _, port = given("HTTP_LISTEN", "0.0.0.0:8081").rpartition(":")
    host = host.removeprefix("[").removesuffix("]")
    if not host or not (port.isascii() and port.isdigit() and int(port) <= 65535):
        problems.append(f"{PREFIX}HTTP_LISTEN must be host:port, such as 0.0.0.0:8081")
        port = "0"
    log_format, log_level = given("LOG_FORMAT", "json"), given("LOG_LEVEL", "info")
    for name, value, allowed in (
        ("LOG_FORMAT", log_format, get_args(LogFormat)),
        ("LOG_LEVEL", log_level, get_args(LogLevel)),
    ):
        if value not in allowed:
            problems.append(f"{PREFIX}{name} must be one of {', '.join(allowed)}, not {value!r}")
    if problems:
        raise SettingsProblems("\n".join(problems))
    watched = given("WATCH_NAMESPACES", namespace)
    return msgspec.convert(
        {
            "namespace": namespace,
            "watch_namespaces": tuple(one.strip() for one in watched.split(",") if one.strip()),
            "lease_name": given("LEASE_NAME", "bitebyte-operator"),
            "pod_name": pod_name,
            "holder": f"{pod_name}_{uuid.uuid4()}",
            "http_host": host,
            "http_port": int(port),
            "log_format": log_format,
            "log_level": log_level,
        },
        Settings,
    )
