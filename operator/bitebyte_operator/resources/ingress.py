"""The way in from outside."""

from typing import Final

from bitebyte_operator.model import IngressSpec
from bitebyte_operator.resources.naming import Manifest, Naming

STREAM_ANNOTATIONS: Final = {
    # An event stream stays open for hours and must arrive event by event. Traefik does so by
    # itself; ingress-nginx has to be told, and other controllers do not read these.
    "nginx.ingress.kubernetes.io/proxy-buffering": "off",
    "nginx.ingress.kubernetes.io/proxy-read-timeout": "3600",
    "nginx.ingress.kubernetes.io/proxy-send-timeout": "3600",
}


def build_ingress(naming: Naming, ingress: IngressSpec) -> Manifest:
    """Site, API and event streams at one host. The owner's annotations win over ours."""
    metadata = naming.metadata(naming.name, "ingress")
    metadata["annotations"] = {**STREAM_ANNOTATIONS, **ingress.annotations}
    service = naming.leader if ingress.backend == "Leader" else naming.read
    backend = {"service": {"name": service, "port": {"name": "http"}}}
    paths = [{"path": "/", "pathType": "Prefix", "backend": backend}]
    spec: Manifest = {"rules": [{"host": ingress.host, "http": {"paths": paths}}]}
    if ingress.class_name is not None:
        spec["ingressClassName"] = ingress.class_name
    if ingress.tls_secret_name is not None:
        spec["tls"] = [{"hosts": [ingress.host], "secretName": ingress.tls_secret_name}]
    return {
        "apiVersion": "networking.k8s.io/v1",
        "kind": "Ingress",
        "metadata": metadata,
        "spec": spec,
    }
