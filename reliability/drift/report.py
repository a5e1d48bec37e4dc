"""What becomes of what publishers do: every kind of drift on every publication, in a table.

    python -m reliability.drift [--home HOME] [--only PUBLICATION …] [--kinds KIND …]

Writes `docs/drift.md`. A home of the files as published is made for it (`--home` takes one that is
there), and every publication of which two releases were admitted has its newest drifted. What is
printed and written is computed.

With `--keep FOLDER` what was judged is kept there, and a run that was broken off goes on from it as
long as the code and the contracts are the same.

Ends with 1 if a drift led to a figure other than the true one, or to figures that are gone in
silence, or broke the refresh.
"""

from __future__ import annotations

import argparse
import json
import os
import re
import shlex
import shutil
import subprocess
import sys
import tempfile
import time
import traceback
from collections import Counter
from collections.abc import Iterable, Sequence
from concurrent.futures import ProcessPoolExecutor, as_completed
from dataclasses import asdict, dataclass, replace
from itertools import pairwise
from multiprocessing import get_context
from pathlib import Path

from expectations.panel.measures import labels_of
from ingest.archive.release import sha256_of
from ingest.contracts.contract import FileContract
from ingest.contracts.load import load_contracts
from reliability.drift.document import NotApplicableError
from reliability.drift.every import KINDS
from reliability.drift.kinds import Kind, Truth
from reliability.drift.site import DriftSite, Facts, Judgement, NoHistoryError, figures_alone
from reliability.mutations import code_digest
from reliability.site import Compiled, lay_release
from warehouse.serve.home import Home

ROOT = Path(__file__).resolve().parents[2]
PUBLISHED = ROOT.parent / "shared" / "published"
REPORT = ROOT / "docs" / "drift.md"
WORKERS = 2

SAME, PARTLY, PROPOSED, REFUSED = "same", "partly", "proposed", "refused"
MISLED, WRONG, SILENT, BROKE = "misled", "wrong", "silent", "broke"
SIGNS = {
    SAME: "●",
    PARTLY: "◐",
    PROPOSED: "○",
    REFUSED: "·",
    MISLED: "**M**",
    WRONG: "**W**",
    SILENT: "**S**",
    BROKE: "**B**",
}
MEANS = {
    SAME: "admitted, with the same figures as undrifted",
    PARTLY: "admitted; some cells have no value and say why, all others are the same",
    PROPOSED: "refused, with a proposal that is right",
    REFUSED: "refused otherwise",
    MISLED: "refused, with a proposal that is wrong",
    WRONG: "a figure other than the true one",
    SILENT: "figures gone, and exit code 0",
    BROKE: "the refresh ended in a fault of its own",
}
FAULTS = (MISLED, WRONG, SILENT, BROKE)
# Statuses of a cell that cannot be told: it has no value, and its reader is told so.
UNTOLD = ("conflicting", "unrecognised")
# Two numbers that are one: what arithmetic leaves.
_CLOSE = 1e-9


@dataclass(frozen=True)
class Outcome:
    """What became of one drift."""

    kind: str
    publication: str
    file_id: str
    verdict: str
    detail: str = ""

    def __str__(self) -> str:
        return f"{self.kind} in {self.publication} ({self.file_id}): {self.verdict}: {self.detail}"


@dataclass(frozen=True)
class FileReport:
    """What became of the drifts of a publication's files; `without` says why there are none."""

    publication: str
    releases: dict[str, str]
    outcomes: tuple[Outcome, ...]
    without: dict[str, str]
    seconds: float


def seed_of(kind: str, publication: str, file_id: str) -> str:
    """The seed of a drift: the same every time, on every machine."""
    return f"{kind}/{publication}/{file_id}"


# Judging


def verdict_of(judged: Judgement, sound: Facts, truth: Truth, kind: Kind) -> tuple[str, str]:
    """What became of a drift, and of what in particular."""
    wrong, untold, gone = _compared(judged.facts, sound, truth)
    if wrong:
        return WRONG, f"{len(wrong):,} of {len(sound):,} figures, as {wrong[0]}"
    if judged.refusals:
        refusals = "; ".join(judged.refusals)
        commands = re.findall(r"core-measures accept .*?(?= --reason)", " ".join(judged.ways_out))
        words = [word for command in commands for word in shlex.split(command)]
        proposals = [b.partition("=") for a, b in pairwise(words) if a == "--read"]
        if not proposals:
            return REFUSED, refusals
        renamed = truth.renamed | truth.relabelled
        # A label's is `column/label`.
        right = all(
            theirs in (renamed.get(ours), renamed.get(ours.partition("/")[2]))
            for ours, _, theirs in proposals
        )
        return (PROPOSED if right else MISLED), refusals
    if gone and judged.exit_code == 0:
        return SILENT, f"{len(gone):,} of {len(sound):,} figures are gone, as {gone[0]}"
    if gone:
        return REFUSED, f"{len(gone):,} figures are not there: " + "; ".join(judged.messages)
    if untold:
        return PARTLY, f"{len(untold):,} of {len(sound):,} cells, as {untold[0]}"
    return SAME, ""


def _compared(facts: Facts, sound: Facts, truth: Truth) -> tuple[list[str], list[str], list[str]]:
    """What is wrong, what is told as not to be told, and what is gone."""
    wrong, untold, gone = [], [], []
    for key, true in sound.items():
        found = facts.get(key)
        if found is None:
            if true.year not in truth.lost_years:
                gone.append(_named(key))
        elif found.status in UNTOLD and true.status not in UNTOLD:
            untold.append(_named(key))
        elif not _alike(found.numbers, true.numbers):
            wrong.append(f"{_named(key)}: {found.numbers} for {true.numbers}")
        elif found.status != true.status and not truth.marks:
            wrong.append(f"{_named(key)}: {found.status} for {true.status}")
    if not truth.more:
        wrong += [f"{_named(key)}, which nobody published" for key in facts.keys() - sound.keys()]
    return wrong, untold, gone


def _alike(found: Iterable[float | None], true: Iterable[float | None]) -> bool:
    return all(
        a == b or (a is not None and b is not None and abs(a - b) <= _CLOSE * max(abs(b), 1))
        for a, b in zip(found, true, strict=True)
    )


def _named(key: tuple[object, ...]) -> str:
    return " ".join(map(str, key))


def judge_one(site: DriftSite, kind: Kind) -> Outcome | None:
    """What becomes of one drift; None where there is nothing to be done to the file."""
    name, file_id = site.publication.publication, site.contract.file_id
    try:
        document, truth = kind.apply(site.document, seed_of(kind.name, name, file_id))
    except NotApplicableError:
        return None
    try:
        judged = site.judge(document)
    except Exception as error:
        return Outcome(kind.name, name, file_id, BROKE, _told(error))
    truth.renamed |= document.names_as_read()
    truth = _as_contract_writes(truth, site)
    return Outcome(kind.name, name, file_id, *verdict_of(judged, site.sound.facts, truth, kind))


def _as_contract_writes(truth: Truth, site: DriftSite) -> Truth:
    """What became of labels, by those that series ask for as well as by those that were printed.

    Those that the publisher himself had renamed in the file are among them.
    """
    asked = {
        label: truth.relabelled[one]
        for of in labels_of(site.contract).values()
        for label, spellings in of.items()
        for one in spellings
        if one in truth.relabelled
    }
    before = {
        ours: truth.relabelled.get(printed, printed)
        for ours, printed in site.printed_labels.items()
    }
    return replace(truth, relabelled=before | asked | truth.relabelled)


def _told(error: Exception) -> str:
    """An error in a line: its kind, the file it came from, and what it says."""
    at = traceback.extract_tb(error.__traceback__)[-1]
    return f"{type(error).__name__} in {Path(at.filename).name}:{at.lineno}: {error}"[:300]


def judge_publication(base: Path, work: Path, name: str, kinds: Sequence[str]) -> FileReport:
    """Every kind on one publication, on its files in turn."""
    began = time.perf_counter()
    compiled = figures_alone(Compiled.of(Home(base)))
    releases: dict[str, str] = {}
    without: dict[str, str] = {}
    outcomes: list[Outcome] = []
    sites: list[DriftSite] = []
    publication = load_contracts()[name]
    for contract in publication.files:
        folder = work / f"{name[:40]}-{contract.file_id}"
        try:
            site = DriftSite(folder, Home(base), publication, contract, compiled)
            if site.sound.refusals or not site.sound.facts:
                without[contract.file_id] = "; ".join(site.sound.refusals) or "it has no figures"
                continue
        except NoHistoryError as error:
            without[contract.file_id] = str(error)
            continue
        except Exception as error:
            without[contract.file_id] = _told(error)
            outcomes.append(Outcome("as published", name, contract.file_id, BROKE, _told(error)))
            continue
        newest = site.newest.rpartition("/")[2]
        newer = "" if newest == site.release.folder else f" ({newest} is refused)"
        releases[contract.file_id] = f"{site.release.folder}{newer}"
        sites.append(site)
    for turn, kind in enumerate(kinds):
        for step in range(len(sites)):
            site = sites[(turn + step) % len(sites)]
            if outcome := judge_one(site, KINDS[kind]):
                outcomes.append(outcome)
                break
    for site in sites:
        shutil.rmtree(site.home.root, ignore_errors=True)
    return FileReport(name, releases, tuple(outcomes), without, time.perf_counter() - began)


def judged_before(keep: Path, base: Path, name: str, kinds: Sequence[str]) -> Path:
    """Where the report of one publication is kept.

    The file's name changes with what judges it, with the drifts that are asked for, and with the
    releases held.
    """
    held = Home(base).archive.held(load_contracts()[name].publisher, name)
    judged = repr((name, kinds, [release.path for release in held], code_digest()))
    return keep / f"{name}-{sha256_of(judged.encode())[:16]}.json"


def judge_and_keep(
    base: Path, work: Path, name: str, kinds: Sequence[str], keep: Path | None
) -> FileReport:
    """The report of one publication, kept for the next time."""
    kept = judged_before(keep, base, name, kinds) if keep else None
    if kept and kept.exists():
        document = json.loads(kept.read_bytes())
        outcomes = tuple(Outcome(**one) for one in document["outcomes"])
        return FileReport(**document | {"outcomes": outcomes})
    one = judge_publication(base, work, name, kinds)
    if kept:
        kept.parent.mkdir(parents=True, exist_ok=True)
        kept.write_text(json.dumps(asdict(one)), "utf-8")
    return one


def file_of(name: str, file_id: str) -> FileContract:
    """A publication's file by its id."""
    return next(f for f in load_contracts()[name].files if f.file_id == file_id)


# Through the command


def command(*arguments: str | Path) -> subprocess.CompletedProcess[str]:
    """`core-measures …` in a process of its own."""
    return subprocess.run(
        [sys.executable, "-m", "orchestration.cli", *map(str, arguments)],
        capture_output=True,
        text=True,
        cwd=ROOT,
        env=os.environ | {"PYTHONPATH": str(ROOT)},
        check=False,
    )


def through_the_command(base: Path, work: Path, outcome: Outcome) -> str:
    """What the command says otherwise than the harness of a drift; empty where they agree."""
    folder = work / f"command-{outcome.publication[:40]}-{outcome.kind}"
    contract = file_of(outcome.publication, outcome.file_id)
    publication = load_contracts()[outcome.publication]
    compiled = figures_alone(Compiled.of(Home(base)))
    try:
        site = DriftSite(folder / "narrow", Home(base), publication, contract, compiled)
        seed = seed_of(outcome.kind, outcome.publication, outcome.file_id)
        document, _ = KINDS[outcome.kind].apply(site.document, seed)
        archive = folder / "archive"
        shutil.copytree(site.home.archive.folder, archive)
        files = {document.name: document.written(), **document.beside}
        named = tuple(site.file.model_copy(update={"name": n, "title": ""}) for n in files)
        lay_release(archive, site.release.model_copy(update={"files": named}), files)
        ran = command("refresh", "--from", archive, "--home", folder / "home", "--no-site")
    finally:
        shutil.rmtree(folder, ignore_errors=True)
    admitted = outcome.verdict in (SAME, PARTLY)
    if (ran.returncode == 0) == admitted or outcome.verdict == SILENT:
        return ""
    last = (ran.stderr.strip().splitlines() or [""])[-1]
    return f"{outcome.verdict} here, and exit code {ran.returncode} there: {last[:200]}"


# Telling


def report(reports: Sequence[FileReport], agreed: Sequence[tuple[Outcome, str]]) -> str:
    """The figures as a page of Markdown."""
    tried = sorted((one for one in reports if one.outcomes), key=lambda one: one.publication)
    outcomes = [outcome for one in tried for outcome in one.outcomes]
    names = [one.publication for one in tried]
    plain = [o for o in outcomes if o.kind in KINDS and not KINDS[o.kind].is_decoy]
    decoys = [o for o in outcomes if o.kind in KINDS and KINDS[o.kind].is_decoy]
    kinds = [kind for kind in KINDS.values() if any(o.kind == kind.name for o in outcomes)]
    counts, of_decoys = Counter(o.verdict for o in plain), Counter(o.verdict for o in decoys)
    lines = [
        "# Drift",
        "",
        "What publishers do to their files from year to year, done to real releases, and what"
        " became of each. Made by `make drift`, which computes every figure and word of the tables;"
        " not to be edited.",
        "",
        "The releases before are held, and the newest arrives drifted. A drift changes no figure:"
        " what is admitted must have the figures of the release as it was published, and what is"
        " not understood must be refused. A decoy leads a careless reader to other figures: it may"
        " be admitted with the true ones, or refused.",
        "",
        "| outcome | means | drifts | decoys |",
        "| --- | --- | ---: | ---: |",
        *[f"| {SIGNS[v]} {v} | {MEANS[v]} | {counts[v]} | {of_decoys[v]} |" for v in SIGNS],
        f"| | **{len(kinds)} kinds on {len(names)} publications** | **{len(plain)}** |"
        f" **{len(decoys)}** |",
        "",
        f"{_share(counts[SAME], len(plain))} of the drifts were admitted with the same figures,"
        f" {_share(counts[SAME] + counts[PARTLY] + counts[PROPOSED], len(plain))} so, or in part,"
        " or refused with a proposal that is right.",
        "",
        "## By kind and publication",
        "",
        "| | publication | release drifted |",
        "| --- | --- | --- |",
        *[
            f"| {i} | {one.publication} | {', '.join(dict.fromkeys(one.releases.values()))} |"
            for i, one in enumerate(tried, 1)
        ],
    ]
    head = " | ".join(str(i) for i in range(1, len(names) + 1))
    group = ""
    for kind in kinds:
        if kind.group != group:
            group = kind.group
            lines += ["", f"### {group.capitalize()}", ""]
            lines += [f"| drift | {head} |", f"| --- | {' | '.join(['---'] * len(names))} |"]
        signs = {o.publication: SIGNS[o.verdict] for o in outcomes if o.kind == kind.name}
        what = kind.what[:1].lower() + kind.what[1:]
        cells = " | ".join(signs.get(name, "") for name in names)
        lines.append(f"| `{kind.name}` {what} | {cells} |")
    for verdict in (*FAULTS, REFUSED, PROPOSED, PARTLY):
        own = [o for o in outcomes if o.verdict == verdict]
        if own:
            lines += ["", f"## {verdict.capitalize()}: {MEANS[verdict]}", ""]
            lines += [
                f"- `{o.kind}`, {o.publication} ({o.file_id}): {_in_a_line(o.detail)}" for o in own
            ]
    without = [(one.publication, f, why) for one in reports for f, why in one.without.items()]
    if without:
        lines += ["", "## Not drifted", ""]
        lines += [f"- {name} ({file_id}): {_in_a_line(why)}" for name, file_id, why in without]
    if agreed:
        faults = [f"- `{o.kind}`, {o.publication}: {fault}" for o, fault in agreed if fault]
        lines += [
            "",
            "## The same through the command",
            "",
            f"{len(agreed)} drifts went through `core-measures refresh` as well:"
            f" {len(agreed) - len(faults)} ended in the same.",
            *([""] if faults else []),
            *faults,
        ]
    return "\n".join([*lines, ""])


def _share(part: int, whole: int) -> str:
    return f"{part / whole:.1%}" if whole else "None"


def _in_a_line(text: str) -> str:
    line = " ".join(text.split()).replace("|", "\\|")
    return line if len(line) <= 300 else f"{line[:299]}…"


def spread(outcomes: Sequence[Outcome], number: int) -> list[Outcome]:
    """So many drifts, of as many publications and outcomes as there are."""
    order = sorted(outcomes, key=lambda o: (o.publication, o.kind))
    chosen: list[Outcome] = []
    for position in range(number if order else 0):
        wanted = (SAME, REFUSED, PROPOSED, PARTLY)[position % 4]
        left = [
            o for o in order if o not in chosen and o.verdict in (SAME, REFUSED, PROPOSED, PARTLY)
        ]
        fresh = [o for o in left if o.publication not in {c.publication for c in chosen}] or left
        some = [o for o in fresh if o.verdict == wanted] or fresh
        if some:
            chosen.append(some[(position * 7) % len(some)])
    return chosen


def drift_all(
    base: Path,
    work: Path,
    names: Sequence[str],
    kinds: Sequence[str],
    workers: int,
    keep: Path | None = None,
) -> list[FileReport]:
    """Every publication's report, told as it comes."""
    reports: list[FileReport] = []
    with ProcessPoolExecutor(workers, mp_context=get_context("spawn")) as pool:
        jobs = [pool.submit(judge_and_keep, base, work, name, kinds, keep) for name in names]
        for job in as_completed(jobs):
            one = job.result()
            reports.append(one)
            counts = Counter(o.verdict for o in one.outcomes)
            verdicts = ", ".join(f"{n} {verdict}" for verdict, n in counts.most_common())
            why = "; ".join(f"{f}: {w}" for f, w in one.without.items())
            print(f"{one.publication}: {verdicts or why[:200]} ({one.seconds:.0f} s)", flush=True)
    return sorted(reports, key=lambda one: one.publication)


def several(base: Home) -> list[str]:
    """The publications of which two releases are held."""
    held = base.archive.held
    return [n for n, p in load_contracts().items() if len(held(p.publisher, n)) > 1]


def main(arguments: Sequence[str] | None = None) -> int:
    """Drift everything, and write the page."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--home", type=Path, help="a home of the files as published")
    parser.add_argument("--archive", type=Path, default=PUBLISHED)
    parser.add_argument("--only", nargs="*", default=[])
    parser.add_argument("--kinds", nargs="*", default=[])
    parser.add_argument("--through-the-command", type=int, default=8)
    parser.add_argument("--workers", type=int, default=WORKERS)
    parser.add_argument("--page", type=Path, default=REPORT)
    parser.add_argument("--keep", type=Path, help="a folder for what was judged, to go on from")
    given = parser.parse_args(arguments)
    with tempfile.TemporaryDirectory(prefix="drift-") as folder:
        work = Path(folder)
        base = given.home or work / "base"
        if given.home is None:
            ran = command("refresh", "--from", given.archive, "--home", base, "--no-site")
            if ran.returncode not in (0, 2):
                print(ran.stderr, file=sys.stderr)
                return 1
        names = given.only or several(Home(base))
        kinds = given.kinds or list(KINDS)
        reports = drift_all(base, work, names, kinds, given.workers, given.keep)
        outcomes = [outcome for one in reports for outcome in one.outcomes]
        agreed = [
            (outcome, through_the_command(base, work, outcome))
            for outcome in spread(outcomes, given.through_the_command)
        ]
    given.page.write_text(report(reports, agreed), "utf-8")
    faults = [outcome for outcome in outcomes if outcome.verdict in FAULTS]
    differing = [f"{outcome}: {fault}" for outcome, fault in agreed if fault]
    for line in [*map(str, faults), *differing]:
        print(line)
    counts = Counter(outcome.verdict for outcome in outcomes)
    print(", ".join(f"{n} {verdict}" for verdict, n in counts.most_common()))
    return 1 if faults or differing else 0
