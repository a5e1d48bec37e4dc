"""Serving: the home, the build that readers find in it, and its backup."""
