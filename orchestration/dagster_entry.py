"""What `workspace.yaml` loads: the definitions for `CORE_MEASURES_HOME`."""

from orchestration.definitions import served_definitions

defs = served_definitions()
