"""Where containers run, and how they scale and are replaced."""
