"""OHID's Fingertips: all data of one indicator, for the newest vintage of counties and unitaries.

The area type is looked up, never written down: the next reorganisation will mint another, and
old ones stop being updated at different times (`facts/fingertips-ons-dwp-mhclg.md` 2).
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from datetime import datetime
from pathlib import Path
from typing import BinaryIO

from pydantic import RootModel

from ingest.contracts.live import Fingertips
from ingest.errors import PublisherError
from ingest.http.answers import Answer
from ingest.publishers import content
from ingest.publishers.platform import ApiModel, Edition, Listing, Offer, Platform, with_query

_ENGLAND = 15
# Year types by id (`facts/fingertips-ons-dwp-mhclg.md` 3, from the service's constants), and what
# a contract may call their years. Labels of financial and academic years look the same.
_YEARS = {
    1: {"calendar_year", "pooled_3_years"},
    2: {"financial_year", "pooled_3_years"},
    3: {"academic_year", "pooled_3_years"},
}


class _Available(ApiModel):
    IndicatorId: int
    AreaTypeId: int


class _AvailableList(RootModel[tuple[_Available, ...]]):
    pass


class _AreaType(ApiModel):
    Id: int
    Name: str
    Short: str = ""


class _AreaTypes(RootModel[tuple[_AreaType, ...]]):
    pass


class _Label(ApiModel):
    Id: int | None = None
    Name: str | None = None
    Label: str | None = None


class _Change(ApiModel):
    LastUploadedAt: datetime | None = None


class _Metadata(ApiModel):
    IID: int | None = None
    DataChange: _Change | None = None
    YearType: _Label | None = None
    Unit: _Label | None = None
    ValueType: _Label | None = None


class FingertipsPlatform(Platform):
    """One indicator (`facts/fingertips-ons-dwp-mhclg.md` 1 to 3).

    Two requests tell what is new: its metadata, for the last upload, and the area types that it
    has data for. One indicator is asked for at a time: of a longer list the service drops what is
    over its maximum without a word.
    """

    def releases(self) -> Listing:
        """The one edition that the service has: its data as last uploaded."""
        block = self.publication.live
        assert isinstance(block, Fingertips)  # noqa: S101  # nosec B101
        metadata = self._metadata(block)
        area = self._area_type(block)
        uploaded = metadata.DataChange.LastUploadedAt if metadata.DataChange else None
        self._see_years(block, metadata)
        short = area.Short or area.Name
        details = {
            "area_type": f"{area.Id} {short}",
            "year_type": metadata.YearType.Name if metadata.YearType else None,
            "unit": metadata.Unit.Label if metadata.Unit else None,
            "value_type": metadata.ValueType.Name if metadata.ValueType else None,
        }
        query = {
            "indicator_ids": block.indicator,
            "child_area_type_id": area.Id,
            "parent_area_type_id": _ENGLAND,
        }
        return Listing(
            (
                Edition(
                    # Some indicators have no day of upload: then the file itself tells.
                    release=f"{uploaded:%Y-%m}" if uploaded else None,
                    token=f"{uploaded.isoformat()} {area.Id}" if uploaded else None,
                    published=uploaded.date() if uploaded else None,
                    landing_page=self.publication.landing_page,
                    offers=(
                        Offer(
                            with_query(self.asked("all_data/csv/by_indicator_id"), query),
                            f"indicators-{re.sub('[^A-Za-z0-9]', '', short)}.data.csv",
                            f"All areas, {short}, parent England",
                        ),
                    ),
                    extra={name: text for name, text in details.items() if text},
                ),
            )
        )

    def _see_years(self, block: Fingertips, metadata: _Metadata) -> None:
        """See that the indicator's years are those that the contract reads: no label tells."""
        year_type = metadata.YearType
        if year_type is None or year_type.Id not in _YEARS:
            return
        for file in self.publication.files:
            kinds = file.period_type
            named = {kinds} if isinstance(kinds, str) else {*kinds.values()} - {kinds["column"]}
            if not named <= _YEARS[year_type.Id]:
                raise PublisherError(
                    f"{self._metadata_url(block)}: its years are of the type"
                    f" {year_type.Name or year_type.Id}, and the contract reads"
                    f" {', '.join(sorted(named))}"
                )

    def _metadata_url(self, block: Fingertips) -> str:
        return with_query(
            self.asked("indicator_metadata/by_indicator_id"),
            {"indicator_ids": block.indicator},
        )

    def _metadata(self, block: Fingertips) -> _Metadata:
        url = self._metadata_url(block)
        document = self.web.json(url)
        # By the indicator's id, or null where there is none: its answers do not say 404.
        if isinstance(document, dict) and str(block.indicator) in document:
            document = document[str(block.indicator)]
        if not document:
            raise PublisherError(f"{url}: it knows no indicator {block.indicator}")
        found = self.understood(_Metadata, document, url)
        if found.IID not in {None, block.indicator}:
            raise PublisherError(f"{url}: it answers for indicator {found.IID}")
        return found

    def _area_type(self, block: Fingertips) -> _AreaType:
        url = with_query(self.asked("available_data"), {"indicator_id": block.indicator})
        available = self.understood(_AvailableList, self.web.json(url), url)
        here = {a.AreaTypeId for a in available.root if a.IndicatorId == block.indicator}
        if not here:
            raise PublisherError(f"{url}: it has no data for indicator {block.indicator}")
        names = self.web.memory.state.area_types
        if not here <= {int(number) for number in names}:
            url = self.asked("area_types")
            kinds = self.understood(_AreaTypes, self.web.json(url, remember=False), url)
            names = {str(kind.Id): [kind.Name, kind.Short] for kind in kinds.root}
            self.web.memory.state.area_types = names
        matching = [
            _AreaType(Id=int(number), Name=name, Short=short)
            for number, (name, short) in names.items()
            if int(number) in here and any(re.search(block.areas, label) for label in (name, short))
        ]
        if not matching:
            raise PublisherError(
                f"{url}: indicator {block.indicator} has no data for counties and unitary"
                f" authorities, of its area types {', '.join(map(str, sorted(here)))}"
            )
        # Vintages are numbered upwards: 102 before April 2019, 202, 302, 402, 502 from April 2023.
        return max(matching, key=lambda kind: kind.Id)

    def fetch(
        self, offer: Offer, path: Path, conditions: Mapping[str, str] | None = None
    ) -> tuple[Answer, str]:
        """The indicator's CSV, refused where it is the website's export or has no rows."""
        answer = self.web.file(offer.url, path, conditions=conditions, check=self._check)
        given = answer.file_name
        if given is not None and self.publication.file_for(given):
            return answer, content.safe_name(given)
        return answer, content.safe_name(offer.name or "indicators.data.csv")

    def _check(self, sink: BinaryIO) -> None:
        content.check("indicators.data.csv", sink, self.web.limits)
        columns, has_rows = content.header_of(sink)
        if "AreaName" in columns or "Compared to parent value or percentiles" in columns:
            raise PublisherError(
                "it sends the website's own export, which looks alike and has one period, HTML in"
                " its cells and no area codes to join on"
            )
        if "Area Code" not in columns or "Indicator ID" not in columns:
            raise PublisherError(
                "it sends a CSV that is not the API's: no Area Code or Indicator ID"
            )
        if not has_rows:
            raise PublisherError("it has no data for this area type: a header, and no row under it")
