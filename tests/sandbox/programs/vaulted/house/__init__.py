"""A package of the program."""
