"""What can be built: one ComponentResource a file, grouped by concern."""
