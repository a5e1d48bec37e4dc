"""Every platform with a small publication on it, ready to be asked: for tests of all alike."""

from __future__ import annotations

import io
import json
import shutil
import zipfile
from collections.abc import Callable
from dataclasses import dataclass
from datetime import date
from pathlib import Path
from typing import Any

import yaml

from ingest.contracts.contract import Publication
from ingest.contracts.load import FOLDER, load_contracts
from ingest.publishers.settings import ADDRESSES
from standins.ees import Ees, EesStatistics
from standins.fingertips import HEADER, Fingertips
from standins.govuk import GovUk
from standins.ons import Nomis, OnsDatasets, OnsIndicators, StatXplore
from standins.server import Speaks
from standins.shelf import Shelf, Volume
from standins.web_archive import WebArchive

QUICK = {
    "CORE_MEASURES_CONNECT_SECONDS": "5",
    # A stand-in on a busy machine may be slow to answer.
    "CORE_MEASURES_READ_SECONDS": "30",
    "CORE_MEASURES_BACKOFF_SECONDS": "0.001",
    "CORE_MEASURES_TRIES": "3",
    "CORE_MEASURES_REQUESTS_PER_SECOND": "1000",
}
"""The same code, in a hurry."""


def csv_of(figure: int) -> bytes:
    rows = "".join(f"2024,E0900000{n},{figure + n}\r\n" for n in range(1, 9))
    return f"time_period,new_la_code,value\r\n{rows}".encode()


def indicator_of(figure: int) -> bytes:
    rows = "".join(
        f"90284,Injuries,E92000001,England,E0900000{n},Area {n},Counties,Persons,<15 yrs,,,2023/24,"
        f"{figure + n},,,,,,,,,,,20230000,,,1y\r\n"
        for n in range(1, 9)
    )
    return f"{HEADER}\r\n{rows}".encode()


def workbook_of(figure: int) -> bytes:
    """Like a workbook as far as a zip goes: what is in it is nobody's business here."""
    packed = io.BytesIO()
    with zipfile.ZipFile(packed, "w", zipfile.ZIP_DEFLATED) as whole:
        whole.writestr("mimetype", "application/vnd.oasis.opendocument.spreadsheet")
        whole.writestr("content.xml", f"<office:document-content>{figure}" + "<row/>" * 200)
    return packed.getvalue()


def table_of(figure: int) -> bytes:
    return json.dumps(
        {
            "fields": [{"label": "Year", "items": [{}, {}]}, {"label": "Area", "items": [{}, {}]}],
            "cubes": {"str:count:CILIF_REL": {"values": [[1, 2], [3, figure]]}},
            "measures": [],
        }
    ).encode()


@dataclass(frozen=True)
class Kind:
    """A platform: its block, its file, and its stand-in."""

    name: str
    publisher: str
    publication: str
    file: str
    body: Callable[[int], bytes]
    stand_in: Callable[[Shelf], Any]
    block: dict[str, Any]
    title: str = ""

    def shelf(self, releases: int = 1) -> Shelf:
        """Releases of one small file each."""
        return Shelf(
            {
                self.publication: [
                    Volume(
                        self.release(number),
                        date(2023 + number, 3, 31),
                        {self.file: self.body(10 * number)},
                        title=self.title or "A publication",
                        titles={self.file: f"Tables as at 31 March {2023 + number}"},
                    )
                    for number in range(releases)
                ]
            }
        )

    @staticmethod
    def release(number: int) -> str:
        return str(2023 + number)

    def contract(self, folder: Path, **live: Any) -> Publication:
        """Its contract, from a file as everybody's."""
        (folder / "layouts").mkdir(parents=True, exist_ok=True)
        for layout in (FOLDER / "layouts").glob("*.yml"):
            shutil.copy(layout, folder / "layouts")
        layout = "fingertips" if self.name == "fingertips" else "ees"
        document = {
            "publisher": self.publisher,
            "publication": self.publication,
            "title": "A publication",
            "landing_page": "https://example.org/a-publication",
            "frequency": "yearly",
            "layout": layout,
            "live": {
                "platform": self.name,
                "hosts": ["publisher.invalid"],
                "size_limit_mb": 1,
                "unpacked_limit_mb": 4,
                **self.block,
                **live,
            },
            "files": {
                "figures": {
                    "title": "Figures",
                    "table": "figures",
                    "names": [self.pattern],
                    "period_type": "financial_year",
                }
            },
        }
        (folder / f"{self.publication}.yml").write_text(yaml.safe_dump(document))
        load_contracts.cache_clear()
        return load_contracts(folder)[self.publication]

    @property
    def pattern(self) -> str:
        stem, _, suffix = self.file.partition(".")
        if self.name == "ees_statistics":
            return r"^[0-9a-f-]{36}_v[\d.]+\.csv$"
        return rf"^{stem}\.{suffix}$"

    def environment(self, base: str) -> dict[str, str]:
        """Where it is asked for."""
        stand_in = self.stand_in(self.shelf())
        variable = (
            "CORE_MEASURES_ARCHIVE_URL" if self.name == "archive" else ADDRESSES[self.name][0]
        )
        key = {"CORE_MEASURES_STAT_XPLORE_KEY": "a-key"} if self.name == "stat_xplore" else {}
        return {variable: f"{base}/{stand_in.prefix}".rstrip("/"), **key}


def _kinds() -> list[Kind]:
    slug = "a-publication"
    return [
        Kind("ees", "ees", slug, "figures.csv", csv_of, Ees, {"slug": slug}),
        Kind(
            "ees_statistics",
            "ees",
            slug,
            "figures.csv",
            csv_of,
            EesStatistics,
            {"publication": slug, "data_set": "^A publication$"},
        ),
        Kind(
            "govuk",
            "mhclg",
            slug,
            "tables.ods",
            workbook_of,
            GovUk,
            {
                "pages": [f"government/statistical-data-sets/{slug}"],
                "attachment": r"^Tables as at (?P<day>\d+) (?P<month>[A-Z][a-z]+) (?P<year>\d{4})",
                "file": r"\.ods$",
                "release": "{year}",
            },
        ),
        Kind(
            "fingertips",
            "fingertips",
            "90284",
            "indicators-CountiesUAsfromApr2023.data.csv",
            indicator_of,
            Fingertips,
            {"indicator": 90284},
        ),
        Kind(
            "ons_indicator",
            "ons",
            slug,
            "figures.csv",
            csv_of,
            OnsIndicators,
            {"indicator": slug, "file": "figures.csv"},
        ),
        Kind(
            "ons_dataset",
            "ons",
            slug,
            "tables.ods",
            workbook_of,
            OnsDatasets,
            {"page": f"peoplepopulationandcommunity/datasets/{slug}", "file": r"\.ods$"},
        ),
        Kind(
            "nomis",
            "ons",
            slug,
            "figures.csv",
            csv_of,
            Nomis,
            {
                "dataset": "NM_2002_1",
                "query": {"geography": "TYPE431", "measures": "20100"},
                "file": "figures.csv",
            },
        ),
        Kind(
            "stat_xplore",
            "dwp",
            slug,
            "table.json",
            table_of,
            StatXplore,
            {"query": {"database": "str:database:CILIF_REL"}, "file": "table.json"},
        ),
        Kind(
            "archive",
            "ons",
            slug,
            "figures.csv",
            csv_of,
            lambda shelf: WebArchive(shelf, "ons"),
            {"address": "https://publisher.invalid/archive"},
        ),
    ]


KINDS = {kind.name: kind for kind in _kinds()}
Speaker = Speaks
