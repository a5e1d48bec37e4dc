"""What Dagster is shown: assets, their checks, jobs, schedules, sensors. Wiring, no logic."""
