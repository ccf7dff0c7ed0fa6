"""The function that gives a secret a new value in both clouds."""
