"""The vocabulary of a service, the same on every runtime."""
