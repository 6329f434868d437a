"""Tables: pandas', which is installed with the package; Arrow's where somebody left it out."""

from __future__ import annotations

import os
from collections.abc import Mapping
from typing import Any


def table(columns: Mapping[str, Any]) -> Any:
    """A DataFrame, or an Arrow table where there is no pandas; ImportError where there is neither."""
    try:
        import pandas as pd
    except ImportError:
        return arrow_table(columns)
    return pd.DataFrame(dict(columns))


def arrow_table(columns: Mapping[str, Any]) -> Any:
    """An Arrow table; matrices become FixedSizeList columns."""
    try:
        import pyarrow as pa
    except ImportError:
        raise ImportError("tables need pandas or pyarrow: pip install pandas, or pip install pyarrow") from None
    made = {}
    for name, values in columns.items():
        if getattr(values, "ndim", 1) == 2:
            flat = pa.array(values.reshape(-1))
            made[name] = pa.FixedSizeListArray.from_arrays(flat, values.shape[1])
        else:
            made[name] = pa.array(values)
    return pa.table(made)


def printable(path: str) -> str:
    """A path whose bytes may be of no encoding as text that can be written."""
    return os.fsencode(path).decode("utf-8", "replace")
