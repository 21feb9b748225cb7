"""The machine: netlink, network namespaces, routes, device information."""
