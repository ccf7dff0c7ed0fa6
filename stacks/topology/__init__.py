"""The wiring in dependency order: the one place that knows every component."""
