"""How many rows each table of a warehouse has, and which columns of which type."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import duckdb

from warehouse.connection import SETTINGS, sql_name


@dataclass(frozen=True)
class TableShape:
    """Columns by name, type and description. A view's rows are not counted: None."""

    rows: int | None
    columns: tuple[tuple[str, str, str], ...]


def shapes_of(warehouse: Path) -> dict[tuple[str, str], TableShape]:
    """The shape of each table and view by schema and name; none where the file cannot be read."""
    try:
        with duckdb.connect(str(warehouse), read_only=True, config=SETTINGS) as con:
            columns: dict[tuple[str, str], list[tuple[str, str, str]]] = {}
            for schema, table, *column in con.execute(
                "select schema_name, table_name, column_name, data_type, coalesce(comment, '')"
                " from duckdb_columns() where not internal and database_name = current_database()"
                " order by schema_name, table_name, column_index"
            ).fetchall():
                columns.setdefault((schema, table), []).append(tuple(column))
            tables = con.execute(
                "select schema_name, table_name from duckdb_tables()"
                " where not internal and database_name = current_database()"
            ).fetchall()
            rows = {}
            for schema, table in tables:
                counted = con.execute(
                    f"select count(*) from {sql_name(schema)}.{sql_name(table)}"
                ).fetchone()
                rows[schema, table] = int(counted[0]) if counted else None
    except duckdb.Error:
        return {}
    return {name: TableShape(rows.get(name), tuple(found)) for name, found in columns.items()}
