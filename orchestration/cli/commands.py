"""Every command: each module adds its own, in the order in which `--help` lists them."""

from orchestration.cli import archive, decide, doctor, inspect, lake, maintain, pack, refresh
from orchestration.cli.common import app

__all__ = ["app", "archive", "decide", "doctor", "inspect", "lake", "maintain", "pack", "refresh"]
