"""The store: market history as Parquet by instrument, resolution and month, asked through DuckDB.

Needs pyarrow and DuckDB (the extra ``research``).
"""
