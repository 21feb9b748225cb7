"""What `multus validate` looks for: documents in, findings out. Pure, but for asking a cluster that it was given."""
