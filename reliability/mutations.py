"""What damage gets through: real releases, damaged in every way we know, and what became of each.

    python -m reliability.mutations [--publications 4] [--through-the-command 12] [--only KIND …]

Each mutant is a real release with one file damaged. It must be *caught* (refused by a check of its
load, by dbt's tests or by the checks of the facts), be *harmless* (no figure of a council, a region
or England tells anything else), or have its figures *flagged* (served, each with what is odd about
it), or be *warned* of; what changes a figure and nothing says so is
*unseen*, unless `exceptions.yml` has it with its reason. What is printed and written is computed,
and the checks are whatever they are at the time: nothing here names one.

Ends with 1 if a mutant is unseen or breaks the refresh, if a release as published is refused, or if
the real command says otherwise than the harness of a mutant that went through both.
"""

from __future__ import annotations

import argparse
import hashlib
import json
import os
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
from multiprocessing import get_context
from pathlib import Path
from typing import Any

import duckdb
import yaml

from expectations.checks import CHECKS
from expectations.panel.measures import series_of
from ingest.archive.release import sha256_of
from ingest.contracts.contract import FileContract, Publication
from ingest.contracts.load import load_contracts
from ingest.contracts.specs import NUMERIC_ROLES
from reliability.anatomy import Anatomy
from reliability.damage import KINDS
from reliability.site import Compiled, Site, digest_of, facts_of, lay_release
from reliability.specimen import NotApplicableError, Specimen
from warehouse.serve.home import Home

ROOT = Path(__file__).resolve().parents[1]
PUBLISHED = ROOT.parent / "shared" / "published"
EXCEPTIONS = Path(__file__).with_name("exceptions.yml")
REPORT = ROOT / "docs" / "mutations.md"

CAUGHT, FLAGGED, HARMLESS, WARNED = "caught", "flagged", "harmless", "warned"
UNSEEN, EXCEPTED, BROKE = "unseen", "exception", "broke"
VERDICTS = (CAUGHT, FLAGGED, WARNED, HARMLESS, EXCEPTED, UNSEEN, BROKE)
SIGNS = {
    CAUGHT: "●",
    FLAGGED: "◐",
    WARNED: "○",
    HARMLESS: "·",
    EXCEPTED: "e",
    UNSEEN: "**U**",
    BROKE: "**B**",
}
FIRST_RELEASE, WITHOUT_COUNTS = "first release", "without counts"
BLANK_IS_A_MARK, NEW_YEARS = "blank is a mark", "new years"
TRAITS = {
    FIRST_RELEASE: "where no release of the file is held before",
    WITHOUT_COUNTS: "where not both counts of the figure are printed beside it",
    BLANK_IS_A_MARK: "where the publisher's only mark is an empty cell, and notes there are none",
    NEW_YEARS: "where the release before does not have the year before the newest either",
}
WORKERS = 2
# The group of kinds that only a workbook can have.
WORKBOOKS = "workbooks"
# Refused as published, and rightly: a layout's sample, of one council.
NOT_WHOLE = ("state-funded-schools-latest-inspections",)


@dataclass(frozen=True)
class Outcome:
    """What became of one mutant. `by` is what refused it, `warned_by` what warned of it."""

    kind: str
    publication: str
    file_id: str
    verdict: str
    by: tuple[str, ...] = ()
    warned_by: tuple[str, ...] = ()
    digest: str = ""
    detail: str = ""
    traits: tuple[str, ...] = ()

    @property
    def seed(self) -> str:
        """What its damage follows from."""
        return seed_of(self.kind, self.publication, self.file_id)

    def __str__(self) -> str:
        return f"{self.kind} in {self.publication} ({self.file_id}): {self.detail}"


@dataclass(frozen=True)
class SiteReport:
    """What a file as published was told, and what became of its mutants."""

    publication: str
    file_id: str
    release: str
    refused_by: tuple[str, ...]
    outcomes: tuple[Outcome, ...]
    seconds: float


@dataclass(frozen=True)
class Job:
    """One file of a publication, and the kinds of damage that are wanted of it, at the most."""

    publication: str
    file_id: str
    kinds: tuple[str, ...]


def seed_of(kind: str, publication: str, file_id: str) -> str:
    """The seed of a mutant: the same mutant every time, on every machine."""
    return f"{kind}/{publication}/{file_id}"


def exceptions(path: Path = EXCEPTIONS) -> list[dict[str, Any]]:
    """The damage that cannot be told from the truth, each with its reason.

    `only` names what must be so of the file for it to be one (`traits_of`).
    """
    listed: list[dict[str, Any]] = yaml.safe_load(path.read_text("utf-8")) or []
    for one in listed:
        unknown = {*one["kinds"]} - {*KINDS} or {*one.get("only", [])} - TRAITS.keys()
        if unknown or not one.get("reason"):
            raise ValueError(f"{path.name}: {unknown or one} is no kind of damage with a reason")
    return listed


def traits_of(site: Site, specimen: Specimen) -> frozenset[str]:
    """What is so of a file and a series, of what exceptions may depend on."""
    so = {
        FIRST_RELEASE: len(site.releases) == 1,
        WITHOUT_COUNTS: None in specimen.columns[1:],
        NEW_YEARS: len(specimen.years) > 1 and specimen.years[-2] not in site.years_before,
        BLANK_IS_A_MARK: "" in site.contract.marks and site.contract.notes is None,
    }
    return frozenset(trait for trait, is_so in so.items() if is_so)


def excepted(outcome: Outcome) -> bool:
    """Whether a mutant that nothing told of is on the list."""
    return any(
        outcome.kind in one["kinds"]
        and outcome.publication in one.get("publications", [outcome.publication])
        and {*outcome.traits}.issuperset(one.get("only", []))
        for one in exceptions()
    )


def with_exceptions(one: SiteReport) -> SiteReport:
    """The report with what is on the list told as that."""
    outcomes = tuple(
        replace(o, verdict=EXCEPTED) if o.verdict == UNSEEN and excepted(o) else o
        for o in one.outcomes
    )
    return replace(one, outcomes=outcomes)


# Which mutants


def can_be_damaged(contract: FileContract) -> bool:
    """Whether a file has figures, and its cells can be put together again."""
    can_be_laid = contract.reading.is_plain or _is_workbook(contract)
    return can_be_laid and bool(contract.columns_of(*NUMERIC_ROLES)) and bool(series_of(contract))


def _is_workbook(contract: FileContract) -> bool:
    return contract.reading.format == "workbook"


def refused_in(base: Path) -> set[str]:
    """The publications of a home of which a load is refused."""
    return {
        verdict.parents[1].name
        for verdict in (base / "archive").glob("*/*/*/verdict.json")
        if not json.loads(verdict.read_bytes())["admitted"]
    }


def held_files(base: Home) -> dict[str, list[FileContract]]:
    """The files of each publication that some release held has, and that can be damaged here.

    A list of codes has no figure to change.
    """
    found: dict[str, list[FileContract]] = {}
    for name, publication in load_contracts().items():
        held = base.archive.held(publication.publisher, name)
        names = [file.name for release in held for file in release.files]
        own = [f for f in publication.files if any(f.match(n) for n in names)]
        if name not in NOT_WHOLE and (damaged := [f for f in own if can_be_damaged(f)]):
            found[name] = damaged
    return found


def jobs_of(files: dict[str, list[FileContract]], kinds: Iterable[str], each: int) -> list[Job]:
    """Each kind on `each` publications, moving on with every kind so that all get their share.

    A publication has one of its files damaged a kind, its files in turn. Where a kind does not
    apply to a file there is no mutant.
    """
    wanted: dict[tuple[str, str], list[str]] = {}
    turns: Counter[str] = Counter()
    for position, kind in enumerate(kinds):
        fitting = {
            name: able
            for name, own in files.items()
            if (
                able := [
                    file for file in own if KINDS[kind].group != WORKBOOKS or _is_workbook(file)
                ]
            )
        }
        names = [*fitting]
        # Steps of four and a shift: neighbours in the list are of one publisher, and threes and
        # fours between them come round to every name, however many there are.
        chosen = [(position * 3 + step * 4) % len(names) for step in range(len(names))]
        for name in [names[at] for at in dict.fromkeys(chosen)][:each]:
            own = fitting[name]
            wanted.setdefault((name, own[turns[name] % len(own)].file_id), []).append(kind)
            turns[name] += 1
    return [Job(name, file_id, tuple(kinds)) for (name, file_id), kinds in wanted.items()]


# Judging


def neighbour_file(base: Home, publication: Publication, contract: FileContract) -> bytes | None:
    """Another publication's newest file, of the same publisher."""
    others = [
        p
        for p in load_contracts().values()
        if p.publisher == publication.publisher and p.publication > publication.publication
    ] or [
        p
        for p in load_contracts().values()
        if p.publisher == publication.publisher and p.publication < publication.publication
    ]
    for other in others:
        for release in reversed(base.archive.held(other.publisher, other.publication)):
            for file in release.files:
                if other.file_for(file.name):
                    return (base.archive.folder / release.path / file.name).read_bytes()
    return None


def anatomy_of(site: Site) -> Anatomy:
    """A site's file taken apart, with what a publisher's desk has within reach."""
    before = site.releases[-2] if len(site.releases) > 1 else None
    return site.anatomy(
        site.published(before, before.files[0]) if before else None,
        neighbour_file(site.source, site.publication, site.contract),
    )


def judge_one(site: Site, anatomy: Anatomy, kind: str) -> Outcome | None:
    """What becomes of one mutant; None where the kind does not apply to the file."""
    name, file_id = site.publication.publication, site.contract.file_id
    try:
        specimen = Specimen(anatomy, seed_of(kind, name, file_id))
        content = KINDS[kind].apply(specimen)
    except NotApplicableError:
        return None
    try:
        judged = site.judge(content)
    except Exception as error:
        return Outcome(kind, name, file_id, BROKE, detail=_told(error))
    # More findings than the sound file has: the same ones in other words say nothing new.
    sound_ones = site.sound.warnings
    warned_by = tuple(sorted(c for c, n in judged.warnings.items() if n > sound_ones.get(c, 0)))
    if judged.refused_by:
        return Outcome(kind, name, file_id, CAUGHT, judged.refused_by, warned_by)
    digest = digest_of(judged.facts)
    sound = site.sound.facts
    if digest == digest_of(sound):
        return Outcome(kind, name, file_id, HARMLESS, (), warned_by, digest)
    changed = [
        key
        for key in sound.keys() | judged.facts.keys()
        if [f.content for f in sound.get(key, [])] != [f.content for f in judged.facts.get(key, [])]
    ]
    key = min(changed, key=repr)
    detail = (
        f"{len(changed):,} of {len(sound):,} figures changed, as {key[0]}.{key[1]} of {key[3]}"
        f" in the period to {key[6]}: {_value(sound.get(key))} became"
        f" {_value(judged.facts.get(key))}"
    )
    traits = tuple(sorted(traits_of(site, specimen)))
    flagged = {check.name for check in CHECKS if check.outcome == "flag"}.intersection(warned_by)
    verdict = FLAGGED if flagged else WARNED if warned_by else UNSEEN
    return Outcome(kind, name, file_id, verdict, (), warned_by, digest, detail, traits)


def _told(error: Exception) -> str:
    """An error in a line: its kind, the file it came from, and what it says."""
    at = traceback.extract_tb(error.__traceback__)[-1]
    return f"{type(error).__name__} in {Path(at.filename).name}: {error}"[:200]


def _value(facts: Any) -> str:
    if not facts:
        return "none"
    value, status = facts[0].content[:2]
    return status if value is None else f"{value:g}"


def judge_all(base: Path, work: Path, job: Job) -> SiteReport:
    """Every mutant of one file, in a process that does nothing else meanwhile."""
    began = time.perf_counter()
    home = Home(base)
    publication = load_contracts()[job.publication]
    contract = next(f for f in publication.files if f.file_id == job.file_id)
    folder = work / f"{job.publication[:40]}-{job.file_id}"
    release = ""
    try:
        site = Site(folder, home, publication, contract, Compiled.of(home))
        release = site.release.folder
        outcomes: list[Outcome] = []
        if not site.sound.refused_by:
            anatomy = anatomy_of(site)
            judged = (judge_one(site, anatomy, kind) for kind in job.kinds)
            outcomes = [outcome for outcome in judged if outcome is not None]
        return SiteReport(
            job.publication,
            job.file_id,
            release,
            site.sound.refused_by,
            tuple(outcomes),
            time.perf_counter() - began,
        )
    except Exception as error:
        # The other files are judged all the same; this one counts as refused.
        seconds = time.perf_counter() - began
        return SiteReport(job.publication, job.file_id, release, (_told(error),), (), seconds)
    finally:
        shutil.rmtree(folder, ignore_errors=True)


# Through the real command


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
    """What the command says otherwise than the harness of one mutant; empty where they agree.

    The home holds the publication's releases before, whole; the archive has the mutant's too.
    """
    home = Home(base)
    publication = load_contracts()[outcome.publication]
    contract = next(f for f in publication.files if f.file_id == outcome.file_id)
    folder = work / f"command-{outcome.publication[:40]}-{outcome.kind}"
    try:
        compiled = Compiled.of(home)
        narrow = Site(folder / "narrow", home, publication, contract, compiled)
        content = KINDS[outcome.kind].apply(Specimen(anatomy_of(narrow), outcome.seed))
        site = Site(folder / "home", home, publication, contract, compiled, narrow=False)
        for release in site.releases:
            files = {file.name: site.published(release, file) for file in release.files}
            if release == site.release:
                files[site.file.name] = content
            lay_release(folder / "archive", release, files)
        ran = command("refresh", "--from", folder / "archive", "--home", folder / "home")
        return _differs(site, outcome, ran)
    finally:
        shutil.rmtree(folder, ignore_errors=True)


def _differs(site: Site, outcome: Outcome, ran: subprocess.CompletedProcess[str]) -> str:
    document = site.home.archive.verdict(site.release)
    checks = [
        check
        for load in (document or {}).get("loads", [])
        if load["file"] == site.file.name
        for check in load["checks"]
        if not check["success"] and check["severity"] == "error"
    ]
    refused = tuple(dict.fromkeys(check["name"] for check in checks))
    built = [name.partition(": ")[2] for name in outcome.by if ": " in name]
    if outcome.verdict == BROKE:
        return "" if ran.returncode not in (0, 2) else "it did not break"
    if built:
        agrees = ran.returncode == 1 and all(name in ran.stderr for name in built)
    elif outcome.verdict == CAUGHT:
        agrees = ran.returncode == 2 and refused == outcome.by
    else:
        with duckdb.connect(str(site.home.warehouse), read_only=True) as con:
            facts = facts_of(con, site.release, site.file.name)
        agrees = ran.returncode == 0 and not refused and digest_of(facts) == outcome.digest
    if agrees:
        return ""
    last = (ran.stderr.strip().splitlines() or [""])[-1]
    return f"exit code {ran.returncode}, refused by {', '.join(refused) or 'nothing'}: {last[:200]}"


def spread(outcomes: Sequence[Outcome], number: int) -> list[Outcome]:
    """So many mutants, of as many publications and verdicts as there are."""
    chosen: list[Outcome] = []
    names = sorted({outcome.publication for outcome in outcomes})
    order = (CAUGHT, UNSEEN, HARMLESS, FLAGGED, WARNED, EXCEPTED)
    for position in range(number if names else 0):
        name, first = names[position % len(names)], position % len(order)
        own = [o for o in outcomes if o.publication == name and o not in chosen]
        built = [o for o in own if any(": " in by for by in o.by)]
        wanted = [o for o in own if o.verdict == order[first]]
        some = (built if position % 3 == 2 else []) or wanted or own
        if some:
            chosen.append(some[(position * 7) % len(some)])
    return chosen


# Telling


def report(
    reports: Sequence[SiteReport], agreed: Sequence[tuple[Outcome, str]], releases: int
) -> str:
    """The figures as a page of Markdown."""
    outcomes = [outcome for one in reports for outcome in one.outcomes]
    counts = Counter(outcome.verdict for outcome in outcomes)
    names = sorted({one.publication for one in reports})
    kinds = [kind for kind in KINDS.values() if any(o.kind == kind.name for o in outcomes)]
    lines = [
        "# Mutations",
        "",
        "Real releases, damaged on purpose, and what became of each. Made by `make mutations`,"
        " which computes every figure and word of the tables; not to be edited.",
        "",
        "Each mutant is a release as published with one file damaged. It arrives in a home that"
        " serves the releases before it, and goes the way of every release: the checks of loads,"
        " the models, their tests, the checks of facts.",
        "",
        "| verdict | means | mutants |",
        "| --- | --- | --- |",
    ]
    means = {
        CAUGHT: "refused: the load is refused, or the build is not served",
        FLAGGED: "served, and the figures are flagged that the sound file has not flagged",
        WARNED: "a figure changed, and a warning that the sound file has not said so",
        HARMLESS: "no figure of a council, a region or England tells anything else",
        EXCEPTED: "a figure changed in a way that cannot be told from the truth: listed below",
        UNSEEN: "a figure changed and nothing said so",
        BROKE: "the refresh ended in a fault of its own",
    }
    lines += [f"| {SIGNS[v]} {v} | {means[v]} | {counts[v]} |" for v in VERDICTS]
    lines += [
        f"| | **{len(kinds)} kinds on {len(names)} publications** | **{len(outcomes)}** |",
        "",
        f"{releases} releases as published went through the command and, each damaged file as it"
        f" was published, through the harness: {_refused(reports)}. Left out, and refused by the"
        f" command as it should be: {', '.join(NOT_WHOLE)}, a sample of a layout with one council.",
        "",
        "Workbooks are damaged cell by cell, and written again as a workbook of Excel's. Lists that"
        " print no figure are not damaged here, but in the tests of their own checks:"
        f" {', '.join(_undamaged(names))}.",
        "",
        "## By kind and publication",
        "",
        "| | publication |",
        "| --- | --- |",
        *[f"| {i} | {name} |" for i, name in enumerate(names, 1)],
        "",
    ]
    head = " | ".join(str(i) for i in range(1, len(names) + 1))
    group = ""
    for kind in kinds:
        if kind.group != group:
            group = kind.group
            lines += ["", f"### {group.capitalize()}", ""]
            lines += [f"| damage | {head} | by |", f"| --- | {'--- | ' * len(names)}--- |"]
        own = [o for o in outcomes if o.kind == kind.name]
        cells = []
        for name in names:
            signs = [SIGNS[o.verdict] for o in own if o.publication == name]
            cells.append("".join(signs))
        by = Counter(name for o in own for name in o.by)
        by += Counter(f"{name} (warn)" for o in own if not o.by for name in o.warned_by)
        checks = ", ".join(f"{name} {n}" for name, n in by.most_common())
        lines.append(f"| `{kind.name}` {_lower(kind.what)} | {' | '.join(cells)} | {checks} |")
    lines += ["", "## Caught by", "", "| check | mutants | alone |", "| --- | --- | --- |"]
    by = Counter(name for o in outcomes for name in o.by)
    alone = Counter(o.by[0] for o in outcomes if len(o.by) == 1)
    lines += [f"| {name} | {n} | {alone[name]} |" for name, n in sorted(by.items())]
    lines += _listed("Excepted", [o for o in outcomes if o.verdict == EXCEPTED])
    lines += _listed("Unseen", [o for o in outcomes if o.verdict == UNSEEN])
    lines += _listed("Broke", [o for o in outcomes if o.verdict == BROKE])
    lines += ["", "## Exceptions", ""]
    for one in exceptions():
        where = [*one.get("publications", []), *(TRAITS[trait] for trait in one.get("only", []))]
        where = where or ["everywhere"]
        hit = sum(o.verdict == EXCEPTED and o.kind in one["kinds"] for o in outcomes)
        whats = "; ".join(f"`{k}` {_lower(KINDS[k].what)}" for k in one["kinds"])
        lines.append(f"- {whats} ({'; '.join(where)}: {hit} mutants): {one['reason'].strip()}")
    lines += ["", "## The same through the command", ""]
    faults = [f"- {outcome.seed}: {fault}" for outcome, fault in agreed if fault]
    lines.append(
        f"{len(agreed)} mutants went through `core-measures refresh` as well, with the"
        f" publication's releases whole: {len(agreed) - len(faults)} ended in the same."
    )
    lines += ["", "| damage | publication | verdict |", "| --- | --- | --- |"]
    lines += [f"| `{o.kind}` | {o.publication} | {o.verdict} |" for o, _ in agreed]
    return "\n".join([*lines, *faults, ""])


def _lower(sentence: str) -> str:
    """A sentence behind a name: a proper name keeps its capital."""
    proper = sentence[:2].isupper() or sentence.startswith(("England", "Windows"))
    return sentence if proper else sentence[:1].lower() + sentence[1:]


def _undamaged(names: Sequence[str]) -> list[str]:
    """The publications that no mutant was of, of which a release is held."""
    held = {folder.name for folder in PUBLISHED.glob("*/*") if any(folder.iterdir())}
    return sorted(held - {*names, *NOT_WHOLE})


def _refused(reports: Sequence[SiteReport]) -> str:
    refused = [f"{one.publication} {one.release}" for one in reports if one.refused_by]
    return f"refused were {', '.join(refused)}" if refused else "none was refused"


def _listed(title: str, outcomes: Sequence[Outcome]) -> list[str]:
    if not outcomes:
        return []
    rows = [f"| `{o.kind}` | {o.publication} ({o.file_id}) | {o.detail} |" for o in outcomes]
    return ["", f"## {title}", "", "| damage | file | |", "| --- | --- | --- |", *rows]


# Running


def code_digest() -> str:
    """Tells one state of what judges from another; the list of exceptions judges nothing."""
    digest = hashlib.sha256()
    for folder in ("dbt_project", "expectations", "ingest", "orchestration", "reliability"):
        for path in sorted((ROOT / folder).rglob("*")):
            if path.suffix in (".csv", ".py", ".sql", ".yml") and path != EXCEPTIONS:
                digest.update(str(path.relative_to(ROOT)).encode() + path.read_bytes())
    return digest.hexdigest()


def judged_before(keep: Path, job: Job, code: str) -> Path:
    """Where the report of one job is kept, for a run that was broken off."""
    digest = sha256_of(repr((job, code)).encode())[:16]
    return keep / f"{job.publication}-{job.file_id}-{digest}.json"


def read_report(path: Path) -> SiteReport:
    """A report as it was kept."""
    kept = json.loads(path.read_bytes())
    tuples = {"by", "warned_by", "traits"}
    outcomes = tuple(
        Outcome(**{k: tuple(v) if k in tuples else v for k, v in one.items()})
        for one in kept.pop("outcomes")
    )
    return SiteReport(**kept | {"refused_by": tuple(kept["refused_by"]), "outcomes": outcomes})


def judge_and_keep(base: Path, work: Path, job: Job, kept: Path | None) -> SiteReport:
    """The report of one job, kept for the next time."""
    if kept and kept.exists():
        return read_report(kept)
    one = judge_all(base, work, job)
    if kept and not one.refused_by:
        kept.parent.mkdir(parents=True, exist_ok=True)
        kept.write_text(json.dumps(asdict(one)), "utf-8")
    return one


def run(
    base: Path, work: Path, each: int, kinds: Sequence[str], commands: int, keep: Path | None
) -> Any:
    """Judge every mutant of a base home; its site reports and what the command said."""
    code = code_digest()
    jobs = jobs_of(held_files(Home(base)), kinds, each)
    # The longest first, so that no process waits for the other at the end.
    jobs.sort(key=lambda job: -len(job.kinds))
    with ProcessPoolExecutor(WORKERS, mp_context=get_context("spawn")) as pool:
        reports = []
        paths = [judged_before(keep, job, code) if keep else None for job in jobs]
        begun = [
            pool.submit(judge_and_keep, base, work, job, path)
            for job, path in zip(jobs, paths, strict=True)
        ]
        for future in as_completed(begun):
            one = with_exceptions(future.result())
            reports.append(one)
            counts = Counter(outcome.verdict for outcome in one.outcomes)
            verdicts = ", ".join(f"{counts[v]} {v}" for v in VERDICTS if counts[v])
            verdicts = verdicts or f"refused by {', '.join(one.refused_by)}"
            print(
                f"{one.publication} {one.release}, {one.file_id}: {verdicts} ({one.seconds:.0f} s)"
            )
            for outcome in one.outcomes:
                if outcome.verdict in (UNSEEN, BROKE):
                    print(f"  {outcome.verdict}: {outcome}", flush=True)
        # As they were asked for, whichever was done first: the report is the same every time.
        order = {(job.publication, job.file_id): i for i, job in enumerate(jobs)}
        reports.sort(key=lambda one: order[one.publication, one.file_id])
        chosen = spread([o for one in reports for o in one.outcomes], commands)
        futures = [pool.submit(through_the_command, base, work, outcome) for outcome in chosen]
        agreed = [(o, future.result()) for o, future in zip(chosen, futures, strict=True)]
    return reports, agreed


def main() -> int:
    """Run, tell, write; the exit code."""
    parser = argparse.ArgumentParser(description="What damage gets through.")
    parser.add_argument("--publications", type=int, default=4, help="publications a kind")
    parser.add_argument("--through-the-command", type=int, default=12, dest="commands")
    parser.add_argument("--only", nargs="*", help="kinds of damage; nothing is written then")
    parser.add_argument("--source", type=Path, default=PUBLISHED, help="the archive as published")
    parser.add_argument("--keep", type=Path, help="a folder for what was judged, to go on from")
    parser.add_argument("--base", type=Path, help="a home refreshed from it already")
    options = parser.parse_args()
    began = time.perf_counter()
    with tempfile.TemporaryDirectory() as folder:
        work = Path(folder)
        base = options.base
        if base is None:
            base = work / "base"
            ran = command("refresh", "--from", options.source, "--home", base)
            if ran.returncode not in (0, 2) or refused_in(base) != {*NOT_WHOLE}:
                print(f"Other releases than should be are refused:\n{ran.stderr}")
                return 1
        releases = len(list((base / "archive").glob("*/*/*/release.json")))
        kinds = options.only or list(KINDS)
        reports, agreed = run(
            base, work, options.publications, kinds, options.commands, options.keep
        )
    text = report(reports, agreed, releases)
    print(text)
    print(f"{time.perf_counter() - began:.0f} s")
    if not options.only:
        REPORT.write_text(text, "utf-8")
    outcomes = [outcome for one in reports for outcome in one.outcomes]
    wrong = [o for o in outcomes if o.verdict in (UNSEEN, BROKE)]
    refused = [one for one in reports if one.refused_by]
    return int(bool(wrong or refused or any(fault for _, fault in agreed)))


if __name__ == "__main__":
    sys.exit(main())
