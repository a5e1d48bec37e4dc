"""How a refresh ends that is asked to, by the command and under Dagster alike."""

import signal

WORD_FOR = {int(signal.SIGINT): "Interrupted", int(signal.SIGTERM): "Asked to end"}
NOTHING_HALF_DONE = "What is served is whole; nothing is half-done. To go on: refresh again."
# dbt's locks are cleaned up by a process that would complain of whoever ends at once.
NO_COMPLAINT = "ignore:resource_tracker:UserWarning"
