"""What a refresh does, in four steps: `collect`, `check`, `build`, `publish`.

No Dagster here and no screen: the command and Dagster's assets call the same functions. Each reads
what the one before left on disk, so that a step may run by itself; what is held is read once, into
an inventory that is handed on. Great Expectations and dbt are imported by the steps that need them,
and only when there is work.
"""
