"""Reads what tests/export_test.cpp wrote with pyarrow and DuckDB; fails where either sees anything else."""
import sys

import duckdb
import pyarrow.parquet as parquet

path = sys.argv[-1]
if "--groups" in sys.argv:
    file = parquet.ParquetFile(path)
    assert file.num_row_groups == int(sys.argv[2]), file.num_row_groups
    table = file.read(["number"])
    assert table["number"].to_pylist() == list(range(20))
    lengths = duckdb.sql(f"select distinct len(vector), vector[1], vector[-1] from '{path}'").fetchall()
    assert lengths == [(1 << 20, 0.25, 0.25)], lengths
    sys.exit()

expected = {
    "text": ["a", "", 'Ü, "x"', "\ufffd"],
    "whole": [0, -1, 2**63 - 1, -(2**63)],
    "real": [0.1, -2.0, 1e300, 0.0],
    "maybe_whole": [1, None, None, 4],
    "maybe_real": [None, None, None, None],
    "vector": [[1.0, 2.0, 3.0], [-1.0, 0.0, 0.5], [4.0, 5.0, 6.0], [7.0, 8.0, 9.0]],
}
table = parquet.read_table(path)
assert table.to_pydict() == expected, table.to_pydict()
assert str(table.schema.field("vector").type) == "list<element: float not null>", table.schema
rows = duckdb.sql(f"select * from '{path}'").fetchall()
assert rows == list(zip(*expected.values())), rows
