"""What is asked of a load, and of the facts of a warehouse, and what comes of it."""
