"""Which unfitted head each block gets: one for all, or a list by name."""

from __future__ import annotations

from typing import Any

from sklearn.utils import get_tags

from mmsk._validation import check_block_names


def heads_by_block(estimator: Any, names: list[str], kind: str) -> dict[str, Any]:
    """Return the unfitted head of each block that is to have one.

    Parameters
    ----------
    estimator : estimator, or list of (str, estimator or "drop")
        One for every block, or a pair for each block.
    names : list of str
        The blocks.
    kind : {"classifier", "regressor"}
        What the heads have to be.

    Returns
    -------
    heads : dict of str to estimator
        In the order of the blocks, without those that are dropped.

    Raises
    ------
    ValueError
        If the list is not of such pairs, names an unknown block or leaves one out, drops all of
        them, or holds another kind of estimator.
    """
    if not isinstance(estimator, list):
        check_head("estimator", estimator, kind, " or a list of (block, head) pairs")
        return dict.fromkeys(names, estimator)
    _check_pairs(estimator, kind)
    given = dict(estimator)
    check_block_names("estimator", given, names)
    for name in names:
        if name not in given:
            raise ValueError(
                f"estimator has no head for the block {name!r}. Add ({name!r}, ...) to the list, "
                f"or ({name!r}, 'drop') to leave the block out."
            )
    heads = {name: given[name] for name in names if not _is_drop(given[name])}
    if not heads:
        raise ValueError("estimator drops every block: leave a head for at least one.")
    return heads


def check_head(parameter: str, head: Any, kind: str, or_else: str = "") -> None:
    """Raise ValueError unless `head` is an instance of an estimator of that kind."""
    if not is_head(head) or get_tags(head).estimator_type != kind:
        raise ValueError(f"{parameter}={head!r} is not a {kind}{or_else}.")


def _check_pairs(pairs: list[Any], kind: str) -> None:
    for pair in pairs:
        if not is_pair(pair):
            raise ValueError(
                f"estimator holds {pair!r}, which is no pair of a block's name and its head, such "
                "as ('image', SVC())."
            )
        if not _is_drop(pair[1]):
            check_head(pair[0], pair[1], kind, " or 'drop'")


def is_pair(pair: Any) -> bool:
    """Tell whether something is a name with what may be a head."""
    return isinstance(pair, tuple) and len(pair) == 2 and isinstance(pair[0], str)


def is_head(head: Any) -> bool:
    """Tell whether something is an instance that can be fitted."""
    return not isinstance(head, type) and hasattr(head, "fit")


def _is_drop(head: Any) -> bool:
    return isinstance(head, str) and head == "drop"
