"""The floor: read the files named on standard input, and do nothing else.

DuckDB reads each CSV file into a table in memory with every column text; python-calamine reads
each sheet of a workbook. No check, no meaning, nothing written.
"""

import sys
from pathlib import Path

import duckdb

WORKBOOKS = (".xlsx", ".xls", ".xlsb", ".ods")


def read_workbook(path: str) -> int:
    # Imported late: the floor of an archive without workbooks does not pay for it.
    import python_calamine

    workbook = python_calamine.load_workbook(path)
    return sum(len(workbook.get_sheet_by_name(name).to_python()) for name in workbook.sheet_names)


def read_text(con: duckdb.DuckDBPyConnection, number: int, path: str) -> int:
    con.execute(
        f"create table file_{number} as from read_csv(?, all_varchar = true, header = true)", [path]
    )
    counted = con.execute(f"select count(*) from file_{number}").fetchone()
    return int(counted[0]) if counted else 0


def main() -> None:
    con = duckdb.connect(":memory:")
    rows = 0
    paths = sys.stdin.read().splitlines()
    for number, path in enumerate(paths):
        if Path(path).suffix.lower() in WORKBOOKS:
            rows += read_workbook(path)
        else:
            rows += read_text(con, number, path)
    print(f"{len(paths)} files, {rows:,} rows")


if __name__ == "__main__":
    main()
