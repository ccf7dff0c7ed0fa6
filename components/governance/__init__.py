"""What an account or project allows at all."""
