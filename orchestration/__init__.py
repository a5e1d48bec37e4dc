"""Dagster's assets, checks and schedules, and the `core-measures` command. Wiring, no logic.

What a refresh does stands in `refresh`, testable without Dagster; `definitions` and `cli` call it.
"""
