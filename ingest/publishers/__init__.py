"""Finding and fetching what publishers publish, one module a platform.

Each gives the same two things: the releases of a publication, and the bytes of a file. The
platforms' own ways are cited in their modules and told in `docs/publishers.md`. What a file holds
is none of their business.
"""
