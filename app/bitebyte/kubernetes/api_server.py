"""Calls to the Kubernetes API server, from inside a pod."""

import asyncio
import ssl
from collections.abc import Mapping
from pathlib import Path
from typing import Final

import httpx
import msgspec

CALL_TIMEOUT_S: Final = 2.0
"""For one call as a whole. An election takes about as long, so a slower answer is worth nothing."""

ANSWER_BYTES_MAX: Final = 1024 * 1024
"""An EndpointSlice has some 2 KB; whoever sends more is no API server."""

REFUSAL_LENGTH_MAX: Final = 200

IDLE_CONNECTION_S: Final = 30.0
"""Longer than the pause between two looks: a new leader's first write needs no handshake."""

CREDENTIALS_DIR: Final = Path("/var/run/secrets/kubernetes.io/serviceaccount")
"""Where the kubelet puts token and CA."""


class _Status(msgspec.Struct, frozen=True):
    """What the API server says when it refuses."""

    message: str = ""


class NotInCluster(Exception):
    """This process cannot know where the API server is, or who it is itself."""


class ApiServerError(Exception):
    """The API server was not reached, or refused. `status`: what it answered, or 0."""

    def __init__(self, text: str, status: int = 0) -> None:
        self.status = status
        super().__init__(text)


class ApiServer:
    """One API server, with the service account of this pod. For one event loop; `close` it.

    The token is read from its file for every call, because the kubelet replaces it every hour; CA
    and connection are made anew after a failure.
    """

    def __init__(self, *, host: str, port: int, credentials_dir: Path = CREDENTIALS_DIR) -> None:
        bracketed = f"[{host}]" if ":" in host else host
        self._url = f"https://{bracketed}:{port}"
        self._credentials_dir = credentials_dir
        self._client: httpx.AsyncClient | None = None

    @classmethod
    def in_cluster(cls, environ: Mapping[str, str], credentials_dir: Path) -> "ApiServer":
        """The one that the kubelet names in the environment of every container. Raises
        NotInCluster."""
        host = environ.get("KUBERNETES_SERVICE_HOST", "")
        port = environ.get("KUBERNETES_SERVICE_PORT", "")
        if not host or not port.isascii() or not port.isdigit():
            raise NotInCluster(
                "leader_endpointslice needs KUBERNETES_SERVICE_HOST and KUBERNETES_SERVICE_PORT,"
                " which Kubernetes gives to every container: outside of it leave the option out"
            )
        if not (credentials_dir / "token").is_file():
            raise NotInCluster(
                f"leader_endpointslice needs the token of a service account: {credentials_dir}"
                " holds none. Mount it, or leave the option out"
            )
        return cls(host=host, port=int(port), credentials_dir=credentials_dir)

    async def get(self, path: str) -> bytes:
        """The object. Raises ApiServerError."""
        return await self._call("GET", path, None)

    async def patch(self, path: str, merge_patch: bytes) -> bytes:
        """The object after the patch. Raises ApiServerError, with status 409 if the patch names
        another resourceVersion than the object has."""
        return await self._call("PATCH", path, merge_patch)

    async def close(self) -> None:
        """Ends the connection."""
        client, self._client = self._client, None
        if client is not None:
            await client.aclose()

    async def _call(self, method: str, path: str, body: bytes | None) -> bytes:
        try:
            async with asyncio.timeout(CALL_TIMEOUT_S):
                return await self._exchange(method, path, body)
        except TimeoutError:
            await self.close()
            raise ApiServerError(f"no answer within {CALL_TIMEOUT_S:g} s") from None
        except (httpx.HTTPError, OSError, ssl.SSLError) as error:
            await self.close()
            raise ApiServerError(str(error) or type(error).__name__) from None

    async def _exchange(self, method: str, path: str, body: bytes | None) -> bytes:
        # A small file in memory (tmpfs): reading it takes less than handing it to a thread.
        token = (self._credentials_dir / "token").read_text(encoding="ascii").strip()
        headers = {"Authorization": f"Bearer {token}", "Accept": "application/json"}
        if body is not None:
            headers["Content-Type"] = "application/merge-patch+json"
        request = self._opened().build_request(method, path, headers=headers, content=body)
        answer = await self._opened().send(request, stream=True)
        try:
            content = b""
            async for part in answer.aiter_bytes():
                content += part
                if len(content) > ANSWER_BYTES_MAX:
                    raise ApiServerError("the answer is no object of Kubernetes: it is too large")
        finally:
            await answer.aclose()
        if answer.status_code >= 300:
            raise ApiServerError(_refusal(answer.status_code, content), answer.status_code)
        return content

    def _opened(self) -> httpx.AsyncClient:
        if self._client is None:
            context = ssl.create_default_context(cafile=self._credentials_dir / "ca.crt")
            # Python 3.13 asks for extensions that the certificates of many clusters do not have.
            context.verify_flags &= ~ssl.VERIFY_X509_STRICT
            self._client = httpx.AsyncClient(
                base_url=self._url,
                verify=context,
                trust_env=False,
                limits=httpx.Limits(max_connections=1, keepalive_expiry=IDLE_CONNECTION_S),
            )
        return self._client


def _refusal(status: int, content: bytes) -> str:
    try:
        said = msgspec.json.decode(content, type=_Status).message
    except msgspec.DecodeError:
        said = ""
    return f"it answered {status} {said[:REFUSAL_LENGTH_MAX]}".rstrip()
