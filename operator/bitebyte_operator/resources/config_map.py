"""Settings of the pods that are files."""

from typing import Final

from bitebyte_operator.resources.naming import Manifest, Naming

DSN_FILE: Final = "database-dsn"
DSN: Final = "postgresql://bitebyte@/bitebyte?host=/run/postgresql"
"""No password: PostgreSQL listens on a socket in the pod only, and asks the kernel who is there."""


def build_config_map(naming: Naming) -> Manifest:
    """Holds no secret."""
    return {
        "apiVersion": "v1",
        "kind": "ConfigMap",
        "metadata": naming.metadata(naming.config, "config"),
        "data": {DSN_FILE: DSN},
    }
