"""The Kubernetes API as Multus needs it: one port, its adapters, typed views of Pod and NAD."""
