"""The public edge: load balancers, firewalls, sites."""
