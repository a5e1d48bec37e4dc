"""Validation by Great Expectations. With `data_docs` all that imports it, and late.

Importing the library takes seconds, so nothing here happens before there is something to check,
and then once. Nothing of it reaches the terminal, the network or the disk.
"""

from __future__ import annotations

import logging
import math
import os
from collections.abc import Mapping, Sequence
from dataclasses import replace
from functools import lru_cache
from typing import TYPE_CHECKING, Any

from expectations.results.verdicts import Check, Flag
from expectations.suites.rules import Frame, Rule, Suite
from ingest.errors import CoreMeasuresError

if TYPE_CHECKING:
    from types import ModuleType

    from great_expectations.core.batch_definition import BatchDefinition
    from great_expectations.core.expectation_validation_result import ExpectationValidationResult
    from great_expectations.datasource.fluent.interfaces import Batch
    from great_expectations.expectations.expectation import Expectation

    from expectations.panel.load_table import LoadTable
    from expectations.suites.loads import LoadSuite

EXAMPLES = 5


@lru_cache(maxsize=1)
def library() -> tuple[ModuleType, BatchDefinition[None]]:
    """The library and a batch definition that takes any data frame."""
    # Read when the library is imported, so it must stand before that.
    os.environ["GX_ANALYTICS_ENABLED"] = "False"
    logger = logging.getLogger("great_expectations")
    # Its faults come back as results; printed as well they would tear the progress display.
    logger.addHandler(logging.NullHandler())
    logger.propagate = False

    import great_expectations as gx  # takes seconds

    context = gx.get_context(mode="ephemeral")
    context.variables.progress_bars = {"globally": False, "metric_calculations": False}
    asset = context.data_sources.add_pandas("loads").add_dataframe_asset("frame")
    return gx, asset.add_batch_definition_whole_dataframe("whole")


def validate_load(suite: LoadSuite, load: LoadTable) -> tuple[tuple[Check, ...], tuple[Flag, ...]]:
    """Each check's result, in the suite's order, and the flags: one batch, one validation.

    What the library's own expectations decide is worded by the check that names them. A check
    that could not be evaluated counts as failed.
    """
    from expectations.gx.checks_hold import ASKED, ExpectChecksToHold, evaluate

    gx, definition = library()
    decided = {s.id: (s, s.check.library(suite.contract)) for s in suite}
    by_library = {id_: (s, wanted) for id_, (s, wanted) in decided.items() if wanted}
    expectations = [
        getattr(gx.expectations, kind)(**arguments, meta={"id": id_})
        for id_, (_, (kind, arguments)) in by_library.items()
    ]
    # The library hashes every column that it is given: the key is all that it is asked about.
    batch = definition.get_batch({"dataframe": load.key})
    asked = gx.ExpectationSuite(
        name=suite.name, expectations=[*expectations, ExpectChecksToHold(meta={"id": "checks"})]
    )
    ours = [subject for subject in suite if subject.id not in by_library]
    token = ASKED.set((load, ours))
    try:
        outcome = batch.validate(asked, result_format={"result_format": "BASIC"})
    finally:
        ASKED.reset(token)
    results = {result.expectation_config.meta["id"]: result for result in outcome.results}
    details = (results["checks"].result or {}).get("details")
    if details is None:
        raise CoreMeasuresError(_exception_message(results["checks"].exception_info or {}))
    found = {
        (check["name"], check["column"]): Check.from_dict(check) for check in details["checks"]
    }
    flags = [Flag.from_dict(flag) for flag in details["flags"]]
    for id_, (subject, _) in by_library.items():
        worded = evaluate(subject, load)
        if worded is None:
            continue
        check = worded[0]
        flags += worded[1]
        if not results[id_].success and check.success:
            message = _exception_message(results[id_].exception_info or {}) or "not so"
            check = replace(check, severity="error", success=False, observed=message)
        found[check.name, check.column] = check
    order = [(subject.check.name, subject.about) for subject in suite]
    return (
        tuple(found[one] for one in order if one in found),
        tuple(flags),
    )


def run(suite: Suite, frames: Mapping[str, Frame]) -> list[Check]:
    """Each rule's result, in the suite's order. A rule whose frame is not given is left out.

    A rule that the library could not evaluate counts as failed.
    """
    found: dict[str, Check] = {}
    for name, frame in frames.items():
        rules = suite.of_frame(name)
        if rules:
            found |= _run_frame(f"{suite.name}.{name}", rules, frame)
    return [found[rule.id] for rule in suite if rule.id in found]


def _run_frame(name: str, rules: Sequence[Rule], frame: Frame) -> dict[str, Check]:
    _, definition = library()
    batch = definition.get_batch({"dataframe": frame.rows})
    results = _validate(batch, name, rules, {"result_format": "BOOLEAN_ONLY"})
    failed = [rule for rule in rules if not results[rule.id].success]
    if failed:
        # Finding the rows costs more than finding that there are some: only for what failed.
        results |= _validate(
            batch,
            name,
            failed,
            {
                "result_format": "SUMMARY",
                "unexpected_index_column_names": list(frame.labels),
                "partial_unexpected_count": EXAMPLES,
            },
        )
    return {rule.id: _check(rule, results[rule.id], frame) for rule in rules}


def _validate(
    batch: Batch, name: str, rules: Sequence[Rule], result_format: Mapping[str, object]
) -> dict[str, ExpectationValidationResult]:
    gx, _ = library()
    suite = gx.ExpectationSuite(name=name, expectations=[expectation(rule) for rule in rules])
    outcome = batch.validate(suite, result_format=dict(result_format))
    return {result.expectation_config.meta["id"]: result for result in outcome.results}


def expectation(rule: Rule) -> Expectation:
    """The library's own expectation of a rule."""
    gx, _ = library()
    return getattr(gx.expectations, rule.expectation)(
        **rule.arguments,
        description=rule.explanation,
        severity="critical" if rule.severity == "error" else "warning",
        meta={"id": rule.id},
    )


def _check(rule: Rule, result: ExpectationValidationResult, frame: Frame) -> Check:
    success = bool(result.success)
    return Check(
        name=rule.check,
        column=rule.about,
        severity=rule.severity,
        success=success,
        observed=_looked_at(rule, frame) if success else _found_wrong(rule, result, frame),
        explanation=rule.explanation,
    )


def _looked_at(rule: Rule, frame: Frame) -> str:
    """How many rows or cells a rule speaks of: null is what it does not, unless it asks for it."""
    columns = _columns(rule)
    if not columns or rule.expectation.endswith("Null"):
        return f"{len(frame.rows):,} {rule.noun}"
    return f"{int(frame.rows[columns[0]].count()):,} {rule.noun}"


def _found_wrong(rule: Rule, result: ExpectationValidationResult, frame: Frame) -> str:
    if message := _exception_message(result.exception_info or {}):
        return f"could not be checked: {message}"
    found = result.result or {}
    if "unexpected_count" in found:
        count = found["unexpected_count"]
        entries = found.get("partial_unexpected_index_list") or []
        examples = [_example(rule, entry) for entry in entries[:EXAMPLES]]
        more = f"; and {count - len(examples):,} more" if count > len(examples) else ""
        looked_at = _looked_at(rule, frame)
        all_of_them = looked_at == f"{count:,} {rule.noun}"
        return (
            f"{'all' if all_of_them else f'{count:,} of'} {looked_at}: {'; '.join(examples)}{more}"
        )
    if absent := found.get("partial_missing_list"):
        return f"missing: {', '.join(map(_shown, absent))}"
    return f"{_shown(found.get('observed_value'))} {rule.noun}"


def _exception_message(info: Mapping[str, Any]) -> str:
    entries = [info] if "raised_exception" in info else info.values()
    for entry in entries:
        if entry.get("raised_exception"):
            return str(entry.get("exception_message") or "unknown fault").split("\n", 1)[0][:200]
    return ""


def _columns(rule: Rule) -> list[str]:
    """The frame's columns that a rule looks at."""
    if "column_list" in rule.arguments:
        return list(rule.arguments["column_list"])
    names = ("column", "column_A", "column_B")
    return [rule.arguments[name] for name in names if name in rule.arguments]


def _example(rule: Rule, entry: Mapping[str, object]) -> str:
    value = ", ".join(_quoted(entry.get(name)) for name in _columns(rule))
    return rule.example.format_map(
        {name: _shown(v) for name, v in entry.items()} | {"value": value}
    )


def _shown(value: object) -> str:
    if value is None or (isinstance(value, float) and math.isnan(value)):
        return "nothing"
    if isinstance(value, float):
        return str(int(value)) if value.is_integer() else repr(float(value))
    return str(value)


def _quoted(value: object) -> str:
    return repr(value) if isinstance(value, str) else _shown(value)
