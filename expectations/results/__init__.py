"""What checks said, as plain data: verdicts, decisions over them, and the checking of releases."""
