"""Building: a candidate of admitted loads, and dbt on it."""
