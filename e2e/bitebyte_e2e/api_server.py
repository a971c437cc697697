"""A real Kubernetes API server with its etcd, on loopback, without controllers or machines.

What it shows: schemas, validation rules, admission policies, permissions, server-side apply and
watches are the real ones. What it lacks: nothing creates pods, so a test plays them.
"""

import contextlib
import datetime
import ipaddress
import os
import signal
import ssl
import subprocess
from collections.abc import Generator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import httpx
import yaml
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import ExtendedKeyUsageOID, NameOID

from bitebyte_e2e.ports import free_ports
from bitebyte_e2e.waiting import wait_until

CACHE_VARIABLE = "BITEBYTE_CLUSTER_CACHE"
CACHE_DEFAULT = Path("~/.cache/bitebyte-cluster")
START_S_MAX = 60.0
STOP_S_MAX = 15.0
CALL_S_MAX = 10.0
VALID_FOR = datetime.timedelta(days=2)

_AUDIT_POLICY = """
apiVersion: audit.k8s.io/v1
kind: Policy
omitStages: [RequestReceived]
rules:
  - level: None
    userGroups: [system:apiserver, system:masters]
    verbs: [get, list, watch]
  - level: Metadata
"""


def binary(name: str) -> Path:
    """The program `name` of the cluster's cache. Raises AssertionError saying how to get it."""
    cache = Path(os.environ.get(CACHE_VARIABLE) or CACHE_DEFAULT).expanduser()
    found = cache / "bin" / name
    assert found.exists(), f"{found} is missing: `make e2e` builds it, or set {CACHE_VARIABLE}"
    return found


class Refusal(Exception):
    """The API server said no."""

    def __init__(self, status: int, reason: str, message: str) -> None:
        self.status = status
        self.reason = reason
        self.message = message
        super().__init__(f"{status} {reason}: {message}")


@dataclass(frozen=True)
class Credentials:
    """A client certificate: the common name is the user, the organisations are groups."""

    certificate_file: Path
    key_file: Path


class ApiServer:
    """A running API server. Calls are made as an administrator, unless told otherwise."""

    def __init__(self, url: str, folder: Path, authority: "Authority") -> None:
        self.url = url
        self.folder = folder
        self.audit_log = folder / "audit.log"
        self._authority = authority
        self._clients: dict[str, httpx.Client] = {}

    def client(
        self, user: str = "admin", groups: tuple[str, ...] = ("system:masters",)
    ) -> httpx.Client:
        """Calls as that user."""
        known = self._clients.get(user)
        if known is None:
            credentials = self.credentials(user, groups)
            context = ssl.create_default_context(cafile=str(self._authority.certificate_file))
            context.load_cert_chain(credentials.certificate_file, credentials.key_file)
            known = httpx.Client(base_url=self.url, verify=context, timeout=CALL_S_MAX)
            self._clients[user] = known
        return known

    def credentials(self, user: str, groups: tuple[str, ...] = ()) -> Credentials:
        """A certificate for that user, made at the first call."""
        return self._authority.leaf(user, groups)

    def kubeconfig(self, user: str, groups: tuple[str, ...] = (), namespace: str = "") -> Path:
        """A kubeconfig file for that user."""
        credentials = self.credentials(user, groups)
        path = self.folder / f"{_file_name(user)}.kubeconfig"
        cluster = {
            "server": self.url,
            "certificate-authority": str(self._authority.certificate_file),
        }
        known = {
            "client-certificate": str(credentials.certificate_file),
            "client-key": str(credentials.key_file),
        }
        context = {"cluster": "here", "user": "me", "namespace": namespace or "default"}
        path.write_text(
            yaml.safe_dump(
                {
                    "apiVersion": "v1",
                    "kind": "Config",
                    "current-context": "here",
                    "clusters": [{"name": "here", "cluster": cluster}],
                    "users": [{"name": "me", "user": known}],
                    "contexts": [{"name": "here", "context": context}],
                }
            )
        )
        return path

    def call(
        self,
        method: str,
        path: str,
        body: object = None,
        *,
        user: str | None = None,
        content_type: str = "application/json",
        **query: str,
    ) -> dict[str, Any]:
        """The answer's object. Raises Refusal."""
        client = self.client() if user is None else self.client(user, _groups_of(user))
        text = yaml.safe_dump(body) if content_type.endswith("yaml") else None
        answer = client.request(
            method,
            path,
            params={key: value for key, value in query.items() if value},
            headers={"Content-Type": content_type},
            content=text,
            json=body if text is None and body is not None else None,
        )
        is_json = answer.headers.get("Content-Type", "").startswith("application/json")
        told: dict[str, Any] = answer.json() if is_json else {"message": answer.text}
        if answer.status_code >= 400:
            raise Refusal(answer.status_code, told.get("reason", ""), told.get("message", ""))
        return told

    def apply(
        self, path: str, manifest: Mapping[str, Any], *, manager: str = "test", **options: str
    ) -> dict[str, Any]:
        """Server-side apply."""
        return self.call(
            "PATCH",
            path,
            manifest,
            content_type="application/apply-patch+yaml",
            fieldManager=manager,
            force="true",
            **options,
        )

    def find(self, path: str) -> dict[str, Any] | None:
        """The object at `path`, or None."""
        try:
            return self.call("GET", path)
        except Refusal as error:
            if error.status == 404:
                return None
            raise

    def close(self) -> None:
        """Closes the connections."""
        for client in self._clients.values():
            client.close()


class Authority:
    """The certificate authority of one API server."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._key = ec.generate_private_key(ec.SECP256R1())
        self._name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "api server of a test")])
        self.certificate_file = folder / "ca.crt"
        built = (
            self._started(self._name, self._key.public_key())
            .add_extension(x509.BasicConstraints(ca=True, path_length=0), critical=True)
            .sign(self._key, hashes.SHA256())
        )
        self.certificate_file.write_bytes(built.public_bytes(serialization.Encoding.PEM))

    def leaf(self, user: str, groups: tuple[str, ...] = ()) -> Credentials:
        """A certificate for client and server, also good for 127.0.0.1."""
        made = Credentials(
            self._folder / f"{_file_name(user)}.crt", self._folder / f"{_file_name(user)}.key"
        )
        if made.certificate_file.exists():
            return made
        key = ec.generate_private_key(ec.SECP256R1())
        attributes = [x509.NameAttribute(NameOID.ORGANIZATION_NAME, group) for group in groups]
        attributes.append(x509.NameAttribute(NameOID.COMMON_NAME, user))
        usages = [ExtendedKeyUsageOID.CLIENT_AUTH, ExtendedKeyUsageOID.SERVER_AUTH]
        names = [x509.IPAddress(ipaddress.ip_address("127.0.0.1")), x509.DNSName("localhost")]
        built = (
            self._started(x509.Name(attributes), key.public_key())
            .add_extension(x509.SubjectAlternativeName(names), critical=False)
            .add_extension(x509.ExtendedKeyUsage(usages), critical=False)
            .sign(self._key, hashes.SHA256())
        )
        made.certificate_file.write_bytes(built.public_bytes(serialization.Encoding.PEM))
        made.key_file.write_bytes(_pem(key))
        return made

    def _started(
        self, subject: x509.Name, public_key: ec.EllipticCurvePublicKey
    ) -> x509.CertificateBuilder:
        begin = datetime.datetime.fromtimestamp(0, datetime.UTC)
        begin += datetime.timedelta(seconds=int(self._folder.stat().st_ctime) - 3600)
        return (
            x509.CertificateBuilder()
            .subject_name(subject)
            .issuer_name(self._name)
            .public_key(public_key)
            .serial_number(x509.random_serial_number())
            .not_valid_before(begin)
            .not_valid_after(begin + VALID_FOR)
        )


@contextlib.contextmanager
def running_api_server(folder: Path) -> Generator[ApiServer]:
    """etcd and an API server for the length of the context; logs are in `folder`."""
    authority = Authority(folder)
    etcd_client, etcd_peer, port = free_ports(3)
    with contextlib.ExitStack() as stack:
        etcd_url = f"http://127.0.0.1:{etcd_client}"
        peer_url = f"http://127.0.0.1:{etcd_peer}"
        stack.enter_context(
            _running(
                folder / "etcd.log",
                [
                    binary("etcd"),
                    f"--data-dir={folder / 'etcd'}",
                    "--unsafe-no-fsync",
                    f"--listen-client-urls={etcd_url}",
                    f"--advertise-client-urls={etcd_url}",
                    f"--listen-peer-urls={peer_url}",
                    f"--initial-advertise-peer-urls={peer_url}",
                    f"--initial-cluster=default={peer_url}",
                ],
            )
        )
        process = stack.enter_context(
            _running(
                folder / "kube-apiserver.log",
                _api_server_command(folder, authority, etcd_url=etcd_url, port=port),
            )
        )
        server = ApiServer(f"https://127.0.0.1:{port}", folder, authority)
        stack.callback(server.close)
        wait_until(
            lambda: _is_ready(server, process),
            what=f"the API server is ready ({folder / 'kube-apiserver.log'})",
            timeout_s=START_S_MAX,
        )
        yield server


def _api_server_command(
    folder: Path, authority: Authority, *, etcd_url: str, port: int
) -> list[str | Path]:
    policy = folder / "audit-policy.yaml"
    policy.write_text(_AUDIT_POLICY)
    tokens = ec.generate_private_key(ec.SECP256R1())
    token_key = folder / "tokens.key"
    token_key.write_bytes(_pem(tokens))
    own = authority.leaf("kube-apiserver")
    return [
        binary("kube-apiserver"),
        f"--etcd-servers={etcd_url}",
        "--bind-address=127.0.0.1",
        f"--secure-port={port}",
        f"--tls-cert-file={own.certificate_file}",
        f"--tls-private-key-file={own.key_file}",
        f"--client-ca-file={authority.certificate_file}",
        "--authorization-mode=RBAC",
        "--service-cluster-ip-range=10.201.0.0/24",
        "--service-account-issuer=https://kubernetes.default.svc",
        f"--service-account-key-file={token_key}",
        f"--service-account-signing-key-file={token_key}",
        "--enable-admission-plugins=OwnerReferencesPermissionEnforcement",
        # Nobody makes the default ServiceAccounts that this one would ask for.
        "--disable-admission-plugins=ServiceAccount",
        "--endpoint-reconciler-type=none",
        f"--audit-policy-file={policy}",
        f"--audit-log-path={folder / 'audit.log'}",
        "--audit-log-mode=blocking",
    ]


def _is_ready(server: ApiServer, process: "subprocess.Popen[bytes]") -> bool:
    assert process.poll() is None, f"the API server ended: see {server.folder}"
    try:
        ready = server.client().get("/readyz").status_code == 200
        return ready and server.client().get("/api/v1/namespaces/default").status_code == 200
    except httpx.TransportError:
        return False


@contextlib.contextmanager
def _running(log_file: Path, command: list[str | Path]) -> Generator["subprocess.Popen[bytes]"]:
    with log_file.open("wb") as log:
        process = subprocess.Popen(
            [str(word) for word in command],
            stdin=subprocess.DEVNULL,
            stdout=log,
            stderr=subprocess.STDOUT,
            start_new_session=True,
        )
    try:
        yield process
    finally:
        process.send_signal(signal.SIGTERM)
        try:
            process.wait(STOP_S_MAX)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()


def _groups_of(user: str) -> tuple[str, ...]:
    """The groups that a ServiceAccount is in by its name."""
    if not user.startswith("system:serviceaccount:"):
        return ()
    namespace = user.split(":")[2]
    return (
        "system:serviceaccounts",
        f"system:serviceaccounts:{namespace}",
        "system:authenticated",
    )


def _pem(key: ec.EllipticCurvePrivateKey) -> bytes:
    return key.private_bytes(
        serialization.Encoding.PEM,
        serialization.PrivateFormat.TraditionalOpenSSL,
        serialization.NoEncryption(),
    )


def _file_name(user: str) -> str:
    return user.replace(":", "_")
