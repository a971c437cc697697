"""What each level of the cluster is built from. Versions are those of the go.mod of each tool: one
module a tool, since each wants its own versions of the same libraries."""

from dataclasses import dataclass

KUBERNETES_VERSION = "v1.35.4"


@dataclass(frozen=True)
class Recipe:
    """One binary."""

    name: str
    module: str
    """Folder below `tools/`, with a go.mod and a go.sum."""
    package: str
    link_flags: str = ""


def _version_flags() -> str:
    _, minor, _ = KUBERNETES_VERSION.split(".")
    values = {
        "k8s.io/component-base/version.gitVersion": KUBERNETES_VERSION,
        "k8s.io/component-base/version.gitMajor": "1",
        "k8s.io/component-base/version.gitMinor": minor,
        "k8s.io/client-go/pkg/version.gitVersion": KUBERNETES_VERSION,
    }
    return " ".join(f"-X {name}={value}" for name, value in values.items())


def _kubernetes(name: str) -> Recipe:
    return Recipe(name, "k8s", f"k8s.io/kubernetes/cmd/{name}", _version_flags())


_API_SERVER = (
    Recipe("etcd", "etcd", "go.etcd.io/etcd/server/v3"),
    _kubernetes("kube-apiserver"),
    _kubernetes("kubectl"),
)
_CLUSTER = (
    *_API_SERVER,
    _kubernetes("kube-controller-manager"),
    _kubernetes("kube-scheduler"),
    _kubernetes("kubelet"),
    _kubernetes("kube-proxy"),
    Recipe("nodeagent", "k8s", "./nodeagent"),
    Recipe("dns", "dns", "."),
)
_TRAEFIK = Recipe("traefik", "traefik", "github.com/traefik/traefik/v3/cmd/traefik")
_HELM = Recipe("helm", "helm", "helm.sh/helm/v4/cmd/helm")

LEVELS: dict[str, tuple[Recipe, ...]] = {
    "apiserver": _API_SERVER,
    "cluster": _CLUSTER,
    "ingress": (*_CLUSTER, _TRAEFIK),
    "helm": (_HELM,),
    "charts": (
        _HELM,
        Recipe("helm3", "helm3", "helm.sh/helm/v3/cmd/helm"),
        Recipe("kubeconform", "kubeconform", "github.com/yannh/kubeconform/cmd/kubeconform"),
        Recipe("kube-score", "kubescore", "github.com/zegl/kube-score/cmd/kube-score"),
    ),
}
"""`apiserver`: the API without nodes. `cluster`: nodes, volumes, DNS, network policies. `ingress`:
Traefik too. `helm` and `charts` are programs beside a cluster."""

CLUSTER_LEVELS = ("apiserver", "cluster", "ingress")
"""Those that `up` can start, from little to all."""
