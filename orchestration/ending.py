"""How a refresh ends that is asked to, by the command and under Dagster alike."""

import signal
import sys

WORD_FOR = {int(signal.SIGINT): "Interrupted", int(signal.SIGTERM): "Asked to end"}
NOTHING_HALF_DONE = "What is served is whole; nothing is half-done. To go on: refresh again."
_COMPLAINT = "ignore:resource_tracker:UserWarning"


def leave_locks_to_the_tracker() -> None:
    """See that nobody hears of dbt's locks where this process ends at once.

    A process of Python's own cleans them up, and complains. It takes over, when the first lock is
    made, what is not to be complained of: dagster-dbt makes one while it assembles the assets.
    """
    if _COMPLAINT not in sys.warnoptions:
        sys.warnoptions.append(_COMPLAINT)
