"""Keys and certificates of the cluster: one authority, one certificate for each part of it."""

import base64
import json
from pathlib import Path

from bitebyte_cluster.commands import run
from bitebyte_cluster.network import (
    API_SERVICE_ADDRESS,
    CONTROL_PLANE_ADDRESS,
    address_of,
)

_VALID_DAYS = "30"
"""A test cluster lives for hours."""
_API_SERVER_NAMES = ",".join(
    (
        "DNS:localhost",
        "DNS:kubernetes",
        "DNS:kubernetes.default",
        "DNS:kubernetes.default.svc",
        "DNS:kubernetes.default.svc.cluster.local",
        "IP:127.0.0.1",
        f"IP:{CONTROL_PLANE_ADDRESS}",
        f"IP:{API_SERVICE_ADDRESS}",
    )
)


def issue_all(folder: Path, nodes: list[str]) -> None:
    """Makes what is missing: the authority, the signing key of service accounts, and for each part
    NAME.key, NAME.crt and NAME.kubeconfig."""
    folder.mkdir(parents=True, exist_ok=True)
    folder.chmod(0o700)
    if not (folder / "sa.pub").exists():
        _make_authority(folder)
    _issue(folder, "apiserver", "/CN=kube-apiserver", _API_SERVER_NAMES)
    _issue(folder, "admin", "/O=system:masters/CN=admin")
    _issue(folder, "controller-manager", "/CN=system:kube-controller-manager")
    _issue(folder, "scheduler", "/CN=system:kube-scheduler")
    _issue(folder, "proxy", "/CN=system:kube-proxy")
    _issue(folder, "nodeagent", "/CN=nodeagent")
    for node in nodes:
        names = f"DNS:{node},IP:{address_of(node)}"
        _issue(folder, node, f"/O=system:nodes/CN=system:node:{node}", names)


def _make_authority(folder: Path) -> None:
    """Without a key usage, as many clusters have theirs: a client that asks for one fails here."""
    _make_key(folder / "ca.key")
    run(
        *("openssl", "req", "-x509", "-new", "-key", folder / "ca.key", "-days", _VALID_DAYS),
        *("-subj", "/CN=bitebyte-test-cluster", "-out", folder / "ca.crt"),
    )
    _make_key(folder / "sa.key")
    run("openssl", "ec", "-in", folder / "sa.key", "-pubout", "-out", folder / "sa.pub")


def _make_key(path: Path) -> None:
    run("openssl", "ecparam", "-name", "prime256v1", "-genkey", "-noout", "-out", path)


def _issue(folder: Path, name: str, subject: str, names: str = "") -> None:
    kubeconfig = folder / f"{name}.kubeconfig"
    if kubeconfig.exists():
        return
    key, certificate, request, extensions = (
        folder / f"{name}.{suffix}" for suffix in ("key", "crt", "csr", "ext")
    )
    _make_key(key)
    extensions.write_text(
        "extendedKeyUsage=clientAuth,serverAuth\n" + (f"subjectAltName={names}\n" if names else "")
    )
    run("openssl", "req", "-new", "-key", key, "-subj", subject, "-out", request)
    run(
        *("openssl", "x509", "-req", "-in", request, "-days", _VALID_DAYS, "-out", certificate),
        *("-CA", folder / "ca.crt", "-CAkey", folder / "ca.key", "-CAcreateserial"),
        *("-extfile", extensions),
    )
    kubeconfig.write_text(_kubeconfig(folder / "ca.crt", certificate, key))


def _kubeconfig(authority: Path, certificate: Path, key: Path) -> str:
    def encoded(path: Path) -> str:
        return base64.b64encode(path.read_bytes()).decode()

    server = {
        "server": f"https://{CONTROL_PLANE_ADDRESS}:6443",
        "certificate-authority-data": encoded(authority),
    }
    user = {"client-certificate-data": encoded(certificate), "client-key-data": encoded(key)}
    return json.dumps(
        {
            "apiVersion": "v1",
            "kind": "Config",
            "current-context": "bitebyte",
            "clusters": [{"name": "bitebyte", "cluster": server}],
            "users": [{"name": "user", "user": user}],
            "contexts": [
                {"name": "bitebyte", "context": {"cluster": "bitebyte", "user": "user"}},
            ],
        },
        indent=1,
    )
