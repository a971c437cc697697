"""The site: built files, from memory.

A few hundred kilobytes are read once at start, so a request touches no disk, and no path is ever
joined with what a client sent. Addresses that are no file get the page, which finds its own way.
"""

import gzip
import mimetypes
from hashlib import blake2b
from pathlib import Path
from typing import Final

import msgspec
from starlette.types import Receive, Scope, Send

from bitebyte.api.edge import send_problem
from bitebyte.api.errors import problem

FILES_MAX: Final = 500
BYTES_MAX: Final = 32 * 1024 * 1024
"""More than that is not this site, but a wrong folder."""

COMPRESSIBLE: Final = (
    "text/", "application/javascript", "application/json", "application/manifest", "image/svg",
)  # fmt: skip

IMMUTABLE: Final = b"public, max-age=31536000, immutable"
REVALIDATE: Final = b"no-cache"

NOT_BUILT: Final = """\
<!doctype html>
<html lang="en">
<meta charset="utf-8">
<title>BiteByte</title>
<h1>This node runs, but the site is not built.</h1>
<p>Build it with <code>make setup</code> and start the node again. The API is at
<a href="/api/v1/openapi.json">/api/v1/openapi.json</a>.</p>
</html>
"""


class SiteFile(msgspec.Struct, frozen=True):
    """A file, ready to send."""

    body: bytes
    body_gzip: bytes | None
    media_type: bytes
    cache_control: bytes
    etag: bytes


class SiteError(Exception):
    """The folder of the site cannot be used."""


def load_site(site_dir: Path | None) -> dict[str, SiteFile]:
    """All files by their path; `/index.html` is always among them.

    Raises SiteError for a folder that is not the site's.
    """
    page = NOT_BUILT.encode()
    files = {"/index.html": _site_file("/index.html", page)}
    if site_dir is None or not (site_dir / "index.html").is_file():
        return files
    bytes_total = 0
    for path in sorted(site_dir.rglob("*")):
        if not path.is_file():
            continue
        body = path.read_bytes()
        bytes_total += len(body)
        if len(files) > FILES_MAX or bytes_total > BYTES_MAX:
            raise SiteError(f"{site_dir} holds more than a site: is it the right folder?")
        address = "/" + path.relative_to(site_dir).as_posix()
        files[address] = _site_file(address, body)
    return files


class Site:
    """Answers GET for everything outside `/api`."""

    def __init__(self, files: dict[str, SiteFile]) -> None:
        self._files = files

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        del receive
        request_id = scope["state"]["request_id"]
        if scope["method"] != "GET":
            refused = problem(
                "method_not_allowed",
                "Only GET and HEAD are answered here.",
                request_id=request_id,
                headers=((b"allow", b"GET, HEAD"),),
            )
            await send_problem(send, refused)
            return
        path: str = scope["path"]
        found = self._files.get(path)
        if found is None and path.startswith("/assets/"):
            # A page of an older build asks for its own files; the page itself would not help it.
            missing = problem("not_found", "There is no such file.", request_id=request_id)
            await send_problem(send, missing)
            return
        await _send_file(scope, send, found or self._files["/index.html"])


async def _send_file(scope: Scope, send: Send, file: SiteFile) -> None:
    request_headers = dict(scope["headers"])
    headers = [
        (b"content-type", file.media_type),
        (b"cache-control", file.cache_control),
        (b"etag", file.etag),
        (b"vary", b"accept-encoding"),
    ]
    if file.etag in request_headers.get(b"if-none-match", b""):
        await send({"type": "http.response.start", "status": 304, "headers": headers})
        await send({"type": "http.response.body", "body": b""})
        return
    body = file.body
    if file.body_gzip is not None and b"gzip" in request_headers.get(b"accept-encoding", b""):
        body = file.body_gzip
        headers.append((b"content-encoding", b"gzip"))
    headers.append((b"content-length", b"%d" % len(body)))
    await send({"type": "http.response.start", "status": 200, "headers": headers})
    await send({"type": "http.response.body", "body": body})


def _site_file(address: str, body: bytes) -> SiteFile:
    media_type = _media_type(address)
    compressed = gzip.compress(body, 9, mtime=0) if media_type.startswith(COMPRESSIBLE) else None
    if compressed is not None and len(compressed) >= len(body):
        compressed = None
    is_hashed = address.startswith("/assets/")
    return SiteFile(
        body=body,
        body_gzip=compressed,
        media_type=media_type.encode(),
        cache_control=IMMUTABLE if is_hashed else REVALIDATE,
        etag=b'W/"%s"' % blake2b(body, digest_size=12).hexdigest().encode(),
    )


def _media_type(address: str) -> str:
    if address.endswith(".webmanifest"):
        return "application/manifest+json"
    if address.endswith((".js", ".mjs")):
        return "text/javascript; charset=utf-8"
    guessed, _ = mimetypes.guess_type(address)
    media_type = guessed or "application/octet-stream"
    return f"{media_type}; charset=utf-8" if media_type.startswith("text/") else media_type
