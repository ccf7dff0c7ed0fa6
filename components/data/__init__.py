"""Databases, caches, buckets and analytics."""
