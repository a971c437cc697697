"""The Secrets of a BarCluster: found good, or made.

An authority is made once, with a create that loses against whoever was first, so that two operators
cannot make two. A leaf is made anew when it is missing, old, or lacks a name.
"""

import asyncio
import base64
import binascii
import datetime
import ssl
from typing import Final

from bitebyte_operator.certificates import (
    CertificateUnusable,
    Credential,
    admin_names,
    client_context,
    is_authority_good,
    is_leaf_good,
    make_authority,
    make_leaf,
    peer_names,
)
from bitebyte_operator.kube import Kube, KubeAlreadyExists
from bitebyte_operator.resources import (
    ADMIN_CA,
    ADMIN_TLS,
    OPERATOR_TLS,
    PEER_CA,
    PEER_TLS,
    Manifest,
    Naming,
    build_authority_secret,
    build_leaf_secret,
)

AUTHORITIES: Final = (PEER_CA, ADMIN_CA)
LEAVES: Final = {PEER_TLS: PEER_CA, ADMIN_TLS: ADMIN_CA, OPERATOR_TLS: ADMIN_CA}
"""Each leaf and the authority that it is of."""


class SecretInTheWay(Exception):
    """A Secret with one of our names is not ours, or cannot be used. The text says what to do."""


def secret_names(naming: Naming) -> tuple[str, ...]:
    """In the order in which they are made."""
    return tuple(f"{naming.name}-{purpose}" for purpose in (*AUTHORITIES, *LEAVES))


async def find_missing(kube: Kube, naming: Naming, now: datetime.datetime) -> tuple[str, ...]:
    """Names of Secrets that are missing or have to be made anew. Raises SecretInTheWay, or
    KubeError."""
    purposes = (*AUTHORITIES, *LEAVES)
    found = await asyncio.gather(
        *(kube.get("Secret", naming.namespace, f"{naming.name}-{one}") for one in purposes)
    )
    secrets = dict(zip(purposes, found, strict=True))
    authorities = {one: _authority_in(secrets[one], now) for one in AUTHORITIES}
    missing = [one for one, authority in authorities.items() if authority is None]
    for purpose, signer in LEAVES.items():
        leaf, authority = secrets[purpose], authorities[signer]
        if authority is None or leaf is None or not _is_good(leaf, authority, naming, purpose, now):
            missing.append(purpose)
    return tuple(f"{naming.name}-{one}" for one in missing)


async def make_secret(kube: Kube, naming: Naming, name: str, now: datetime.datetime) -> None:
    """Makes one of `secret_names`, unless a good one is there. Raises SecretInTheWay, or
    KubeError."""
    purpose = name.removeprefix(f"{naming.name}-")
    if purpose in AUTHORITIES:
        await _ensure_authority(kube, naming, purpose, now)
        return
    authority = await _ensure_authority(kube, naming, LEAVES[purpose], now)
    found = await kube.get("Secret", naming.namespace, name)
    if found is not None and _is_good(found, authority, naming, purpose, now):
        return
    leaf = make_leaf(
        authority,
        name,
        _names_for(naming, purpose),
        now,
        is_server=purpose != OPERATOR_TLS,
        # A person in a pod uses the admin API with the certificate that is there.
        is_client=True,
    )
    await kube.apply(
        build_leaf_secret(
            naming,
            purpose,
            authority_pem=authority.certificate_pem,
            certificate_pem=leaf.certificate_pem,
            key_pem=leaf.key_pem,
        )
    )


def operator_context(secret: Manifest) -> ssl.SSLContext:
    """How the operator calls the pods, from its own Secret. Raises CertificateUnusable."""
    authority_pem, leaf = _leaf_in(secret)
    return client_context(authority_pem, leaf)


async def _ensure_authority(
    kube: Kube, naming: Naming, purpose: str, now: datetime.datetime
) -> Credential:
    found = await _authority(kube, naming, purpose, now)
    if found is not None:
        return found
    made = make_authority(f"{naming.namespace}/{naming.name} {purpose}", now)
    secret = build_authority_secret(
        naming, purpose, certificate_pem=made.certificate_pem, key_pem=made.key_pem
    )
    try:
        await kube.create(secret)
    except KubeAlreadyExists:
        found = await _authority(kube, naming, purpose, now)
        if found is None:
            raise
        return found
    return made


async def _authority(
    kube: Kube, naming: Naming, purpose: str, now: datetime.datetime
) -> Credential | None:
    secret = await kube.get("Secret", naming.namespace, f"{naming.name}-{purpose}")
    return _authority_in(secret, now)


def _authority_in(secret: Manifest | None, now: datetime.datetime) -> Credential | None:
    if secret is None:
        return None
    try:
        found = Credential(_file(secret, "ca.crt"), _file(secret, "ca.key"))
        is_good = is_authority_good(found, now)
    except CertificateUnusable:
        is_good = False
        found = None
    if found is None or not is_good:
        raise SecretInTheWay(
            f"Secret {secret['metadata']['name']} holds no authority that can be used, and every"
            " certificate of this cluster is of it. Put the right one back; or delete it, then the"
            " operator makes a new one, and the pods have to be restarted."
        )
    return found


def _is_good(
    secret: Manifest, authority: Credential, naming: Naming, purpose: str, now: datetime.datetime
) -> bool:
    try:
        authority_pem, leaf = _leaf_in(secret)
    except CertificateUnusable:
        return False
    is_of_it = authority_pem == authority.certificate_pem
    return is_of_it and is_leaf_good(leaf, authority_pem, _names_for(naming, purpose), now)


def _names_for(naming: Naming, purpose: str) -> tuple[str, ...]:
    if purpose == PEER_TLS:
        return peer_names(naming)
    return admin_names(naming) if purpose == ADMIN_TLS else ()


def _leaf_in(secret: Manifest) -> tuple[bytes, Credential]:
    return _file(secret, "ca.crt"), Credential(_file(secret, "tls.crt"), _file(secret, "tls.key"))


def _file(secret: Manifest, name: str) -> bytes:
    try:
        return base64.b64decode(secret["data"][name], validate=True)
    except (KeyError, TypeError, binascii.Error):
        raise CertificateUnusable(f"the Secret has no usable file {name}") from None
