"""What happened, told in both clouds."""
