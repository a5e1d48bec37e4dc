"""Make the environment that the project runs in, every package pinned with its hash.

    python scripts/set_up.py [VENV] [--extra deploy] [--extra dev]

Packages are installed by uv, which comes by its own wheel, pinned like the others, from wherever
pip takes its packages; where it cannot be had or fails, pip itself installs the same. Run with
nothing but Python, so it imports nothing beyond it.
"""

from __future__ import annotations

import argparse
import ast
import os
import shutil
import subprocess
import sys
import venv
from collections.abc import Sequence
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
OLDEST = (3, 11)
# What pip is told, and the variable by which uv is told the same: uv reads nothing of pip's.
_FOR_UV = {
    "index-url": "UV_DEFAULT_INDEX",
    "extra-index-url": "UV_INDEX",
    "find-links": "UV_FIND_LINKS",
    "no-index": "UV_NO_INDEX",
    "trusted-host": "UV_INSECURE_HOST",
    "cert": "SSL_CERT_FILE",
    "proxy": "ALL_PROXY",
    "timeout": "UV_HTTP_TIMEOUT",
    "default-timeout": "UV_HTTP_TIMEOUT",
}


def main(arguments: Sequence[str] | None = None) -> int:
    """Make or complete the environment; 0 if every package is in it."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("venv", type=Path, nargs="?", default=ROOT / ".venv")
    parser.add_argument("--extra", action="append", default=[], choices=["deploy", "dev"])
    given = parser.parse_args(arguments)
    if sys.version_info < OLDEST:
        print("Python 3.11 or newer is needed; name one with PYTHON=...", file=sys.stderr)
        return 1
    folder = given.venv.absolute()
    if not given.extra:
        # Anew, so that nothing of an older list is left in it.
        shutil.rmtree(folder, ignore_errors=True)
        venv.create(folder, with_pip=True, symlinks=os.name != "nt")
    # The tools for tests need what a deployment needs, so that it can be tried.
    extras = ["deploy", "dev"] if "dev" in given.extra else given.extra
    names = ["", *(f"-{extra}" for extra in extras)]
    lists = [ROOT / f"constraints{name}.txt" for name in names]
    return 0 if by_uv(folder, lists) or by_pip(folder, lists) else 1


def by_uv(folder: Path, lists: list[Path]) -> bool:
    """Install by uv; False, with what it said, where it cannot be had or fails."""
    python = str(folder / "bin" / "python")
    pip = [python, "-m", "pip", "install", "-qq", "--disable-pip-version-check"]
    fetched = run([*pip, "--require-hashes", "--only-binary", ":all:", "-r", constraints("-uv")])
    if fetched.returncode:
        print("uv cannot be had here, so pip installs instead: slower, the same.")
        return False
    install = [str(folder / "bin" / "uv"), "pip", "install", "-q", "--python", python]
    environment = os.environ | uv_settings(python)
    for step in (
        [*install, "--require-hashes", "--compile-bytecode", *listed(lists)],
        [*install, "--no-deps", "--no-build-isolation", "--editable", str(ROOT)],
    ):
        outcome = run(step, environment)
        if outcome.returncode:
            print(f"uv could not install, so pip does: {outcome.stderr.strip()}", file=sys.stderr)
            return False
    return True


def by_pip(folder: Path, lists: list[Path]) -> bool:
    """Install by pip, which says itself what is wrong."""
    pip = [str(folder / "bin" / "python"), "-m", "pip", "install", "-qq"]
    pip.append("--disable-pip-version-check")
    # Byte-code is compiled here: Great Expectations alone takes three times as long to import
    # without it.
    compiled = os.environ | {"PYTHONDONTWRITEBYTECODE": ""}
    return all(
        subprocess.run(step, env=compiled, check=False).returncode == 0
        for step in (
            [*pip, "--require-hashes", "--compile", *listed(lists)],
            [*pip, "--no-deps", "--no-build-isolation", "--editable", str(ROOT)],
        )
    )


def constraints(name: str) -> str:
    """The path of one of the project's lists of pinned packages."""
    return str(ROOT / f"constraints{name}.txt")


def listed(lists: list[Path]) -> list[str]:
    """The lists as options."""
    return [word for path in lists for word in ("-r", str(path))]


def uv_settings(python: str) -> dict[str, str]:
    """Where pip takes packages from, by its files and its variables, in uv's own words.

    What is said to uv itself stands.
    """
    outcome = run([python, "-m", "pip", "--disable-pip-version-check", "config", "list"])
    settings: dict[str, str] = {}
    for line in outcome.stdout.splitlines():
        name, _, value = line.partition("=")
        # `global.`, `install.` and `:env:.`, in the order in which a later one counts more.
        variable = _FOR_UV.get(name.rpartition(".")[2])
        if variable and name.split(".")[0] in ("global", "install", ":env:"):
            words = str(ast.literal_eval(value)).split()
            settings[variable] = ("," if variable == "UV_FIND_LINKS" else " ").join(words)
    if "UV_INDEX" in settings:
        # As pip has it: every index is asked, and the hash says whether it is the right file.
        settings["UV_INDEX_STRATEGY"] = "unsafe-best-match"
    return {name: value for name, value in settings.items() if name not in os.environ}


def run(
    command: list[str], environment: dict[str, str] | None = None
) -> subprocess.CompletedProcess[str]:
    """Run to the end, what it says kept; what cannot be started has failed."""
    try:
        return subprocess.run(command, capture_output=True, text=True, env=environment, check=False)
    except OSError as error:
        return subprocess.CompletedProcess(command, 126, "", str(error))


if __name__ == "__main__":
    sys.exit(main())
