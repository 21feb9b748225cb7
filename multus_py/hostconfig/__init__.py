"""What a node's CNI configuration has to be, and making it so: one idempotent step, with nothing in memory."""
