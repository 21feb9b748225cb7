"""What is attached on this node, whether the kernel agrees, and what belongs to nobody any more."""
