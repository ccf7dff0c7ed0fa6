"""Where container images are kept."""
