"""Write the charts that readers explore anew: `warehouse/site/static/specs.js`.

To be run when `warehouse/site/specs.py` or Altair's version changes; a test compares.
"""

from __future__ import annotations

from pathlib import Path

from warehouse.site.specs import as_script

SCRIPT = Path(__file__).resolve().parents[1] / "warehouse" / "site" / "static" / "specs.js"

if __name__ == "__main__":
    SCRIPT.write_text(as_script(), "utf-8")
    print(f"{SCRIPT.name}: {SCRIPT.stat().st_size} bytes")
