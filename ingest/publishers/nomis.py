"""Nomis (ONS): one query of one data set, fetched page by page until nothing is missing."""

from __future__ import annotations

import csv
import hashlib
import io
import itertools
from collections.abc import Mapping
from pathlib import Path
from typing import BinaryIO

from ingest.contracts.live import Nomis
from ingest.errors import PublisherError
from ingest.http.answers import Answer, IncompleteError, new_file
from ingest.publishers import content
from ingest.publishers.platform import Edition, Listing, Offer, Platform, day_from, with_query

# `facts/fingertips-ons-dwp-mhclg.md` 8: guests get 25,000 rows a call, and over some 350,000
# they are slowed down or cut off.
_ROWS = 25_000
_MOST_ROWS = 350_000


class NomisPlatform(Platform):
    """A query (`facts/fingertips-ons-dwp-mhclg.md` 8).

    A truncated answer looks complete, so that rows are counted against `RECORD_COUNT`, which
    every row has: a query that selects columns must keep it.
    """

    def releases(self) -> Listing:
        """The one edition that the service has: its data as last updated."""
        block = self.publication.live
        assert isinstance(block, Nomis)  # noqa: S101  # nosec B101
        url = self.asked("dataset", f"{block.dataset}.overview.json")
        document = self.web.json(
            url, {"select": "DatasetInfo,firstreleased,lastupdated,nextupdate"}
        )
        overview = document.get("overview") if isinstance(document, dict) else None
        if not isinstance(overview, dict):
            raise PublisherError(f"{url}: its answer is not as documented: it has no overview")
        updated = _text(overview.get("lastupdated"))
        day = day_from(updated)
        if updated is None or day is None:
            raise PublisherError(f"{url}: it does not say when {block.dataset} was last updated")
        following = day_from(_text(overview.get("nextupdate")))
        return Listing(
            (
                Edition(
                    release=day.isoformat(),
                    token=updated,
                    published=day,
                    landing_page=self.publication.landing_page,
                    offers=(
                        Offer(
                            with_query(
                                self.asked("dataset", f"{block.dataset}.data.csv"), block.query
                            ),
                            block.file,
                            self.publication.title,
                        ),
                    ),
                ),
            ),
            following.isoformat() if following else None,
        )

    def fetch(
        self, offer: Offer, path: Path, conditions: Mapping[str, str] | None = None
    ) -> tuple[Answer, str]:
        """All pages as one CSV under one header, exactly `RECORD_COUNT` rows."""
        name = content.safe_name(offer.name or "nomis.csv")
        page = path.with_name(f".{path.name}.page")
        digest, size, rows, wanted = hashlib.sha256(), 0, 0, None
        header: list[str] = []
        answer: Answer | None = None
        try:
            with new_file(path) as whole:
                while wanted is None or rows < wanted:
                    asked = f"{offer.url}&recordoffset={rows}&recordlimit={_ROWS}"
                    answer = self.web.file(asked, page, check=self._check)
                    text, found, count, columns = _rows(page, skip_header=rows > 0)
                    if wanted is None:
                        wanted, header = count, columns
                    if columns != header or count != wanted:
                        raise PublisherError(f"{asked}: the data changed between two pages")
                    if wanted > _MOST_ROWS:
                        raise PublisherError(
                            f"{asked}: {wanted:,} rows are more than the {_MOST_ROWS:,} that"
                            " guests may ask for: narrow the query"
                        )
                    if found == 0:
                        raise PublisherError(
                            f"{asked}: it gives {rows:,} of {wanted:,} rows and no more"
                        )
                    rows += found
                    size += len(text)
                    if size > self.web.limits.size:
                        raise PublisherError(f"{offer.url}: it sends more than it may")
                    digest.update(text)
                    whole.write(text)
                if rows != wanted:
                    raise PublisherError(
                        f"{offer.url}: it gives {rows:,} rows, and says {wanted:,}"
                    )
        finally:
            page.unlink(missing_ok=True)
        assert answer is not None  # noqa: S101  # nosec B101
        return Answer(offer.url, 200, {}, size, digest.hexdigest()), name

    def _check(self, sink: BinaryIO) -> None:
        content.check("nomis.csv", sink, self.web.limits)
        columns, has_rows = content.header_of(sink)
        if "RECORD_COUNT" not in columns:
            raise PublisherError("it gives no RECORD_COUNT to count its rows by")
        if not has_rows:
            raise PublisherError("it has no data for this query: a header, and no row under it")
        sink.seek(0)
        width = len(columns)
        text = io.StringIO(sink.read().decode("utf-8-sig", "replace"), newline="")
        try:
            if any(len(row) != width for row in csv.reader(text)):
                raise IncompleteError("a row of it is cut short")
        except csv.Error as error:
            raise PublisherError(f"what it sends cannot be read as CSV: {error}") from error


def _rows(page: Path, *, skip_header: bool) -> tuple[bytes, int, int, list[str]]:
    """A page's bytes as they go into the whole, its rows, what it says of all, and its header."""
    data = page.read_bytes()
    parsed = list(csv.reader(io.StringIO(data.decode("utf-8-sig", "replace"), newline="")))
    columns, body = parsed[0], parsed[1:]
    at = columns.index("RECORD_COUNT")
    counts = {row[at] for row in body}
    if len(counts) != 1 or not (count := next(iter(counts))).isdigit():
        raise PublisherError("its rows do not agree on RECORD_COUNT")
    if skip_header:
        data = data.split(b"\n", 1)[1]
    if not data.endswith(b"\n"):
        data += b"\n"
    return data, len(body), int(count), columns


def _text(value: object) -> str | None:
    """A text that the service gives bare or as `{"value": …}`."""
    for step in itertools.chain(("value",), ("$",)):
        if isinstance(value, dict):
            value = value.get(step, value)
    return value if isinstance(value, str) and value else None
