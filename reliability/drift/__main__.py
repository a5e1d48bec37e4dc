"""`python -m reliability.drift`: see `report`."""

from __future__ import annotations

import sys

from reliability.drift.report import main

if __name__ == "__main__":
    sys.exit(main())
