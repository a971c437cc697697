"""What the HTTP side can be told. Values come from the composition root."""

import msgspec


class ApiSettings(msgspec.Struct, frozen=True):
    """Options of one node's HTTP."""

    cookie_secure: bool = True
    """Whether browsers reach this node by HTTPS. Only a demo on plain HTTP says no: then the
    cookie has another name, no Secure, and no HSTS is sent."""

    streams_max: int = 1_000
    """Event streams at once on this node. Each is a connection and a few KiB."""
