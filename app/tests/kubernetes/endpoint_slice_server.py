"""An API server of one EndpointSlice, over HTTPS: resourceVersions, merge patches, tokens."""

import asyncio
import contextlib
import json
from collections.abc import AsyncGenerator, Awaitable, Callable
from pathlib import Path
from typing import Any

import uvicorn
from member_waiting import free_ports
from peer_certificates import Authority
from starlette.requests import Request
from starlette.responses import JSONResponse, Response

PATH = "/apis/discovery.k8s.io/v1/namespaces/bar/endpointslices/night-owl-leader"


class SliceServer:
    """What a test looks at, and what it may do to whoever calls."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        """Token and CA, as the kubelet mounts them."""
        self.port = free_ports(1)[0]
        self.version = 1
        self.token = "first"
        self.writes: list[dict[str, Any]] = []
        self.looks = 0
        self.before_write: Callable[[], Awaitable[None]] | None = None
        """Something that happens between a look and a write."""
        self.stored: dict[str, Any] | None = {
            "apiVersion": "discovery.k8s.io/v1",
            "kind": "EndpointSlice",
            "metadata": {
                "name": "night-owl-leader",
                "namespace": "bar",
                "labels": {"kubernetes.io/service-name": "night-owl-leader"},
            },
            "addressType": "IPv4",
            "ports": [{"name": "http", "port": 8080}],
            "endpoints": [],
        }
        folder.mkdir(exist_ok=True)
        authority = Authority(folder / "authority")
        self.tls = authority.issue("localhost")
        folder.joinpath("ca.crt").write_bytes(authority.folder.joinpath("ca.crt").read_bytes())
        self.give_token("first")

    def give_token(self, token: str) -> None:
        """The kubelet replaces the token."""
        self.folder.joinpath("token").write_text(token)

    @property
    def addresses(self) -> list[str]:
        """Where requests to the Service go."""
        assert self.stored is not None
        return [a for endpoint in self.stored["endpoints"] or [] for a in endpoint["addresses"]]

    @property
    def annotations(self) -> dict[str, str]:
        assert self.stored is not None
        return self.stored["metadata"].get("annotations", {})

    def write(self, patch: dict[str, Any]) -> None:
        """Somebody writes."""
        assert self.stored is not None
        self.stored = _merge(self.stored, patch)
        self.version += 1

    async def __call__(self, scope: Any, receive: Any, send: Any) -> None:
        request = Request(scope, receive)
        await (await self._answer(request))(scope, receive, send)

    async def _answer(self, request: Request) -> Response:
        if request.headers.get("authorization") != f"Bearer {self.token}":
            return _status(401, "Unauthorized")
        if self.stored is None or request.url.path != PATH:
            return _status(404, f'endpointslices "{request.url.path}" not found')
        if request.method == "GET":
            self.looks += 1
            return self._object()
        assert request.headers["content-type"] == "application/merge-patch+json"
        patch = json.loads(await request.body())
        if self.before_write is not None:
            happens, self.before_write = self.before_write, None
            await happens()
        if patch["metadata"].pop("resourceVersion", None) != str(self.version):
            return _status(409, "the object has been modified")
        self.writes.append(patch)
        self.write(patch)
        return self._object()

    def _object(self) -> Response:
        assert self.stored is not None
        metadata = {**self.stored["metadata"], "resourceVersion": str(self.version)}
        return JSONResponse({**self.stored, "metadata": metadata})

    @contextlib.asynccontextmanager
    async def serving(self) -> AsyncGenerator[None]:
        """Answers for the length of the context, on `port`."""
        context = self.tls.server_context()
        context.verify_mode = 0  # pyright: ignore - clients show a token, no certificate
        config = uvicorn.Config(
            self,
            port=self.port,
            loop="none",
            lifespan="off",
            log_config=None,
            ssl_context_factory=lambda *_: context,
            timeout_graceful_shutdown=0,
        )
        server = uvicorn.Server(config)
        server.capture_signals = contextlib.nullcontext  # pyright: ignore - pytest keeps its signals
        task = asyncio.create_task(server.serve())
        async with asyncio.timeout(10):
            while not server.started:
                await asyncio.sleep(0.005)
        try:
            yield
        finally:
            server.should_exit = True
            await task


def _status(code: int, message: str) -> Response:
    return JSONResponse({"kind": "Status", "code": code, "message": message}, code)


def _merge(old: Any, patch: Any) -> Any:
    """RFC 7386."""
    if not isinstance(patch, dict):
        return patch
    merged = dict(old) if isinstance(old, dict) else {}
    for key, value in patch.items():
        if value is None:
            merged.pop(key, None)
        else:
            merged[key] = _merge(merged.get(key), value)
    return merged
