"""Certificate authorities and leaf certificates of a BarCluster. Keys never leave as text.

Each BarCluster has two authorities, so that nobody of one role can pose as the other: one for the
links between peers, one for the admin API and its client, the operator.
"""

import datetime
import ssl
import tempfile
from collections.abc import Sequence
from pathlib import Path
from typing import Final

import msgspec
from cryptography import x509
from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import ExtendedKeyUsageOID, NameOID

from bitebyte_operator.resources.naming import Naming

AUTHORITY_VALID_FOR: Final = datetime.timedelta(days=3650)
LEAF_VALID_FOR: Final = datetime.timedelta(days=365)
RENEW_BEFORE: Final = datetime.timedelta(days=60)
"""A leaf with less left is made anew. Pods take it up at their next start."""
CLOCK_SKEW: Final = datetime.timedelta(minutes=10)
"""By so much another machine's clock may be behind ours."""


class CertificateUnusable(Exception):
    """A stored certificate or key cannot be read, or does not fit."""


class Credential(msgspec.Struct, frozen=True):
    """A certificate and its key, as PEM."""

    certificate_pem: bytes
    key_pem: bytes

    def __repr__(self) -> str:
        return "Credential(..)"


def make_authority(name: str, now: datetime.datetime) -> Credential:
    """A new self-signed authority. It may sign leaves only."""
    key = ec.generate_private_key(ec.SECP256R1())
    subject = _named(name)
    certificate = (
        _begun(subject, subject, key.public_key(), now, AUTHORITY_VALID_FOR)
        .add_extension(x509.BasicConstraints(ca=True, path_length=0), critical=True)
        .add_extension(_usage(signs_certificates=True), critical=True)
        .add_extension(x509.SubjectKeyIdentifier.from_public_key(key.public_key()), critical=False)
        .sign(key, hashes.SHA256())
    )
    return _credential(certificate, key)


def make_leaf(
    authority: Credential,
    name: str,
    dns_names: Sequence[str],
    now: datetime.datetime,
    *,
    is_server: bool,
    is_client: bool,
) -> Credential:
    """A certificate of that authority for these DNS names. Raises CertificateUnusable."""
    issuer, issuer_key = _read(authority)
    key = ec.generate_private_key(ec.SECP256R1())
    usages = [ExtendedKeyUsageOID.SERVER_AUTH] if is_server else []
    usages += [ExtendedKeyUsageOID.CLIENT_AUTH] if is_client else []
    begun = (
        _begun(_named(name), issuer.subject, key.public_key(), now, LEAF_VALID_FOR)
        .add_extension(x509.BasicConstraints(ca=False, path_length=None), critical=True)
        .add_extension(_usage(signs_certificates=False), critical=True)
        .add_extension(x509.ExtendedKeyUsage(usages), critical=False)
        .add_extension(
            x509.AuthorityKeyIdentifier.from_issuer_public_key(issuer_key.public_key()),
            critical=False,
        )
    )
    if dns_names:
        names = [x509.DNSName(one) for one in dns_names]
        begun = begun.add_extension(x509.SubjectAlternativeName(names), critical=False)
    return _credential(begun.sign(issuer_key, hashes.SHA256()), key)


def is_leaf_good(
    leaf: Credential, authority_pem: bytes, dns_names: Sequence[str], now: datetime.datetime
) -> bool:
    """Whether it is of that authority, holds these names and has more than RENEW_BEFORE left."""
    try:
        certificate, _ = _read(leaf)
        issuer = x509.load_pem_x509_certificate(authority_pem)
        certificate.verify_directly_issued_by(issuer)
    except (CertificateUnusable, InvalidSignature, ValueError, TypeError):
        return False
    return set(dns_names) <= _names_in(certificate) and (
        now + RENEW_BEFORE < certificate.not_valid_after_utc
    )


def is_authority_good(authority: Credential, now: datetime.datetime) -> bool:
    """Whether it can sign a leaf that lives its whole time."""
    try:
        certificate, _ = _read(authority)
    except CertificateUnusable:
        return False
    return now < certificate.not_valid_after_utc


def peer_names(naming: Naming) -> tuple[str, ...]:
    """A node is believed to be the member whose name its certificate holds, character by character;
    the name of a member is that of its pod."""
    return (*naming.pod_names, naming.any_pod_dns)


def admin_names(naming: Naming) -> tuple[str, ...]:
    """What the operator dials."""
    return (naming.any_pod_dns, *(naming.pod_dns(pod) for pod in naming.pod_names))


def client_context(authority_pem: bytes, leaf: Credential) -> ssl.SSLContext:
    """For calling the admin API: TLS 1.3 only, the server's name is checked. Raises
    CertificateUnusable.

    Python reads a key from a file only: it is one of our own for the blink of an eye, in memory
    where the machine has /dev/shm.
    """
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    context.minimum_version = ssl.TLSVersion.TLSv1_3
    folder = "/dev/shm" if Path("/dev/shm").is_dir() else None
    try:
        context.load_verify_locations(cadata=authority_pem.decode("ascii"))
        with tempfile.NamedTemporaryFile(dir=folder) as file:
            file.write(leaf.certificate_pem + leaf.key_pem)
            file.flush()
            context.load_cert_chain(file.name)
    except (OSError, ssl.SSLError, ValueError) as error:
        raise CertificateUnusable(f"the operator's own certificate: {error}") from error
    return context


def _begun(
    subject: x509.Name,
    issuer: x509.Name,
    key: ec.EllipticCurvePublicKey,
    now: datetime.datetime,
    valid_for: datetime.timedelta,
) -> x509.CertificateBuilder:
    return (
        x509.CertificateBuilder()
        .subject_name(subject)
        .issuer_name(issuer)
        .public_key(key)
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - CLOCK_SKEW)
        .not_valid_after(now + valid_for)
    )


def _named(name: str) -> x509.Name:
    # 64 characters is what a common name may have.
    return x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, name[:64])])


def _usage(*, signs_certificates: bool) -> x509.KeyUsage:
    return x509.KeyUsage(
        digital_signature=not signs_certificates,
        key_cert_sign=signs_certificates,
        crl_sign=signs_certificates,
        content_commitment=False,
        key_encipherment=False,
        data_encipherment=False,
        key_agreement=False,
        encipher_only=False,
        decipher_only=False,
    )


def _credential(certificate: x509.Certificate, key: ec.EllipticCurvePrivateKey) -> Credential:
    return Credential(
        certificate_pem=certificate.public_bytes(serialization.Encoding.PEM),
        key_pem=key.private_bytes(
            serialization.Encoding.PEM,
            serialization.PrivateFormat.PKCS8,
            serialization.NoEncryption(),
        ),
    )


def _read(credential: Credential) -> tuple[x509.Certificate, ec.EllipticCurvePrivateKey]:
    try:
        certificate = x509.load_pem_x509_certificate(credential.certificate_pem)
        key = serialization.load_pem_private_key(credential.key_pem, password=None)
    except (ValueError, TypeError):
        raise CertificateUnusable("a stored certificate or key is not PEM") from None
    if not isinstance(key, ec.EllipticCurvePrivateKey):
        raise CertificateUnusable("a stored key is none of ours")
    if key.public_key() != certificate.public_key():
        raise CertificateUnusable("a stored key does not belong to its certificate")
    return certificate, key


def _names_in(certificate: x509.Certificate) -> set[str]:
    try:
        extension = certificate.extensions.get_extension_for_class(x509.SubjectAlternativeName)
    except x509.ExtensionNotFound:
        return set()
    return set(extension.value.get_values_for_type(x509.DNSName))
