"""Off the machine, the admin API is for whoever holds a certificate of its CA, and nobody else."""

import ssl
from pathlib import Path

import httpx
import pytest
from peer_certificates import Authority
from starlette.responses import PlainTextResponse

from bitebyte.api.admin.listener import serving_admin

pytestmark = pytest.mark.anyio


async def test_without_a_certificate_of_the_operators_nobody_gets_in(tmp_path: Path) -> None:
    authority, foreign = Authority(tmp_path / "ours"), Authority(tmp_path / "foreign")
    tls = authority.issue("localhost")
    nobody = ssl.create_default_context(cafile=tls.ca_file)
    stranger = foreign.issue("operator").client_context()
    stranger.load_verify_locations(cafile=tls.ca_file)
    app = PlainTextResponse("in")
    async with serving_admin(app, host="127.0.0.1", port=0, tls=tls) as port:
        url = f"https://localhost:{port}/"
        operator = authority.issue("operator").client_context()
        async with httpx.AsyncClient(verify=operator) as client:
            assert (await client.get(url)).text == "in"
        for context in (nobody, stranger):
            async with httpx.AsyncClient(verify=context) as client:
                with pytest.raises(httpx.TransportError):
                    await client.get(url)
        with pytest.raises(httpx.TransportError):
            async with httpx.AsyncClient() as client:
                await client.get(url.replace("https", "http"))
