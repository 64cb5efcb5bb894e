"""One page of text about what an audit found."""

from __future__ import annotations

import re
from collections.abc import Sequence

import pandas as pd

from mmsk.inspection._audit_columns import BAD, SUSPICIOUS, Looks

MOST_COLUMNS = 15
MOST_REASONS = 20
MOST_ROWS = 6
LONGEST_REASON = 60
_DETAIL = re.compile(r"'[^']*'|\"[^\"]*\"|\d[\d,.]*%?")


def summarised(found: pd.DataFrame, columns: Sequence[Looks], n_rows: int) -> str:
    """Return the page: how many, where, why, and in which rows."""
    bad = found[found["kind"] == BAD]
    head = (
        f"{_counted(n_rows, 'row')}, {_counted(len(columns), 'column')} looked at: "
        f"{_counted(bad['column'].notna().sum(), 'bad cell')}, "
        f"{_counted(bad['row'].nunique(), 'row')} with one, "
        f"{_counted((found['kind'] == SUSPICIOUS).sum(), 'suspicious finding')}"
    )
    parts = [head, _by_column(found, columns)]
    parts += [text for kind in (BAD, SUSPICIOUS) if (text := _by_reason(found, kind))]
    return "\n\n".join(parts)


def _by_column(found: pd.DataFrame, columns: Sequence[Looks]) -> str:
    counts = found.groupby(["column", "kind"], sort=False).size()
    lines = [
        {
            "column": str(looks.name),
            "modality": looks.modality,
            "present": looks.column.n_present,
            "missing": len(looks.column) - looks.column.n_present,
            BAD: counts.get((looks.name, BAD), 0),
            SUSPICIOUS: counts.get((looks.name, SUSPICIOUS), 0),
        }
        for looks in columns
    ]
    if not lines:
        return "no column to look at"
    table = pd.DataFrame(lines)
    table = table.sort_values([BAD, SUSPICIOUS], ascending=False, kind="stable")
    text = table.head(MOST_COLUMNS).to_string(index=False)
    more = len(table) - MOST_COLUMNS
    return f"{text}\nand {more} columns more" if more > 0 else text


def _by_reason(found: pd.DataFrame, kind: str) -> str:
    """Group the findings of one kind whose reasons differ only in numbers and names."""
    chosen = found[found["kind"] == kind]
    columns = chosen["column"].map(lambda name: "(row)" if name is None else str(name))
    alike = chosen["reason"].map(lambda reason: _DETAIL.sub("#", reason))
    groups = sorted(chosen.groupby([columns, alike], sort=False), key=lambda group: -len(group[1]))
    lines = [_line(name, group) for (name, _), group in groups[:MOST_REASONS]]
    if len(groups) > MOST_REASONS:
        lines.append(f"  and {len(groups) - MOST_REASONS} reasons more")
    return "\n".join([f"{kind}:", *lines]) if lines else ""


def _line(column: str, group: pd.DataFrame) -> str:
    reason = " ".join(group["reason"].iloc[0].split())
    if len(reason) > LONGEST_REASON:
        reason = f"{reason[:LONGEST_REASON]}..."
    rows = group["row"].dropna().tolist()
    shown = ", ".join(map(str, rows[:MOST_ROWS])) + (", ..." if len(rows) > MOST_ROWS else "")
    where = f": row{'s' if len(rows) > 1 else ''} {shown}" if rows else ""
    return f"{len(group):5} x {column}: {reason}{where}"


def _counted(number: int, what: str) -> str:
    return f"{number:,} {what}{'' if number == 1 else 's'}"
