"""Putting the program on a node, and taking it away: versions side by side, one link that says which one counts."""
