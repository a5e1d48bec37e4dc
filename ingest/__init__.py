"""Finding releases, the archive, and reading a published file into rows.

Belongs here: everything up to a load, the rows of one file as published. Knows nothing of
checks, warehouse or orchestration, and imports nothing else of ours.
"""
