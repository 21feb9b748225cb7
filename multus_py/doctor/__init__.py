"""Every link of the chain on one node, looked at: from the file that the runtime loads to what pods have left."""

"left."
