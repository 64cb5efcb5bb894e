"""What the parameters of a deep head may be."""

from __future__ import annotations

import os
from collections.abc import Sequence
from numbers import Integral
from typing import Any

from mmsk._validation import check_choice, check_n_jobs, check_number
from mmsk.fusion._scaling import SCALES

FUSIONS = ("concat", "weighted", "gated", "attention", "tensor", "joint")
WITH_SHARES = ("weighted", "gated", "attention")
ACTIVATIONS = ("identity", "logistic", "tanh", "relu", "gelu")


def check_parameters(head: Any) -> None:
    """Raise ValueError unless a deep head's own parameters are accepted."""
    _check_sizes(head.hidden_layer_sizes)
    check_choice("fusion", head.fusion, FUSIONS)
    check_choice("activation", head.activation, ACTIVATIONS)
    check_choice("scale", head.scale, SCALES)
    if head.n_components is not None:
        check_number("n_components", head.n_components, low=1, integer=True)
    for name in ("dropout", "modality_dropout"):
        check_number(name, getattr(head, name), low=0, high=0.99)
    _check_steps(head)
    check_n_jobs(head.n_jobs)
    check_choice("warm_start", head.warm_start, [True, False])
    _check_callbacks(head.callbacks)
    if not isinstance(head.initial_weights, str | os.PathLike | None):
        raise ValueError(f"initial_weights={head.initial_weights!r} is not a path or None.")


def _check_sizes(sizes: Any) -> None:
    is_sequence = isinstance(sizes, Sequence) and not isinstance(sizes, str)
    if not is_sequence or not all(isinstance(size, Integral) and int(size) > 0 for size in sizes):
        raise ValueError(
            f"hidden_layer_sizes={sizes!r} is not a sequence of integers above 0, such as (256,)."
        )


def _check_steps(head: Any) -> None:
    check_choice("optimizer", head.optimizer, ["adamw", "adam", "sgd"])
    check_choice("schedule", head.schedule, ["constant", "cosine"])
    check_choice("precision", head.precision, ["float32", "bfloat16"])
    if head.max_gradient_norm is not None:
        check_number("max_gradient_norm", head.max_gradient_norm, low=0, low_open=True)


def _check_callbacks(callbacks: Any) -> None:
    if callbacks is None:
        return
    if not isinstance(callbacks, list | tuple) or not all(map(callable, callbacks)):
        raise ValueError(
            f"callbacks={callbacks!r} is not a list of callables, such as [Checkpoint('run.npz')]."
        )
