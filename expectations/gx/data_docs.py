"""Great Expectations Data Docs: a page a suite, a page a load that was checked, and an index.

Pages are the library's own, but for what they fetch: its scripts and style sheets stand on six
hosts of others, and its index is drawn by them. Here a page opens from a disk without a network,
and runs nothing: what a publisher wrote in a cell is shown, never obeyed.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from functools import lru_cache
from html import escape
from typing import TYPE_CHECKING
from urllib.parse import quote

from expectations.gx import engine
from expectations.results.verdicts import Check, LoadVerdict
from ingest.reading.loads import Load

if TYPE_CHECKING:
    from great_expectations.expectations.expectation_configuration import ExpectationConfiguration
    from great_expectations.render.view import DefaultJinjaPageView

    from expectations.gx.checks_hold import ExpectChecksToHold
    from expectations.suites.loads import LoadSuite

INDEX = "index.html"

# Nothing may be fetched or run, whatever a page holds.
_HEAD = """<meta http-equiv="Content-Security-Policy" \
content="default-src 'none'; style-src 'unsafe-inline'; img-src data:">
<style>
:root { color-scheme: light dark }
body { font: 16px/1.45 system-ui, sans-serif; margin: 0 auto; max-width: 70rem; padding: 1rem }
table { border-collapse: collapse; margin: .5rem 0; width: 100% }
th, td { border-bottom: 1px solid #8886; padding: .35rem .6rem; text-align: left;
  vertical-align: top; overflow-wrap: break-word }
th { white-space: nowrap }
h1, h2, h3, h4, h5 { line-height: 1.2; margin: 1.4rem 0 .4rem }
.collapse { display: block }
.fa-check-circle, .fa-times, .fa-exclamation-triangle { font-style: normal; font-weight: bold }
.fa-check-circle::before { content: "\\2713" }
.fa-times::before { content: "\\2717" }
.fa-exclamation-triangle::before { content: "!" }
.out { color: #b00020; font-weight: bold }
.noted { color: #8a5a00; font-weight: bold }
@media (prefers-color-scheme: dark) { .out { color: #ff8a95 } .noted { color: #ffc166 } }
</style>
"""
# What the library's pages would fetch, run, or cannot do without running it.
_TAKEN_OUT = re.compile(
    r"<script\b.*?</script>"
    r"|<style\b.*?</style>"
    r"|<link\b[^>]*>"
    r"|<img\b[^>]*>"
    r"|<footer\b.*?</footer>"
    r"|<a\b[^>]*data-toggle=\"collapse\".*?</a>"
    r"|<div class=\"col-lg-2 .*?(?=<div class=\"col-md-10)",
    re.DOTALL,
)
_WAY_HOME = re.compile(r'href="(?:\.\./)*index\.html"')
_WAY_TO_SUITE = re.compile(r'href="(?:\.\./)*expectations/[^"]*"')


def page_path(load: Load) -> str:
    """Where a load's page stands, below the Data Docs' folder."""
    # A workbook's tables have a page each; a CSV file has one, under its own name.
    table = "" if load.contract.reading.format == "csv" else f".{load.contract.file_id}"
    return f"validations/{load.release.path}/{load.file.name}{table}.html"


def suite_path(load: Load) -> str:
    """Where the page of a load's suite stands."""
    return f"suites/{load.contract.publication}.{load.contract.file_id}.html"


def load_page(load: Load, verdict: LoadVerdict) -> str:
    """What was said of one load that was checked, as the library's own page."""
    gx, _ = engine.library()
    from great_expectations.core import ExpectationSuiteValidationResult
    from great_expectations.core import ExpectationValidationResult as Result
    from great_expectations.render.renderer import ValidationResultsPageRenderer

    way_home = "../" * page_path(load).count("/") + INDEX
    results = [
        Result(
            success=check.success,
            expectation_config=_configuration(check.subject, check.explanation, check.severity),
            result={"observed_value": check.observed},
            exception_info={},
        )
        for check in verdict.checks
    ]
    passed = sum(check.success for check in verdict.checks)
    suite = f"{load.contract.publication}.{load.contract.file_id}"
    document = ValidationResultsPageRenderer(run_info_at_end=True).render(
        ExpectationSuiteValidationResult(
            success=passed == len(results),
            results=results,
            suite_name=suite,
            statistics={
                "evaluated_expectations": len(results),
                "successful_expectations": passed,
                "unsuccessful_expectations": len(results) - passed,
                "success_percent": 100 * passed / len(results) if results else None,
            },
            meta={
                "run_id": {"run_name": str(load)},
                "great_expectations_version": gx.__version__,
                "batch_kwargs": {"data_asset_name": str(load)},
            },
        )
    )
    page = _offline(_view().render(document), str(load), way_home)
    address = quote(f"{way_home.removesuffix(INDEX)}suites/{suite}.html")
    return _WAY_TO_SUITE.sub(f'href="{address}"', page).replace(" / __none__", "")


def suite_page(suite: LoadSuite) -> str:
    """What a load is checked for, as the library's own page of a suite."""
    gx, _ = engine.library()
    from great_expectations.render.renderer import ExpectationSuitePageRenderer

    asked = gx.ExpectationSuite(name=suite.name)
    asked.expectations = [_expectation(s.id, s.explanation, s.severity) for s in suite]
    document = ExpectationSuitePageRenderer().render(asked)
    return _offline(_view().render(document), suite.name, f"../{INDEX}")


@lru_cache(maxsize=4096)
def _configuration(id_: str, explanation: str, severity: str) -> ExpectationConfiguration:
    """A check as a result has it; the same from one release to the next."""
    asked = _expectation(id_, explanation, severity)
    configuration = asked.configuration
    # A page would make the expectation of it anew, twice.
    configuration.to_domain_obj = lambda: asked
    return configuration


@lru_cache(maxsize=4096)
def _expectation(id_: str, explanation: str, severity: str) -> ExpectChecksToHold:
    """A check as the library's pages show one."""
    from expectations.gx.checks_hold import ExpectChecksToHold

    return ExpectChecksToHold(
        description=explanation,
        severity="critical" if severity == "error" else "warning",
        meta={"id": id_},
    )


@lru_cache(maxsize=1)
def _view() -> DefaultJinjaPageView:
    from great_expectations.render.view import DefaultJinjaPageView

    view = DefaultJinjaPageView()
    # The templates are the wheel's, and do not change while a page is made.
    view.env.auto_reload = False
    return view


def _offline(page: str, title: str, way_home: str) -> str:
    """A page of the library's that fetches nothing and runs nothing."""
    page = _TAKEN_OUT.sub("", page)
    page = re.sub(r"<title>.*?</title>", "", page, flags=re.DOTALL)
    page = _WAY_HOME.sub(f'href="{way_home}"', page)
    page = page.replace("<head>", f"<head>\n<title>{escape(title)}</title>\n{_HEAD}", 1)
    return re.sub(r"\n\s*\n+", "\n", page)


@dataclass(frozen=True)
class Entry:
    """A load in the index: what became of it, and its pages' addresses, None where it has none."""

    publication: str
    release: str
    file: str
    outcome: str
    checked: str
    fresh: bool
    failed: tuple[Check, ...]
    page: str | None
    suite: str | None


def index_page(entries: Sequence[Entry]) -> str:
    """Every load of a build with what became of it, those that failed a check first."""
    fresh = sum(entry.fresh for entry in entries)
    rows = "\n".join(
        _row(entry) for entry in sorted(entries, key=lambda e: (not e.failed, not e.fresh))
    )
    return f"""<!DOCTYPE html>
<html lang="en">
<head>
<meta charset="utf-8">
<title>Data Docs: core-measures</title>
<meta name="viewport" content="width=device-width, initial-scale=1">
{_HEAD}</head>
<body>
<h1>Data Docs</h1>
<p>What Great Expectations said of each load that this build holds or keeps out: {len(entries)}
loads, {fresh} of them checked for this build. The others stand as they were checked before, since
neither they nor their contract have changed. A load that could not be read has no page: its reason
stands here.</p>
<table>
<thead><tr><th>Publication</th><th>Release</th><th>File</th><th>Outcome</th><th>Failed checks</th>
<th>Checked</th><th>Suite</th></tr></thead>
<tbody>
{rows}
</tbody>
</table>
</body>
</html>
"""


def _row(entry: Entry) -> str:
    kept_out = entry.outcome.startswith(("refused", "rejected"))
    style = "out" if kept_out else "noted" if entry.failed else ""
    failed = "<br>".join(
        f"{escape(check.severity)}: {escape(str(check))}" for check in entry.failed
    )
    checked = f"{entry.checked}, for this build" if entry.fresh else entry.checked
    cells = (
        escape(entry.publication),
        escape(entry.release),
        _link(entry.page, entry.file),
        f'<span class="{style}">{escape(entry.outcome)}</span>',
        failed,
        escape(checked),
        _link(entry.suite, "suite") if entry.suite else "",
    )
    return "<tr>" + "".join(f"<td>{cell}</td>" for cell in cells) + "</tr>"


def _link(address: str | None, text: str) -> str:
    return f'<a href="{quote(address)}">{escape(text)}</a>' if address else escape(text)
