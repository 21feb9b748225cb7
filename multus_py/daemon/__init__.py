"""What runs on a node all the time: it keeps the CNI configuration right, and pods and networks in memory."""
