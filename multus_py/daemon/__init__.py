"""What runs on a node all the time: it keeps the node's CNI configuration right, and says how that goes."""
