"""Keys, secrets, and the trust between the clouds."""
