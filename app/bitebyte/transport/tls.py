"""Mutual TLS between peers, from files."""

import ssl
from dataclasses import dataclass
from pathlib import Path


class TlsConfigError(Exception):
    """A certificate, key or CA file is missing, unreadable or does not fit the others."""


@dataclass(frozen=True)
class PeerTls:
    """The files of a member. The certificate names the member (`node-1`) as a DNS SAN.

    Both sides demand a certificate of the same CA, TLS 1.3 only, and check that the name in
    it is the name that the other side claims.
    """

    ca_file: Path
    certificate_file: Path
    key_file: Path

    def client_context(self) -> ssl.SSLContext:
        """For dialling; checks that the peer's certificate holds the name that we dial."""
        context = self._load(ssl.PROTOCOL_TLS_CLIENT)
        context.check_hostname = True
        return context

    def server_context(self) -> ssl.SSLContext:
        """For accepting; the name is checked against the peer's Hello."""
        return self._load(ssl.PROTOCOL_TLS_SERVER)

    def _load(self, protocol: int) -> ssl.SSLContext:
        context = ssl.SSLContext(protocol)
        context.minimum_version = ssl.TLSVersion.TLSv1_3
        context.verify_mode = ssl.CERT_REQUIRED
        try:
            context.load_verify_locations(cafile=self.ca_file)
            context.load_cert_chain(self.certificate_file, self.key_file)
        except (OSError, ssl.SSLError) as error:
            raise TlsConfigError(
                f"the TLS files cannot be used (ca {self.ca_file}, certificate "
                f"{self.certificate_file}, key {self.key_file}): {error}"
            ) from error
        return context


def certificate_names(ssl_object: ssl.SSLObject | ssl.SSLSocket) -> frozenset[str]:
    """The DNS names in the certificate that the other side has proven to own."""
    certificate = ssl_object.getpeercert() or {}
    names = certificate.get("subjectAltName", ())
    return frozenset(str(value) for kind, value in names if kind == "DNS")  # pyright: ignore
