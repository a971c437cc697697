"""What runs on a machine: command lines and settings of the control plane and of the nodes. Pure:
a machine's own process (machine.py) writes and starts what is named here."""

import json
from dataclasses import dataclass

from bitebyte_cluster.network import (
    CONTROL_PLANE_ADDRESS,
    DNS_ADDRESS,
    PODS,
    SERVICES,
    address_of,
    pods_of,
)

BIN = "/run/machine/bin"
PKI = "/run/machine/pki"
OWN = "/run/machine/own"
"""The machine's folder of the state directory, as the machine sees it."""

INFRA_IMAGE = "localhost/bitebyte-infra:1"
"""A busybox: the pause image, and what add-ons run their mounted binaries in."""

CONTAINERD = "containerd"
KUBE_API_SERVER = "kube-apiserver"


@dataclass(frozen=True)
class Service:
    """A program that is started again a second after it ends."""

    name: str
    command: tuple[str, ...]


def control_plane_services(*, with_nodes: bool) -> list[Service]:
    """Of `cp`; without nodes it is an API server with its store."""
    services = [_etcd(), _api_server()]
    if with_nodes:
        # kube-proxy goes by the name of a node: without a Node object it waits half a minute.
        proxy = _kube_proxy("node1", CONTROL_PLANE_ADDRESS)
        services += [_controller_manager(), _scheduler(), proxy]
    return services


def _etcd() -> Service:
    data = ("--data-dir=/var/lib/etcd", "--unsafe-no-fsync", "--log-level=warn")
    return Service("etcd", (f"{BIN}/etcd", *data))


def _api_server() -> Service:
    return Service(
        KUBE_API_SERVER,
        (
            f"{BIN}/kube-apiserver",
            "--etcd-servers=http://127.0.0.1:2379",
            f"--advertise-address={CONTROL_PLANE_ADDRESS}",
            "--secure-port=6443",
            f"--service-cluster-ip-range={SERVICES}",
            "--authorization-mode=Node,RBAC",
            "--enable-admission-plugins=NodeRestriction",
            "--allow-privileged",
            f"--client-ca-file={PKI}/ca.crt",
            f"--tls-cert-file={PKI}/apiserver.crt",
            f"--tls-private-key-file={PKI}/apiserver.key",
            "--service-account-issuer=https://kubernetes.default.svc",
            f"--service-account-key-file={PKI}/sa.pub",
            f"--service-account-signing-key-file={PKI}/sa.key",
            f"--kubelet-certificate-authority={PKI}/ca.crt",
            f"--kubelet-client-certificate={PKI}/admin.crt",
            f"--kubelet-client-key={PKI}/admin.key",
            "--kubelet-preferred-address-types=InternalIP",
            # A pod leaves a dead node after 30 s instead of five minutes.
            "--default-not-ready-toleration-seconds=30",
            "--default-unreachable-toleration-seconds=30",
            # Who wrote what: tests count the writes of an idle operator, and stop it between two.
            f"--audit-policy-file={OWN}/audit-policy.yaml",
            f"--audit-log-path={OWN}/log/audit.log",
            "--audit-log-mode=blocking",
        ),
    )


def audit_policy() -> str:
    """Changes only, without bodies, each once it was answered."""
    rules = [
        {"level": "None", "resources": [{"group": "", "resources": ["events"]}]},
        {"level": "Metadata", "verbs": ["create", "update", "patch", "delete", "deletecollection"]},
        {"level": "None"},
    ]
    return json.dumps(
        {
            "apiVersion": "audit.k8s.io/v1",
            "kind": "Policy",
            "omitStages": ["RequestReceived"],
            "rules": rules,
        }
    )


def _controller_manager() -> Service:
    return Service(
        "kube-controller-manager",
        (
            f"{BIN}/kube-controller-manager",
            f"--kubeconfig={PKI}/controller-manager.kubeconfig",
            "--leader-elect=false",
            "--use-service-account-credentials",
            f"--root-ca-file={PKI}/ca.crt",
            f"--service-account-private-key-file={PKI}/sa.key",
            f"--cluster-signing-cert-file={PKI}/ca.crt",
            f"--cluster-signing-key-file={PKI}/ca.key",
            "--allocate-node-cidrs=false",
            "--node-monitor-grace-period=20s",
            "--node-monitor-period=2s",
        ),
    )


def _scheduler() -> Service:
    flags = (f"--kubeconfig={PKI}/scheduler.kubeconfig", "--leader-elect=false")
    return Service("kube-scheduler", (f"{BIN}/kube-scheduler", *flags))


def _kube_proxy(node: str, bind_address: str) -> Service:
    return Service(
        "kube-proxy",
        (
            f"{BIN}/kube-proxy",
            f"--kubeconfig={PKI}/proxy.kubeconfig",
            f"--hostname-override={node}",
            f"--bind-address={bind_address}",
            f"--cluster-cidr={PODS}",
            "--proxy-mode=iptables",
            "--iptables-min-sync-period=200ms",
            "--iptables-localhost-nodeports=false",
            # These would set sysctls that belong to the host.
            "--conntrack-max-per-core=0",
            "--conntrack-min=0",
            "--conntrack-tcp-timeout-established=0",
            "--conntrack-tcp-timeout-close-wait=0",
        ),
    )


def node_services(node: str) -> list[Service]:
    """Of a node; containerd first, for the kubelet asks it at once."""
    kubelet = Service(
        "kubelet",
        (
            f"{BIN}/kubelet",
            f"--config={OWN}/kubelet.json",
            f"--kubeconfig={PKI}/{node}.kubeconfig",
            f"--hostname-override={node}",
            f"--node-ip={address_of(node)}",
            f"--node-labels=topology.kubernetes.io/zone=zone-{node}",
        ),
    )
    agent = (f"{BIN}/nodeagent", f"{PKI}/nodeagent.kubeconfig", node, "/var/lib/volumes")
    return [
        Service(CONTAINERD, ("containerd", "-c", f"{OWN}/containerd.toml", "--log-level", "warn")),
        kubelet,
        _kube_proxy(node, address_of(node)),
        Service("nodeagent", agent),
    ]


def node_files(node: str) -> dict[str, str]:
    """Settings of a node's services, by path below the machine's own folder."""
    return {
        "containerd.toml": _CONTAINERD_SETTINGS,
        "cni/10-pods.conflist": json.dumps(_pod_network(node)),
        "kubelet.json": json.dumps(_kubelet_settings(node)),
    }


_CONTAINERD_SETTINGS = f"""version = 2
[plugins."io.containerd.grpc.v1.cri"]
  sandbox_image = "{INFRA_IMAGE}"
  # Without CAP_SYS_RESOURCE nobody may lower a process' oom score.
  restrict_oom_score_adj = true
  [plugins."io.containerd.grpc.v1.cri".containerd.runtimes.runc]
    runtime_type = "io.containerd.runc.v2"
  [plugins."io.containerd.grpc.v1.cri".cni]
    bin_dir = "/usr/lib/cni"
    conf_dir = "{OWN}/cni"
"""


def _pod_network(node: str) -> dict[str, object]:
    """A routed link for each pod, so that every packet is forwarded and can be filtered."""
    addresses = {
        "type": "host-local",
        "ranges": [[{"subnet": pods_of(node)}]],
        "routes": [{"dst": "0.0.0.0/0"}],
    }
    return {
        "cniVersion": "0.4.0",
        "name": "pods",
        "plugins": [
            {"type": "ptp", "ipMasq": False, "ipam": addresses},
            {"type": "portmap", "capabilities": {"portMappings": True}},
        ],
    }


def _kubelet_settings(node: str) -> dict[str, object]:
    return {
        "apiVersion": "kubelet.config.k8s.io/v1beta1",
        "kind": "KubeletConfiguration",
        "failCgroupV1": False,
        "cgroupDriver": "cgroupfs",
        "containerRuntimeEndpoint": "unix:///run/containerd/containerd.sock",
        "authentication": {
            "anonymous": {"enabled": False},
            "webhook": {"enabled": True},
            "x509": {"clientCAFile": f"{PKI}/ca.crt"},
        },
        "authorization": {"mode": "Webhook"},
        "tlsCertFile": f"{PKI}/{node}.crt",
        "tlsPrivateKeyFile": f"{PKI}/{node}.key",
        "clusterDNS": [DNS_ADDRESS],
        "clusterDomain": "cluster.local",
        "resolvConf": "/dev/null",
        "failSwapOn": False,
        # What is killed twenty times comes back at once each time, not minutes later.
        "featureGates": {"KubeletCrashLoopBackOffMax": True},
        "crashLoopBackOff": {"maxContainerRestartPeriod": "1s"},
        "nodeLeaseDurationSeconds": 20,
        "nodeStatusUpdateFrequency": "5s",
        # Images are loaded by hand and cannot be pulled again: they are never collected, and the
        # host's half-full disk is nobody's reason to evict.
        "imageGCHighThresholdPercent": 100,
        "evictionHard": {
            "memory.available": "100Mi",
            "nodefs.available": "1%",
            "imagefs.available": "1%",
        },
    }
