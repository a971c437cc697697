"""What a node on Kubernetes does there by itself: it says where the leader is.

    api_server       calls to the API server, bounded and with a token that is read anew
    endpoint_slice   what stands in the EndpointSlice, and what shall: pure
    leader_endpoint  keeps the slice right while this node leads

Nothing of the cluster depends on it: with the API server gone, orders are placed as before.
"""
