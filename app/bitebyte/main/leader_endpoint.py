"""On Kubernetes: the leader's EndpointSlice follows this process while its member leads."""

import contextlib
import os
from collections.abc import AsyncGenerator, Callable
from contextlib import AbstractAsyncContextManager
from typing import Any

from bitebyte.config import NodeConfig
from bitebyte.node.node import Node

Keeping = Callable[[Node], AbstractAsyncContextManager[Any]]
"""Keeps the slice right for the length of the context, while that member leads."""


class NotOnKubernetes(Exception):
    """The configuration names a slice, and this process cannot reach an API server."""


@contextlib.asynccontextmanager
async def leader_endpoints(config: NodeConfig) -> AsyncGenerator[Keeping]:
    """For the members of this process. Raises NotOnKubernetes."""
    if config.leader_endpointslice is None:
        yield contextlib.nullcontext
        return
    # An HTTP client that no other node needs takes its time and memory here only.
    from bitebyte.kubernetes.api_server import ApiServer, NotInCluster
    from bitebyte.kubernetes.endpoint_slice import SliceName
    from bitebyte.kubernetes.leader_endpoint import LeaderEndpoint, keeping

    namespace, _, name = config.leader_endpointslice.partition("/")
    try:
        api = ApiServer.in_cluster(os.environ, config.service_account_dir)
    except NotInCluster as error:
        raise NotOnKubernetes(str(error)) from None

    def keep(node: Node) -> AbstractAsyncContextManager[None]:
        endpoint = LeaderEndpoint(
            api,
            SliceName(namespace, name),
            node,
            member_id=node.identity.member_id,
            pod_name=config.name,
            pod_ip=str(config.pod_ip),
        )
        return keeping(endpoint)

    try:
        yield keep
    finally:
        await api.close()
