"""What a model holds for its process and not for its predictions: none of it is in a file.

A folder that the file names would be read as pickles (`memory`), and callbacks would be called.
"""

from __future__ import annotations

from typing import Any

from sklearn.base import BaseEstimator

PARAMETERS = ("memory", "callbacks")
LEFT_OUT = (
    "_callback_fit_ctx",
    "_parent_callback_ctx",
    "_propagated_callbacks",
    "_skl_callbacks",
    "_skl_callbacks_to_teardown",
    "_stop_words_id",  # an address in memory, by which scikit-learn's vectorizers remember a check
)
KEYS_OF_MEMORY = "_fit_keys"


def without_handles(estimator: BaseEstimator) -> dict[str, Any]:
    """Return the attributes of an estimator that belong in a file."""
    kept = {name: value for name, value in vars(estimator).items() if name not in LEFT_OUT}
    kept |= {name: None for name in PARAMETERS if name in kept}
    return kept | ({KEYS_OF_MEMORY: {}} if KEYS_OF_MEMORY in kept else {})


def handles_of(estimator: BaseEstimator) -> list[str]:
    """Name the attributes that `without_handles` would have changed."""
    held = vars(estimator)
    kept = without_handles(estimator)
    return sorted(name for name in held if name not in kept or _differ(held[name], kept[name]))


def _differ(held: Any, kept: Any) -> bool:
    return held is not kept and not (held == {} and kept == {})
