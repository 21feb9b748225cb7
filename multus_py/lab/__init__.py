"""A cluster small enough for one machine: an embedded API server, network namespaces as nodes, links between them."""
