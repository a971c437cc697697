"""What a pod may do in Kubernetes: read and write the EndpointSlice of the leader, by its name."""

from bitebyte_operator.resources.naming import Manifest, Naming

RBAC = "rbac.authorization.k8s.io"


def build_service_account(naming: Naming) -> Manifest:
    """Its token is mounted into one container only, by the pod itself."""
    return {
        "apiVersion": "v1",
        "kind": "ServiceAccount",
        "metadata": naming.metadata(naming.name, "access"),
        "automountServiceAccountToken": False,
    }


def build_role(naming: Naming) -> Manifest:
    """One object, by name. What may be written into it is the admission policy's business."""
    return {
        "apiVersion": f"{RBAC}/v1",
        "kind": "Role",
        "metadata": naming.metadata(naming.name, "access"),
        "rules": [
            {
                "apiGroups": ["discovery.k8s.io"],
                "resources": ["endpointslices"],
                "resourceNames": [naming.leader],
                "verbs": ["get", "update", "patch"],
            }
        ],
    }


def build_role_binding(naming: Naming) -> Manifest:
    """Gives the Role to the pods' ServiceAccount and to nobody else."""
    return {
        "apiVersion": f"{RBAC}/v1",
        "kind": "RoleBinding",
        "metadata": naming.metadata(naming.name, "access"),
        "roleRef": {"apiGroup": RBAC, "kind": "Role", "name": naming.name},
        "subjects": [
            {"kind": "ServiceAccount", "name": naming.name, "namespace": naming.namespace}
        ],
    }
