"""What a sound load and a sound fact table look like, and whether this one is.

Belongs here: the suites, derived from the publications' contracts; the frames that they look at;
the verdicts that they end in. Great Expectations decides what passes, and is imported only when
there is something to check. Reading files belongs to `ingest`; what a verdict leads to, to
`warehouse` and `orchestration`. Imports `ingest` only.
"""
