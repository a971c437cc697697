"""The options of a node: read once, at the start, and checked as a whole.

Every option is a flag of `bitebyte node` and an environment variable (`--http-listen` is
`BITEBYTE_HTTP_LISTEN`); the flag wins. Secrets are files, never values.
"""

import ipaddress
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Annotated, Literal, Self

from pydantic import (
    BaseModel,
    ConfigDict,
    Field,
    IPvAnyAddress,
    ValidationError,
    field_validator,
    model_validator,
)
from pydantic_settings import BaseSettings, NoDecode, SettingsConfigDict

_NAME = re.compile(r"[a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?")
_SLICE = re.compile(rf"{_NAME.pattern}/[a-z0-9]([a-z0-9.-]{{0,251}}[a-z0-9])?")
_MEMBER = re.compile(r"(?P<name>[^=]+)=(?P<id>[0-9]+)@(?P<address>.+)")


class ConfigProblems(Exception):
    """The configuration cannot be used. The text lists every problem, one a line."""


class Address(BaseModel):
    """A host and a port, written `host:port`; IPv6 hosts in brackets."""

    model_config = ConfigDict(frozen=True)
    host: str
    port: Annotated[int, Field(ge=0, le=65535)]

    @classmethod
    def parse(cls, text: str) -> Self:
        """Raises ValueError saying what is allowed."""
        host, separator, port = text.rpartition(":")
        host = host.removeprefix("[").removesuffix("]")
        if not separator or not host or not port.isascii() or not port.isdigit():
            raise ValueError(f"{text!r} is not host:port")
        if int(port) > 65535:
            raise ValueError(f"port {port} is above 65535")
        return cls(host=host, port=int(port))

    def __str__(self) -> str:
        host = f"[{self.host}]" if ":" in self.host else self.host
        return f"{host}:{self.port}"

    @property
    def is_loopback(self) -> bool:
        """Whether only this machine can reach it."""
        if self.host == "localhost":
            return True
        try:
            return ipaddress.ip_address(self.host).is_loopback
        except ValueError:
            return False


class Member(BaseModel):
    """One member of the cluster, written `name=id@host:port`."""

    model_config = ConfigDict(frozen=True)
    name: str
    id: Annotated[int, Field(gt=0, lt=2**63)]
    address: Address

    @classmethod
    def parse(cls, text: str) -> Self:
        """Raises ValueError saying what is allowed."""
        match = _MEMBER.fullmatch(text)
        if match is None:
            raise ValueError(f"{text!r} is not name=id@host:port, with a decimal id")
        if not _NAME.fullmatch(match["name"]):
            raise ValueError(f"{match['name']!r} is not a DNS label (a-z, 0-9 and -)")
        if not 0 < int(match["id"]) < 2**63:
            raise ValueError(f"member id {match['id']} is not between 1 and 2^63 - 1")
        return cls(name=match["name"], id=int(match["id"]), address=Address.parse(match["address"]))


class NodeConfig(BaseSettings):
    """All options of one node."""

    model_config = SettingsConfigDict(env_prefix="BITEBYTE_", frozen=True, extra="forbid")

    name: str
    """This member's name."""

    cluster_id: Annotated[int, Field(gt=0, lt=2**63)]
    """Random number that says which cluster this is."""

    member: Annotated[tuple[Member, ...], NoDecode] = ()
    """Members with the addresses of their peer listeners: with `bootstrap` all of them, this one
    included; later only where to look before anything else is known, and in place of addresses
    that the cluster has written down. In the environment separated by commas."""

    bootstrap: bool = False
    """Make an empty database the first state of a new cluster with these members as voters.
    Given once, when the cluster is created; never because a disk is empty."""

    join: bool = False
    """Make an empty database that of a new member, with an id that nobody ever had, and wait to be
    added (`bitebyte member add`). Without effect on a database that belongs to a member."""

    data_dir: Path | None = None
    """Where the embedded PostgreSQL keeps its data."""

    database_dsn_file: Path | None = None
    """Instead of `data_dir`: a file that holds the DSN of a PostgreSQL of this node's own."""

    http_listen: Annotated[Address, NoDecode] = Address(host="127.0.0.1", port=8080)
    peer_listen: Annotated[Address, NoDecode] = Address(host="127.0.0.1", port=7080)

    peer_advertise: Annotated[Address | None, NoDecode] = None
    """Where the others reach this member; by default its address in `member`, or peer_listen."""

    peer_ca_file: Path | None = None
    peer_certificate_file: Path | None = None
    peer_key_file: Path | None = None
    """Mutual TLS between peers: all three, or none and loopback addresses only."""

    admin_listen: Annotated[Address | None, NoDecode] = None
    """Where operators reach the admin API; without it there is none on this node."""

    admin_ca_file: Path | None = None
    admin_certificate_file: Path | None = None
    admin_key_file: Path | None = None
    """Mutual TLS of the admin API: whoever holds a certificate of that CA may do everything there.
    All three, or none and a loopback address only."""

    leader_endpointslice: str | None = None
    """On Kubernetes, `NAMESPACE/NAME`: the EndpointSlice that this node points at itself while it
    leads. Made by somebody else; the pod's role needs get and patch of that one object."""

    pod_ip: IPvAnyAddress | None = None
    """The address that it writes there."""

    service_account_dir: Path = Path("/var/run/secrets/kubernetes.io/serviceaccount")
    """Where token and CA for the API server of Kubernetes lie."""

    shutdown_delay_s: Annotated[float, Field(ge=0, le=60)] = 0.0
    """How long a node that is told to stop goes on serving: not ready and leading no more, until
    those who send requests here have heard of it."""

    log_entries_kept: Annotated[int, Field(ge=1, le=1_000_000)] = 10_000
    """Applied entries that the log keeps for members that lag a little, as far as they fit into
    16 MiB; whoever lags more gets a snapshot."""

    site_dir: Path | None = None
    """The built site; without it the node serves the API alone."""

    insecure_cookie: bool = False
    """Session cookies without `Secure`, for plain HTTP on one machine."""

    log_format: Literal["console", "json"] = "json"

    @field_validator("member", mode="before")
    @classmethod
    def _parse_members(cls, value: object) -> object:
        if isinstance(value, str):
            value = [part for part in value.split(",") if part]
        if isinstance(value, list | tuple):
            return tuple(Member.parse(v) if isinstance(v, str) else v for v in value)
        return value

    @field_validator("http_listen", "peer_listen", "peer_advertise", "admin_listen", mode="before")
    @classmethod
    def _parse_address(cls, value: object) -> object:
        return Address.parse(value) if isinstance(value, str) else value

    @model_validator(mode="after")
    def _check_together(self) -> Self:
        problems: list[str] = []
        if self.bootstrap and self.join:
            problems.append("bootstrap begins a cluster and join enters one: give one of them")
        if self.bootstrap and self.name not in {member.name for member in self.member}:
            problems.append(f"name {self.name!r} is not among the members")
        if not _NAME.fullmatch(self.name):
            problems.append(f"name {self.name!r} is not a DNS label (a-z, 0-9 and -)")
        if len({m.name for m in self.member}) < len(self.member):
            problems.append("two members have the same name")
        if len({m.id for m in self.member}) < len(self.member):
            problems.append("two members have the same id")
        if (self.data_dir is None) == (self.database_dsn_file is None):
            problems.append("give either data_dir or database_dsn_file")
        files = (self.peer_ca_file, self.peer_certificate_file, self.peer_key_file)
        if any(files) and not all(files):
            problems.append("peer_ca_file, peer_certificate_file and peer_key_file go together")
        if not any(files):
            advertised = [self.peer_advertise] if self.peer_advertise else []
            addresses = [self.peer_listen, *advertised, *(m.address for m in self.member)]
            problems.extend(
                f"{address.host}:{address.port} is not a loopback address: peers speak plain TCP "
                "on one machine only, anything else needs the peer_*_file options"
                for address in addresses
                if not address.is_loopback
            )
        problems.extend(self._admin_problems())
        problems.extend(self._kubernetes_problems())
        if self.site_dir is not None and not (self.site_dir / "index.html").is_file():
            problems.append(f"site_dir {self.site_dir} holds no index.html; build the site first")
        if problems:
            raise ValueError("\n".join(problems))
        return self

    def _admin_problems(self) -> Iterator[str]:
        files = (self.admin_ca_file, self.admin_certificate_file, self.admin_key_file)
        listen = self.admin_listen
        if any(files) and not all(files):
            yield "admin_ca_file, admin_certificate_file and admin_key_file go together"
        if any(files) and listen is None:
            yield "the admin_*_file options need admin_listen"
        if listen is not None and not any(files) and not listen.is_loopback:
            yield (
                f"admin_listen {listen.host}:{listen.port} is not a loopback address: whoever can"
                " reach the admin API may remove members, so anything else needs the admin_*_file"
                " options"
            )

    def _kubernetes_problems(self) -> Iterator[str]:
        if (self.leader_endpointslice is None) != (self.pod_ip is None):
            yield "leader_endpointslice and pod_ip go together"
        name = self.leader_endpointslice
        if name is not None and not _SLICE.fullmatch(name):
            yield f"leader_endpointslice {name!r} is not NAMESPACE/NAME"

    @property
    def advertised_peer_address(self) -> str:
        """`host:port` for the other members."""
        listed = self.own.address if self.own is not None else None
        address = self.peer_advertise or listed or self.peer_listen
        return str(address)

    @property
    def own(self) -> Member | None:
        """This member among `member`; None if it is not listed."""
        return next((member for member in self.member if member.name == self.name), None)


def load_node_config(**options: object) -> NodeConfig:
    """The configuration from flags and environment; None means that a flag was not given.

    Raises ConfigProblems.
    """
    given = {key: value for key, value in options.items() if value is not None}
    try:
        return NodeConfig(**given)  # pyright: ignore[reportArgumentType]  pydantic checks them
    except ValidationError as error:
        lines: list[str] = []
        for item in error.errors(include_url=False, include_input=False):
            field = ".".join(str(part) for part in item["loc"])
            text = item["msg"].removeprefix("Value error, ")
            lines.extend(f"{field}: {line}" if field else line for line in text.splitlines())
        raise ConfigProblems("\n".join(lines)) from None
