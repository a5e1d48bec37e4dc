"""Keep the examples of docs/consumers fresh: run each, and write what it says.

`python scripts/fresh_examples.py HOME` rewrites them; with `--check` it changes nothing and exits 1
where one is stale or does not run. The home is one refreshed from the sample. Examples read
`published/latest/…`, as from beside the home's folders. The cookbook's answers are those of the
files as published (`readme_examples.py --document docs/cookbook.md`): here each must run.
"""

from __future__ import annotations

import argparse
import os
import re
import shutil
import subprocess
import sys
from pathlib import Path

import duckdb
from readme_examples import answered

ROOT = Path(__file__).resolve().parents[1]
COOKBOOK = ROOT / "docs" / "cookbook.md"
CONSUMERS = ROOT / "docs" / "consumers"
EXAMPLE = re.compile(
    r"(?P<head><!-- run (?P<with>sql|python|r)(?P<needs>(?: \w+)*) -->\n"
    r"```\w+\n(?P<code>.*?)```\n<!-- output -->\n).*?(?P<end><!-- /output -->)",
    re.DOTALL,
)


def run(tool: str, code: str, home: Path) -> str:
    """What an example prints, in the home's folder."""
    if tool == "sql":
        here = Path.cwd()
        os.chdir(home)
        try:
            with duckdb.connect() as con:
                cursor = con.execute(code)
                head = [column[0] for column in cursor.description or []]
                rows = [
                    ["" if cell is None else str(cell) for cell in r] for r in cursor.fetchall()
                ]
        finally:
            os.chdir(here)
        return "".join(",".join(row) + "\n" for row in (head, *rows))
    argv = [sys.executable, "-c", code] if tool == "python" else ["Rscript", "-e", code]
    done = subprocess.run(argv, cwd=home, capture_output=True, text=True, check=False)
    if done.returncode:
        raise SystemExit(f"An example does not run:\n{code}\n{done.stderr}")
    return done.stdout


def r_has(packages: list[str]) -> bool:
    """Whether there is an R, and it has these packages."""
    if shutil.which("Rscript") is None:
        return False
    asked = " && ".join(f"requireNamespace('{name}', quietly = TRUE)" for name in packages)
    code = f"quit(status = if ({asked or 'TRUE'}) 0 else 1)"
    return not subprocess.run(["Rscript", "-e", code], capture_output=True, check=False).returncode


def refreshed(text: str, home: Path) -> tuple[str, int]:
    """The text with every output fresh, and how many examples it holds."""

    def fresh(match: re.Match[str]) -> str:
        if match["with"] == "r" and not r_has(match["needs"].split()):
            return match[0]  # what was printed where there is one
        output = run(match["with"], match["code"], home)
        return f"{match['head']}```text\n{output}```\n{match['end']}"

    return EXAMPLE.subn(fresh, text)


def main() -> int:
    """Rewrite or check the examples."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("home", type=Path, help="a home refreshed from the sample")
    parser.add_argument("--check", action="store_true", help="change nothing; exit 1 if stale")
    arguments = parser.parse_args()
    home = arguments.home.resolve()
    stale: list[str] = []
    _, count = answered(COOKBOOK.read_text("utf-8"), home / "warehouse" / "core_measures.duckdb")
    for path in sorted(CONSUMERS.glob("*.md")):
        before = path.read_text("utf-8")
        after, found = refreshed(before, home)
        count += found
        if after != before:
            stale.append(path.name)
            if not arguments.check:
                path.write_text(after, "utf-8")
    if arguments.check:
        print(f"{count} examples, {'fresh' if not stale else 'stale: make examples: '}", *stale)
        return int(bool(stale))
    print(f"{count} examples, rewritten in {', '.join(stale) or 'none'}")
    return 0


if __name__ == "__main__":
    sys.exit(main())
