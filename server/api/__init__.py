"""HTTP under /v1: a router a topic."""
