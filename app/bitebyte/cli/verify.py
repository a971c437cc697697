"""`bitebyte verify`: whether the databases of all members hold the same."""

import msgspec
import typer

from bitebyte.cli.admin_client import (
    AdminCa,
    AdminCert,
    AdminClient,
    AdminKey,
    AdminUrls,
    AsJson,
    Refused,
    TimeoutS,
    Unknown,
    open_client,
    pause,
)
from bitebyte.cli.errors import FAILED
from bitebyte.cli.outcome import tell_json, telling_outcome

LOOK_INTERVAL_S = 0.3


class Checked(msgspec.Struct, frozen=True):
    """A member, and how far its digest is."""

    id: str
    name: str
    state: str
    state_hash: str | None = None
    schema_version: int | None = None
    digests: dict[str, str] | None = None
    error: str | None = None


class Difference(msgspec.Struct, frozen=True):
    """Groups of members that agree with each other, the largest first."""

    kind: str
    groups: tuple[tuple[str, ...], ...]


class Verification(msgspec.Struct, frozen=True):
    """What is known of one checkpoint."""

    index: int
    is_complete: bool
    members: tuple[Checked, ...]
    differences: tuple[Difference, ...]
    is_equal: bool | None = None


def register(app: typer.Typer) -> None:
    """Adds the command to the program."""
    app.command("verify")(verify)


def verify(
    admin: AdminUrls = None,
    as_json: AsJson = False,
    timeout_s: TimeoutS = 120.0,
    ca: AdminCa = None,
    cert: AdminCert = None,
    key: AdminKey = None,
) -> None:
    """Have all members digest their databases at the same place in the log, and compare.

    Orders go on meanwhile. `history` is the chained hash of everything that was applied; the
    other kinds are the rows that the members' databases hold. While members run programs with
    different schemas, as during an upgrade, their rows cannot be compared.

    Exit codes: 0 all equal; 1 a member differs, or has another schema, or refused; 2 wrong
    options; 3 not all members have reported in time.
    """
    client = open_client(admin, ca, cert, key, timeout_s=timeout_s)
    with telling_outcome(as_json=as_json) as say:
        begun = client.request("POST", "/admin/v1/verify").body
        found = _parse(begun)
        say(f"checkpoint at index {found.index:,}")
        body = _wait(client, found)
        found = _parse(body)
        if as_json:
            tell_json(body)
        else:
            for line in verdict_lines(found):
                typer.echo(line)
    if not found.is_equal:
        raise typer.Exit(FAILED)


def verdict_lines(found: Verification) -> list[str]:
    """One line for each member, one for each difference, and the verdict."""
    lines = [_line(one) for one in found.members]
    for difference in found.differences:
        agreed, *others = (", ".join(group) for group in difference.groups)
        lines.append(f"{difference.kind} differs: {agreed} | {' | '.join(others)}")
    if found.is_equal:
        lines.append(f"equal: {len(found.members)} members at index {found.index:,}")
    elif found.differences:
        lines.append(f"NOT equal at index {found.index:,}: keep the databases, and compare them")
    elif found.is_complete:
        schemas = ", ".join(f"{one.name} has {one.schema_version or '?'}" for one in found.members)
        lines.append(
            f"different schema: {schemas}. Rows are comparable when all run the same program"
        )
    return lines


def _line(one: Checked) -> str:
    if one.state != "done":
        return f"{one.name}: {one.state}{f' ({one.error})' if one.error else ''}"
    short = (one.state_hash or "")[:16]
    return f"{one.name}: history {short}, {len(one.digests or {})} kinds of rows digested"


def _wait(client: AdminClient, found: Verification) -> object:
    """Until all have reported or a difference is certain. Raises Unknown at the deadline."""
    while True:
        body = client.request("GET", f"/admin/v1/verify/{found.index}").body
        found = _parse(body)
        is_settled = all(one.state in ("done", "failed") for one in found.members)
        if is_settled and (found.is_equal is not None or found.is_complete):
            return body
        passed = [one for one in found.members if one.state in ("passed", "failed")]
        if passed or client.left_s <= 0:
            waiting = ", ".join(_line(one) for one in found.members if one.state != "done")
            if found.is_equal is False:
                return body
            raise Unknown(f"not all members have reported on index {found.index:,}: {waiting}")
        pause(LOOK_INTERVAL_S)


def _parse(body: object) -> Verification:
    try:
        return msgspec.convert(body, type=Verification)
    except msgspec.ValidationError as error:
        raise Refused("not_a_node", f"no admin address of BiteByte: {error}") from None
