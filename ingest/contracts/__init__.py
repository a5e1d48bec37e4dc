"""Contracts: what is known of each publication before a release of it arrives."""
