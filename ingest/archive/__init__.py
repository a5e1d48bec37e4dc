"""The archive: its layout, what a home holds of it, and archives that are carried."""
