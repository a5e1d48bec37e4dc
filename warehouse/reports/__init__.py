"""What the terminal shows of the served warehouse: series, revisions, a council's profile."""
