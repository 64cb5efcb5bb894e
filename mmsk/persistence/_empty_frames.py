"""Tables of pandas without rows, as plain values and back.

ModalityTransformer keeps what each transformer gives for no rows, which is such a table after
``set_output(transform="pandas")``.
"""

from __future__ import annotations

from typing import Any

import pandas as pd

MARK = "columns of an empty table"


def packed(block: Any) -> Any:
    """Return the columns and their types of a table without rows; other blocks as they are."""
    if not isinstance(block, pd.DataFrame):
        return block
    return {MARK: [str(name) for name in block.columns], "dtypes": [str(d) for d in block.dtypes]}


def unpacked(block: Any) -> Any:
    """Return the table that `packed` made plain; other blocks as they are."""
    if not isinstance(block, dict):
        return block
    columns = zip(block[MARK], block["dtypes"], strict=True)
    parts = [pd.Series(dtype=dtype, name=name) for name, dtype in columns]
    return pd.concat(parts, axis=1) if parts else pd.DataFrame()
