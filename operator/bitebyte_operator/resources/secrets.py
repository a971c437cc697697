"""Certificates and keys. Made once and then kept: the operator reads them before it writes."""

import base64
from typing import Final

from bitebyte_operator.resources.naming import Manifest, Naming

PEER_CA: Final = "peer-ca"
PEER_TLS: Final = "peer-tls"
ADMIN_CA: Final = "admin-ca"
ADMIN_TLS: Final = "admin-tls"
OPERATOR_TLS: Final = "operator-tls"


def build_authority_secret(
    naming: Naming, purpose: str, *, certificate_pem: bytes, key_pem: bytes
) -> Manifest:
    """A certificate authority (`PEER_CA`, `ADMIN_CA`). Its key is mounted by nobody."""
    return _secret(naming, purpose, "Opaque", {"ca.crt": certificate_pem, "ca.key": key_pem})


def build_leaf_secret(
    naming: Naming,
    purpose: str,
    *,
    authority_pem: bytes,
    certificate_pem: bytes,
    key_pem: bytes,
) -> Manifest:
    """A certificate for use (`PEER_TLS`, `ADMIN_TLS`, `OPERATOR_TLS`), with that of its CA."""
    return _secret(
        naming,
        purpose,
        "kubernetes.io/tls",
        {"ca.crt": authority_pem, "tls.crt": certificate_pem, "tls.key": key_pem},
    )


def _secret(naming: Naming, purpose: str, kind: str, files: dict[str, bytes]) -> Manifest:
    return {
        "apiVersion": "v1",
        "kind": "Secret",
        "metadata": naming.metadata(f"{naming.name}-{purpose}", "certificates"),
        "type": kind,
        "data": {name: base64.b64encode(text).decode() for name, text in files.items()},
    }
