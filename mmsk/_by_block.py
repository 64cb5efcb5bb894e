"""Parameters that are given for all blocks alike or block by block."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from functools import partial
from typing import Any

import numpy as np

from mmsk._validation import check_block_names, check_number


def by_block(
    parameter: str,
    value: Any,
    names: Sequence[str],
    default: Any,
    check: Callable[[str, Any], None],
) -> dict[str, Any]:
    """Spread a parameter over the blocks.

    Parameters
    ----------
    parameter : str
        Name of the parameter, for the message.
    value : object
        A mapping names blocks; anything else is meant for every block.
    names : sequence of str
        The blocks.
    default : object
        What blocks get that a mapping leaves out.
    check : callable
        Gets a name for the message and a value, and raises ValueError for a bad one.

    Returns
    -------
    values : dict of str to object
        The value of each block, in their order.

    Raises
    ------
    ValueError
        If a mapping names a block that is not there, or a value is bad.

    Examples
    --------
    >>> from mmsk._validation import check_number
    >>> from mmsk._by_block import by_block
    >>> by_block("gamma", {"text": 0.5}, ["image", "text"], 1.0, check_number)
    {'image': 1.0, 'text': 0.5}
    >>> by_block("gamma", {"text": "much"}, ["image", "text"], 1.0, check_number)
    Traceback (most recent call last):
        ...
    ValueError: gamma['text']='much' is not a number.
    """
    if not isinstance(value, Mapping):
        check(parameter, value)
        return dict.fromkeys(names, value)
    check_block_names(parameter, value, names)
    for name, one in value.items():
        check(f"{parameter}[{name!r}]", one)
    return {name: value.get(name, default) for name in names}


def given_weights(weights: Any, names: Sequence[str], words: Sequence[str]) -> dict[str, float]:
    """Check weights that the user gives for the blocks.

    Parameters
    ----------
    weights : mapping of str to float or sequence of float
        A mapping names blocks; those it leaves out get weight 1. A sequence has one weight per
        block, in order.
    names : sequence of str
        The blocks.
    words : sequence of str
        What else the parameter accepts, for the message.

    Returns
    -------
    weights : dict of str to float
        The weight of each block, at least 0.

    Raises
    ------
    ValueError
        If the weights are neither, do not fit the blocks, are not numbers of at least 0, or are
        all 0.
    """
    if not isinstance(weights, Mapping):
        if np.ndim(weights) != 1:
            raise ValueError(
                f"weights={weights!r} is not {', '.join(map(repr, words))}, a mapping from blocks "
                "to weights or a sequence of one weight per block."
            )
        if len(weights) != len(names):
            raise ValueError(
                f"weights has {len(weights)} values, but there are {len(names)} blocks: "
                f"{', '.join(map(repr, names))}."
            )
        given = dict(zip(names, weights, strict=True))
    else:
        given = dict(weights)
    each = by_block("weights", given, names, 1.0, partial(check_number, low=0))
    if each and not any(each.values()):
        raise ValueError(
            f"weights={weights!r} gives no block a say: all are 0. Give one of them a weight above "
            "0."
        )
    return {name: float(weight) for name, weight in each.items()}
