"""OHID's Fingertips: metadata, available data, area types, and the CSV of one indicator."""

from __future__ import annotations

from standins.ees import as_json, missing
from standins.server import Reply, Request
from standins.shelf import Shelf

AREA_TYPES = {
    15: ("England", "England"),
    6: ("Regions (statistical)", "Regions (statistical)"),
    102: ("Counties & UAs (pre Apr 2019)", "County & UA (pre Apr 2019)"),
    502: ("Upper tier local authorities (post 4/23)", "Counties & UAs (from Apr 2023)"),
    501: ("Lower tier local authorities (post 4/23)", "Districts & UAs (from Apr 2023)"),
}
FINANCIAL = (2, "Financial")
YEAR_TYPES = {
    "10401": (1, "Calendar"),
    "20401": (1, "Calendar"),
    "20601": (3, "Academic"),
    "20602": (3, "Academic"),
    "90804": (1, "Calendar"),
    "92196": (1, "Calendar"),
}
HEADER = (
    "Indicator ID,Indicator Name,Parent Code,Parent Name,Area Code,Area Name,Area Type,Sex,Age,"
    "Category Type,Category,Time period,Value,Lower CI 95.0 limit,Upper CI 95.0 limit,"
    "Lower CI 99.8 limit,Upper CI 99.8 limit,Count,Denominator,Value note,Recent Trend,"
    "Compared to England value or percentiles,Compared to percentiles,Time period Sortable,"
    "New data,Compared to goal,Time period range"
)


class Fingertips:
    """The service; it has the newest release of each indicator and no other."""

    prefix = "api"

    def __init__(self, shelf: Shelf, types: tuple[int, ...] = (15, 6, 102, 502)) -> None:
        self.shelf = shelf
        self.types = types
        self.area_types = dict(AREA_TYPES)
        self.year_types: dict[str, tuple[int, str]] = {}
        # Indicators of which it has no day of upload.
        self.undated: set[str] = set()

    def answer(self, request: Request, base: str) -> Reply:
        query = request.query
        match request.path.split("/")[1:]:
            case ["indicator_metadata", "by_indicator_id"]:
                return self._metadata(query["indicator_ids"])
            case ["available_data"]:
                wanted = query["indicator_id"]
                known = self.types if wanted in self.shelf.publications else ()
                return self._bare(
                    [{"IndicatorId": int(wanted), "AreaTypeId": number} for number in known]
                )
            case ["area_types"]:
                return self._bare(
                    [
                        {"Id": number, "Name": name, "Short": short, "IsCurrent": True}
                        for number, (name, short) in self.area_types.items()
                    ]
                )
            case ["all_data", "csv", "by_indicator_id"]:
                return self._csv(query)
        return missing()

    @staticmethod
    def _bare(document: object) -> Reply:
        """Its answers carry no validators."""
        reply = as_json(document)
        del reply.headers["ETag"]
        return reply

    def _metadata(self, indicator: str) -> Reply:
        if indicator not in self.shelf.publications:
            return self._bare(None)
        newest = self.shelf.newest(indicator)
        year_type, year_name = self.year_types.get(indicator, YEAR_TYPES.get(indicator, FINANCIAL))
        day = None if indicator in self.undated else f"{newest.changed:%Y-%m-%dT%H:%M:%S.00}"
        return self._bare(
            {
                indicator: {
                    "IID": int(indicator),
                    "Descriptive": {"Name": newest.title},
                    "DataChange": {"LastUploadedAt": day},
                    "YearType": {"Id": year_type, "Name": year_name},
                    "Unit": {"Id": 1, "Label": "per 10,000", "Value": 10000},
                    "ValueType": {"Id": 3, "Name": "Crude rate"},
                }
            }
        )

    def _csv(self, query: dict[str, str]) -> Reply:
        indicator = query["indicator_ids"]
        area = int(query["child_area_type_id"])
        short = "".join(c for c in self.area_types[area][1] if c.isalnum())
        headers = {
            "Content-Type": "application/octet-stream",
            "Content-Disposition": f"attachment; filename=indicators-{short}.data.csv",
        }
        if area not in self.types or query.get("parent_area_type_id") != "15":
            return Reply(f"{HEADER}\r\n".encode(), 200, headers, "file")
        (body,) = (b for n, b in self.shelf.newest(indicator).files.items() if n.endswith(".csv"))
        return Reply(body, 200, headers, "file")
