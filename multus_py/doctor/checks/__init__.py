"""The checks, a module for each link of the chain."""
