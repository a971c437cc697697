"""Rendering the Helm charts and judging what comes out, without a cluster."""
