"""Requests to publishers: polite, bounded, and told in words where they fail."""
