"""DuckDB: the index and the snapshot, each table with its comments. Computes no margins."""
