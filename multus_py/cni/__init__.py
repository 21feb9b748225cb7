"""The CNI specification: what a plugin and a runtime must do. Nothing of Kubernetes or of Multus here."""
