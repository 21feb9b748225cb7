"""multus-py: a CNI meta-plugin that gives a Kubernetes pod more than one network interface."""

VERSION = "0.1.0"
