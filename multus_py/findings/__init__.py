"""What is wrong with something, said so that a person can act on it: the result of `validate` and of `doctor`."""
