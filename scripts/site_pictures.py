"""Take the pictures of the site anew: docs/site/*.png, and look at them.

`python scripts/site_pictures.py HOME`, with a home that has its site; needs a Chromium.
"""

from __future__ import annotations

import argparse
from pathlib import Path

from playwright.sync_api import sync_playwright

PICTURES = Path(__file__).resolve().parents[1] / "docs" / "site"
PAGES = {"home": "index", "council": "councils/leeds", "measure": "measures/repeat_referrals"}
# Where a page shows its first charts and not only its head.
TALL = {"home": 1150, "council": 2000, "measure": 1750}


def main() -> None:
    """Six pictures: three pages, light and dark."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("home", type=Path)
    parser.add_argument("--chromium", default="/usr/bin/chromium")
    arguments = parser.parse_args()
    site = (arguments.home / "published" / "latest" / "site").resolve()
    PICTURES.mkdir(parents=True, exist_ok=True)
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=arguments.chromium)
        for scheme in ("light", "dark"):
            for name, page_name in PAGES.items():
                page = browser.new_page(
                    viewport={"width": 1200, "height": TALL[name]},
                    color_scheme=scheme,  # type: ignore[arg-type]
                )
                page.goto(f"{site.as_uri()}/{page_name}.html")
                # A council's measures are folded: two stand open, as a reader opens them.
                page.evaluate(
                    "[...document.querySelectorAll('details.card')].slice(4, 6)"
                    ".forEach((card) => { card.open = true })"
                )
                picture = PICTURES / f"{name}-{scheme}.png"
                page.screenshot(path=picture)
                page.close()
                print(f"{picture.name}: {picture.stat().st_size / 1000:.0f} kB")
        browser.close()


if __name__ == "__main__":
    main()
