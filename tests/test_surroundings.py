"""Disks of other kinds: shares without locks, without links, without a folder's sync.

A disk is made one of these by a library that answers some calls of the system in its place, for
what stands under one folder; the command itself is as it always is.
"""

from __future__ import annotations

import errno
import os
import shutil
import subprocess
import sys
from pathlib import Path

import factory
import pytest
from conftest import IN_NEED, PROJECT, command, rows

from warehouse.serve.backup import restore_backup, write_backup
from warehouse.serve.home import Home

SOURCE = r"""
#define _GNU_SOURCE
#include <dlfcn.h>
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

/* DISK_SAYS="flock=37 symlink=1": what each call answers for all that stands under DISK. */
static int says(const char *call, const char *path) {
    const char *under = getenv("DISK"), *told = getenv("DISK_SAYS");
    char name[64];
    if (!under || !told || !path || strncmp(path, under, strlen(under))) return 0;
    snprintf(name, sizeof name, " %s=", call);
    const char *found = strstr(told, name);
    return found ? atoi(found + strlen(name)) : 0;
}
static int says_of(const char *call, int fd) {
    char link[64], path[PATH_MAX + 1];
    snprintf(link, sizeof link, "/proc/self/fd/%d", fd);
    ssize_t length = readlink(link, path, PATH_MAX);
    if (length < 0) return 0;
    path[length] = 0;
    return says(call, path);
}
#define ANSWER(number) do { int n = (number); if (n) { errno = n; return -1; } } while (0)
#define REAL(name) ((__typeof__(&name)) dlsym(RTLD_NEXT, #name))

int flock(int fd, int how) { ANSWER(says_of("flock", fd)); return REAL(flock)(fd, how); }
int symlink(const char *to, const char *at) {
    ANSWER(says("symlink", at)); return REAL(symlink)(to, at);
}
int link(const char *from, const char *at) {
    ANSWER(says("link", at)); return REAL(link)(from, at);
}
int rename(const char *from, const char *at) {
    ANSWER(says("rename", at)); return REAL(rename)(from, at);
}
int fsync(int fd) {
    struct stat what;
    if (!fstat(fd, &what) && S_ISDIR(what.st_mode)) ANSWER(says_of("syncfolder", fd));
    return REAL(fsync)(fd);
}
static int locks(int command) {
    return command == F_SETLK || command == F_SETLKW || command == F_GETLK;
}
int fcntl(int fd, int command, ...) {
    va_list rest; va_start(rest, command); void *more = va_arg(rest, void *); va_end(rest);
    if (locks(command)) ANSWER(says_of("fcntl", fd));
    return REAL(fcntl)(fd, command, more);
}
int fcntl64(int fd, int command, ...) {
    va_list rest; va_start(rest, command); void *more = va_arg(rest, void *); va_end(rest);
    if (locks(command)) ANSWER(says_of("fcntl", fd));
    return REAL(fcntl64)(fd, command, more);
}
"""

# A share as Windows serves it, and a stick as cameras have it.
NO_LINKS = {"symlink": errno.EOPNOTSUPP, "link": errno.EPERM, "syncfolder": errno.EINVAL}


@pytest.fixture(scope="module")
def library(tmp_path_factory: pytest.TempPathFactory) -> Path:
    compiler = shutil.which("cc")
    if compiler is None or not sys.platform.startswith("linux"):
        pytest.skip("needs a C compiler and Linux")
    folder = tmp_path_factory.mktemp("disk")
    (folder / "disk.c").write_text(SOURCE)
    made = folder / "disk.so"
    subprocess.run(
        [compiler, "-shared", "-fPIC", "-O1", "-o", made, folder / "disk.c", "-ldl"], check=True
    )
    return made


@pytest.fixture(scope="module")
def archive(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return factory.lay_out(
        tmp_path_factory.mktemp("surroundings") / "archive",
        figures=factory.figures_of(IN_NEED, ["2023"]),
    )


def on_disk(
    library: Path, disk: Path, says: dict[str, int], *arguments: str | Path
) -> subprocess.CompletedProcess[str]:
    """The command, with a home on such a disk."""
    told = " " + " ".join(f"{call}={number}" for call, number in says.items())
    return subprocess.run(
        [sys.executable, "-m", "orchestration.cli", *map(str, arguments)],
        cwd=PROJECT,
        capture_output=True,
        text=True,
        check=False,
        timeout=300,
        env=os.environ
        | {"LD_PRELOAD": str(library), "DISK": str(disk), "DISK_SAYS": told}
        | {"PYTHONPATH": str(PROJECT)},
    )


def test_a_share_without_links_serves_nothing(library: Path, archive: Path, tmp_path: Path) -> None:
    disk = tmp_path.resolve() / "disk"
    disk.mkdir()
    home = disk / "home"
    outcome = on_disk(
        library, disk, NO_LINKS, "refresh", "--from", archive, "--home", home, "--no-site"
    )
    assert outcome.returncode == 0, outcome.stderr
    # The way to what is served stands in a file, and the refresh says where that is.
    assert (home / "builds" / "current").read_text() == "1\n"
    warehouse = home / "builds" / "1" / "core_measures.duckdb"
    assert f"Warehouse: {warehouse}" in outcome.stdout
    assert f"Marts:     {home / 'builds' / '1' / 'marts'}" in outcome.stdout
    assert not any(path.is_symlink() for path in home.rglob("*"))
    sql = "select count(*) from marts.fct_core_measure"
    counted = on_disk(
        library, disk, NO_LINKS, "sql", sql, "--home", home, "--format", "csv"
    ).stdout.splitlines()[1:]
    again = on_disk(
        library, disk, NO_LINKS, "refresh", "--from", archive, "--home", home, "--no-site"
    )
    assert again.returncode == 0, again.stderr
    assert "Nothing new; still serving" in again.stdout
    # Carried to a disk that has links by a backup, it has them; and the other way round.
    there, back = tmp_path / "there", disk / "back"
    write_backup(Home(home), tmp_path / "there.tar")
    restore_backup(tmp_path / "there.tar", Home(there))
    assert (there / "published" / "latest").is_symlink()
    assert rows(there, sql) == [(int(counted[0]),)]
    write_backup(Home(there), tmp_path / "back.tar")
    done = on_disk(library, disk, NO_LINKS, "restore", tmp_path / "back.tar", "--home", back)
    assert done.returncode == 0, done.stderr
    assert (back / "builds" / "current").read_text() == "1\n"
    assert Home(back).warehouse.read_bytes() == warehouse.read_bytes()


def test_an_apostrophe_or_an_accent_in_a_path_stops_a_refresh(
    archive: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    folder = tmp_path / "Ann's été :: a b"
    checkout, home = folder / "check 'out", folder / "ho'me :: é"
    unwanted = shutil.ignore_patterns("__pycache__", "target", "logs", ".user.yml")
    for part in ("ingest", "expectations", "warehouse", "orchestration", "dbt_project"):
        shutil.copytree(PROJECT / part, checkout / part, ignore=unwanted)
    source = folder / "archive"
    shutil.copytree(archive, source)
    monkeypatch.setenv("CORE_MEASURES_SITE", "true")
    outcome = command("refresh", "--from", source, "--home", home, project=checkout)
    assert outcome.returncode == 0, outcome.stderr
    # What it says to do next can be pasted into a shell.
    following = outcome.stdout.split("Next:\n")[1].splitlines()
    assert len(following) == 3
    for line in following:
        told = subprocess.run(
            ["sh", "-c", line], cwd=checkout, capture_output=True, text=True, check=False
        )
        assert told.returncode == 0, (line, told.stderr)
        assert told.stdout.strip(), line
    for arguments in (
        ("refresh", "--from", source, "--home", home),
        ("docs", "--home", home),
        ("backup", folder / "back'up.tar", "--home", home),
        ("restore", folder / "back'up.tar", "--home", folder / "re'stored"),
        ("archive", "verify", "--home", home),
        ("pack", "Leeds", "--html", folder / "pa'ck.html", "--home", home),
    ):
        done = command(*arguments, project=checkout)
        assert done.returncode == 0, (arguments, done.stderr)
    assert (home / "published" / "latest" / "site" / "index.html").exists()


@pytest.mark.parametrize(
    ("says", "told"),
    [
        ({"flock": errno.ENOLCK, "fcntl": errno.ENOLCK}, "No locks available"),
        ({"flock": errno.EOPNOTSUPP, "fcntl": errno.EOPNOTSUPP}, "Operation not supported"),
        ({"flock": errno.EIO}, "Input/output error"),
        # DuckDB locks by the other call.
        ({"fcntl": errno.ENOLCK}, "No locks available"),
        ({"rename": errno.EPERM}, "Operation not permitted"),
    ],
)
def test_a_share_without_locks_is_found_out_after_the_work(
    library: Path, archive: Path, tmp_path: Path, says: dict[str, int], told: str
) -> None:
    home = tmp_path.resolve() / "home"
    outcome = on_disk(library, home, says, "refresh", "--from", archive, "--home", home)
    assert outcome.returncode == 1
    (line,) = outcome.stderr.splitlines()
    assert line.startswith(f"The home {home} ")
    assert told in line
    assert "--home" in line
    assert not list((home / "archive").iterdir()), "nothing was begun"
