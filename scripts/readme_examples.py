"""Keep a document's answers fresh: run each query on a home and write its rows beneath it.

`python scripts/readme_examples.py HOME` rewrites README.md; with `--check` it changes nothing and
exits 1 if an answer is stale. The home is one refreshed from the sample. `--document` names another
document: docs/methods.md is answered by a home refreshed from the files as published.
"""

from __future__ import annotations

import argparse
import re
import sys
from pathlib import Path

from warehouse.query import Answer, query

README = Path(__file__).resolve().parents[1] / "README.md"
EXAMPLE = re.compile(
    r"(<!-- query -->\n```sql\n(?P<sql>.*?)```\n<!-- answer -->\n)"
    r"(?P<answer>.*?)(<!-- /answer -->)",
    re.DOTALL,
)


def as_markdown(answer: Answer) -> str:
    """Rows as a Markdown table; a null is an empty cell."""
    lines = [answer.columns, ["---"] * len(answer.columns)]
    lines += [["" if cell is None else str(cell) for cell in row] for row in answer.rows]
    return "".join(f"| {' | '.join(cells)} |\n" for cells in lines)


def answered(text: str, warehouse: Path) -> tuple[str, int]:
    """The text with every answer fresh, and how many queries it holds."""

    def fresh(match: re.Match[str]) -> str:
        table = as_markdown(query(warehouse, match["sql"]))
        return f"{match[1]}\n{table}\n{match[4]}"

    return EXAMPLE.subn(fresh, text)


def main() -> int:
    """Rewrite or check a document's answers."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("home", type=Path, help="a home refreshed from the sample")
    parser.add_argument("--document", type=Path, default=README, help="by default README.md")
    parser.add_argument("--check", action="store_true", help="change nothing; exit 1 if stale")
    arguments = parser.parse_args()
    before = arguments.document.read_text("utf-8")
    after, count = answered(before, arguments.home / "warehouse" / "core_measures.duckdb")
    if arguments.check:
        print(f"{count} answers, {'fresh' if after == before else 'stale: run make readme'}")
        return int(after != before or not count)
    arguments.document.write_text(after, "utf-8")
    print(f"{count} answers written")
    return 0


if __name__ == "__main__":
    sys.exit(main())
