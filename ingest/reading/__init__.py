"""From a published file's bytes to rows of text, and what its columns, labels and periods mean.

Nothing here knows of archives or releases: bytes and tables in, tables out. What a file is worth
is for `expectations`.
"""
