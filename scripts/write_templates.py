"""Write the Excel and Power BI templates from their queries: `--check` tells what is stale.

The queries are the `.pq` files under `docs/consumers/templates`; what surrounds them is written
here: Excel's connection file (`.odc`, the form of [MS-ODCFF]) and Power BI's project (`.pbip`, by
the schemas that Microsoft publishes for each file of it). Neither program runs here.
"""

from __future__ import annotations

import argparse
import json
import re
import sys
from html import escape
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parents[1]
TEMPLATES = ROOT / "docs" / "consumers" / "templates"
MARTS = ROOT / "docs" / "consumers" / "marts.json"
NAME = "core-measures"
# Where figures are looked for until the reader says where they are, and what is shown first.
PARAMETERS = {
    "Folder": "C:\\core-measures\\published\\latest\\",
    "Measure": "repeat_referrals",
    "Council": "Leeds",
}
SCHEMAS = "https://developer.microsoft.com/json-schemas/fabric"
REPORT = f"{SCHEMAS}/item/report/definition"
# A model's types for DuckDB's.
TYPES = {
    "VARCHAR": "string",
    "DOUBLE": "double",
    "INTEGER": "int64",
    "BIGINT": "int64",
    "DATE": "dateTime",
    "BOOLEAN": "boolean",
}
# The table at the many end, the one at the other, and the column that both have.
RELATIONS = (
    ("figures", "series", "series_key"),
    ("figures", "councils", "council_code"),
    ("series", "measures", "measure_id"),
)
# Of several figures none is shown: shares are not to be added up.
DAX = {
    "Figure": "IF(COUNTROWS(figures) = 1, MAX(figures[value]))",
    "England": "IF(COUNTROWS(figures) = 1, MAX(figures[england]))",
    "Figures without a number": "COUNTROWS(FILTER(figures, ISBLANK(figures[value])))",
}


def parameter(name: str) -> str:
    """A parameter in M, with its first value."""
    quoted = PARAMETERS[name].replace('"', '""')
    return (
        f'"{quoted}" meta [IsParameterQuery = true, Type = "Text", IsParameterQueryRequired = true]'
    )


def odc(query: str) -> str:
    """Excel's connection file: the query and its parameters, loaded as a table."""
    items = [("Figures", query), *((name, parameter(name)) for name in PARAMETERS)]
    mashup = (
        '<Mashup xmlns:xsd="http://www.w3.org/2001/XMLSchema"'
        ' xmlns:xsi="http://www.w3.org/2001/XMLSchema-instance"'
        ' xmlns="http://schemas.microsoft.com/DataMashup"><Client>EXCEL</Client>'
        "<Version>2.59.5135.201</Version><MinVersion>2.21.0.0</MinVersion><Culture>en-GB</Culture>"
        "<SafeCombine>true</SafeCombine><Items>"
        + "".join(
            f'<Query Name="{name}"><Formula><![CDATA[{formula}]]></Formula>'
            '<IsParameterQuery xsi:nil="true" /><IsDirectQuery xsi:nil="true" /></Query>'
            for name, formula in items
        )
        + "</Items></Mashup>"
    )
    return f"""<html xmlns:o="urn:schemas-microsoft-com:office:office"
xmlns="http://www.w3.org/TR/REC-html40">

<head>
<meta http-equiv=Content-Type content="text/x-ms-odc; charset=utf-8">
<meta name=ProgId content=ODC.Database>
<meta name=SourceType content=OLEDB>
<title>Query - Figures</title>
<xml id=docprops><o:DocumentProperties
  xmlns:o="urn:schemas-microsoft-com:office:office"
  xmlns="http://www.w3.org/TR/REC-html40">
  <o:Description>A core measure of a council, beside England.</o:Description>
  <o:Name>Query - Figures</o:Name>
 </o:DocumentProperties>
</xml><xml id=msodc><odc:OfficeDataConnection
  xmlns:odc="urn:schemas-microsoft-com:office:odc"
  xmlns="http://www.w3.org/TR/REC-html40">
  <odc:PowerQueryConnection odc:Type="OLEDB">
   <odc:ConnectionString>Provider=Microsoft.Mashup.OleDb.1;Data Source=$Workbook$;Location=Figures;\
Extended Properties=&quot;&quot;</odc:ConnectionString>
   <odc:CommandType>SQL</odc:CommandType>
   <odc:CommandText>SELECT * FROM [Figures]</odc:CommandText>
  </odc:PowerQueryConnection>
  <odc:PowerQueryMashupData>{escape(mashup)}</odc:PowerQueryMashupData>
 </odc:OfficeDataConnection>
</xml>
</head>
</html>
"""


def columns_of(query: str) -> dict[str, str]:
    """A query's columns with their types in the model: those it takes of its first mart, and more.

    Raises
    ------
    KeyError
        A mart or a column that the query names is not there.
    """
    marts = json.loads(MARTS.read_bytes())
    (mart, listed), *_ = re.findall(r'& "(\w+)\.parquet"\)\),\s*\{([^}]*)\}', query)
    kept = marts[mart]["columns"]
    found = {name: TYPES[kept[name]] for name in re.findall(r'"(\w+)"', listed)}
    found |= dict.fromkeys(re.findall(r'AddColumn\(\s*\w+, "(\w+)"', query), "string")
    found |= dict.fromkeys(re.findall(r'\{"value"\}, \{"(\w+)"\}', query), "double")
    return found


def model(queries: dict[str, str]) -> dict[str, Any]:
    """The semantic model: tables with their queries, relations, measures that add nothing up."""
    tables: list[dict[str, Any]] = [
        {
            "name": table,
            "columns": [
                {"name": name, "dataType": kind, "sourceColumn": name, "summarizeBy": "none"}
                for name, kind in columns_of(query).items()
            ],
            "partitions": [
                {
                    "name": table,
                    "mode": "import",
                    "source": {"type": "m", "expression": query.splitlines()},
                }
            ],
        }
        for table, query in queries.items()
    ]
    tables[0]["measures"] = [{"name": name, "expression": dax} for name, dax in DAX.items()]
    return {
        "compatibilityLevel": 1567,
        "model": {
            "culture": "en-GB",
            "dataAccessOptions": {"legacyRedirects": True, "returnErrorValuesAsNull": True},
            "defaultPowerBIDataSourceVersion": "powerBI_V3",
            "sourceQueryCulture": "en-GB",
            "expressions": [{"name": "Folder", "kind": "m", "expression": parameter("Folder")}],
            "tables": tables,
            "relationships": [
                {
                    "name": f"{many}_{one}",
                    "fromTable": many,
                    "fromColumn": column,
                    "toTable": one,
                    "toColumn": column,
                }
                for many, one, column in RELATIONS
            ],
        },
    }


def visual(
    name: str, kind: str, place: tuple[int, int, int, int], wells: dict[str, list[str]]
) -> dict[str, Any]:
    """A visual of the page; its fields as `table.column`, or `table.[measure]`."""

    def projection(field: str) -> dict[str, Any]:
        table, _, column = field.partition(".")
        is_measure = column.startswith("[")
        described = {
            "Expression": {"SourceRef": {"Entity": table}},
            "Property": column.strip("[]"),
        }
        return {
            "field": {"Measure" if is_measure else "Column": described},
            "queryRef": f"{table}.{column.strip('[]')}",
        }

    x, y, width, height = place
    return {
        "$schema": f"{REPORT}/visualContainer/1.0.0/schema.json",
        "name": name,
        "position": {"x": x, "y": y, "z": 0, "width": width, "height": height, "tabOrder": 0},
        "visual": {
            "visualType": kind,
            "query": {
                "queryState": {
                    well: {"projections": [projection(field) for field in fields]}
                    for well, fields in wells.items()
                }
            },
        },
    }


def project() -> dict[str, Any]:
    """Power BI's project: every file of it by its path."""
    folder = TEMPLATES / "power-bi" / "queries"
    names = ("figures", "series", "councils", "measures")
    queries = {name: (folder / f"{name}.pq").read_text("utf-8") for name in names}
    page = f"{NAME}.Report/definition/pages/figures"
    visuals = [
        visual("council", "slicer", (20, 20, 300, 320), {"Values": ["councils.council_name"]}),
        visual(
            "series", "slicer", (20, 360, 300, 340), {"Values": ["measures.title", "series.title"]}
        ),
        visual(
            "lines",
            "lineChart",
            (340, 20, 920, 400),
            {"Category": ["figures.year"], "Y": ["figures.[Figure]", "figures.[England]"]},
        ),
        visual(
            "rows",
            "tableEx",
            (340, 440, 920, 260),
            {
                "Values": [
                    *("figures.period_label", "figures.[Figure]", "figures.[England]"),
                    *("figures.lower_95", "figures.upper_95", "figures.status"),
                    *("figures.publication", "figures.release"),
                ]
            },
        ),
    ]
    return {
        f"{NAME}.pbip": {
            "$schema": f"{SCHEMAS}/pbip/pbipProperties/1.0.0/schema.json",
            "version": "1.0",
            "artifacts": [{"report": {"path": f"{NAME}.Report"}}],
        },
        f"{NAME}.SemanticModel/definition.pbism": {
            "$schema": f"{SCHEMAS}/item/semanticModel/definitionProperties/1.0.0/schema.json",
            "version": "1.0",
            "settings": {},
        },
        f"{NAME}.SemanticModel/model.bim": model(queries),
        f"{NAME}.Report/definition.pbir": {
            "$schema": f"{SCHEMAS}/item/report/definitionProperties/1.0.0/schema.json",
            "version": "4.0",
            "datasetReference": {"byPath": {"path": f"../{NAME}.SemanticModel"}},
        },
        f"{NAME}.Report/definition/version.json": {
            "$schema": f"{REPORT}/versionMetadata/1.0.0/schema.json",
            "version": "1.0.0",
        },
        f"{NAME}.Report/definition/report.json": {
            "$schema": f"{REPORT}/report/1.0.0/schema.json",
            "themeCollection": {},
            "layoutOptimization": "None",
        },
        f"{NAME}.Report/definition/pages/pages.json": {
            "$schema": f"{REPORT}/pagesMetadata/1.0.0/schema.json",
            "pageOrder": ["figures"],
            "activePageName": "figures",
        },
        f"{page}/page.json": {
            "$schema": f"{REPORT}/page/1.0.0/schema.json",
            "name": "figures",
            "displayName": "A council's figures",
            "displayOption": "FitToPage",
            "width": 1280,
            "height": 720,
        },
        **{f"{page}/visuals/{one['name']}/visual.json": one for one in visuals},
    }


def contents() -> dict[Path, str]:
    """Each template's files, with what is to be in them."""
    query = (TEMPLATES / "excel" / "figures.pq").read_text("utf-8")
    made = {TEMPLATES / "excel" / f"{NAME}.odc": odc(query)}
    for path, document in project().items():
        made[TEMPLATES / "power-bi" / path] = json.dumps(document, indent=2) + "\n"
    return made


def main() -> None:
    """Write the templates, or tell which are stale."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--check", action="store_true")
    check = parser.parse_args().check
    stale = [
        (path, text)
        for path, text in contents().items()
        if not path.exists() or path.read_text("utf-8") != text
    ]
    for path, text in stale:
        print(f"{'stale' if check else 'written'}: {path.relative_to(ROOT)}")
        if not check:
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text(text, "utf-8")
    if check and stale:
        sys.exit("Run scripts/write_templates.py")


if __name__ == "__main__":
    main()
