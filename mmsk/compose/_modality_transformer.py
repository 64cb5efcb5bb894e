"""ColumnTransformer for raw columns: missing cells are safe, blocks keep their names."""

from __future__ import annotations

import os
import warnings
from collections.abc import Callable, Mapping, Sequence
from functools import partial
from typing import Any

import numpy as np
import pandas as pd
from sklearn.base import clone
from sklearn.callback import CallbackSupportMixin
from sklearn.compose import ColumnTransformer
from sklearn.compose._column_transformer import _check_X
from sklearn.pipeline import _fit_transform_one
from sklearn.preprocessing import FunctionTransformer
from sklearn.utils import _safe_indexing
from sklearn.utils._param_validation import HasMethods
from sklearn.utils._set_output import _get_output_config
from sklearn.utils.parallel import Parallel, delayed

from mmsk._progress import as_subtask
from mmsk._validation import check_choice, check_n_jobs
from mmsk.compose._feature_blocks import FeatureBlocks, names_out
from mmsk.compose._fitted_memory import recall, take_settings
from mmsk.compose._memory_keys import fit_key, transform_key
from mmsk.compose._present_rows import (
    call_on_present_rows,
    read_cells,
    select,
    without_rows,
)
from mmsk.compose._schema import (
    Schema,
    Taken,
    differences,
    is_comparable,
    learn_schema,
    refuse,
    reports_cells,
)


class ModalityTransformer(CallbackSupportMixin, ColumnTransformer):
    """Give each modality of a table to its extractor; the result is named blocks.

    It is scikit-learn's ColumnTransformer in everything but two points. A transformer of one
    raw column (selected by its plain name, not by a list) sees only the cells that are present,
    and rows with a missing cell become missing rows of its block, so that any transformer, also
    scikit-learn's ``TfidfVectorizer``, is safe with missing cells. And the result is
    FeatureBlocks, in which text stays sparse, embeddings stay float32, and the fusion behind
    knows which columns are whose and which modality is missing where.

    Parameters
    ----------
    transformers : list of (name, transformer, columns)
        As in ColumnTransformer. The names become the names of the blocks. A plain column name
        gives the transformer a 1-D raw column; a list of names gives it a table, which it gets
        as it is, missing values included.
    remainder : {"drop", "passthrough"} or estimator, default="drop"
        What happens to columns that no transformer takes.
    sparse_threshold : float, default=0.3
        With ``output="array"``: the result is sparse if its density is below.
    n_jobs : int, default=None
        Number of transformers that run at the same time, each in its own process.
    transformer_weights : dict, default=None
        Factor for the block of each transformer.
    verbose : bool, default=False
        Whether to print the time that fitting each transformer takes.
    verbose_feature_names_out : bool, default=True
        With ``output="array"``: whether names of features begin with the transformer's name.
    output : {"blocks", "array"}, default="blocks"
        What `transform` returns: FeatureBlocks, or the array that ColumnTransformer returns.
        After ``set_output(transform="pandas")`` it is a DataFrame in either case, which shows
        missing rows as NaN in dense columns, but not in sparse ones.
    memory : str, path or object with the interface of joblib.Memory, default=None
        Folder that keeps the fitted transformers and what they gave, so that over a search, its
        worker processes and later runs each is fitted once for the same rows and setting, and
        transforms the same rows once. Candidates that share a fit share its draw where
        ``random_state`` is None, as under ``Pipeline(memory=)``. The folder holds pickles, so
        use one that only you can write to. Transformers that need no fit are left out: rows of
        frozen extractors are in the feature store. None keeps nothing.

    Attributes
    ----------
    transformers_ : list of (name, fitted transformer, columns)
        As in ColumnTransformer.
    named_transformers_ : Bunch
        The fitted transformers by name.
    output_indices_ : dict of str to slice
        The columns of each transformer in the concatenation.
    n_features_in_ : int
        Number of columns of the table.
    feature_names_in_ : ndarray of str
        Names of the columns, where they are all strings.
    schema_ : dict of str to str
        What the columns that are taken hold: "text", "image", "audio", "video", "series",
        "numeric" or "categorical", "unknown" where their cells do not tell. Columns without names
        are "x0", "x1" and so on.

    Raises
    ------
    ReadError
        If an extractor cannot read a cell; its row is the row of the whole table.
    ValueError
        If every cell of a column is missing and its transformer must learn from it; or if at
        predict columns are missing, renamed, or of another kind than in fit.

    See Also
    --------
    FeatureBlocks : What it returns.
    multimodal_pipeline : Builds it from a table by looking at the cells.

    Notes
    -----
    A DataFrame at predict may have its columns in another order, and more of them. Up to 20 cells
    of each column are compared with those in fit, such as paths of images with texts. A column is
    refused if nine in ten are of another kind; where strings are concerned, and where an extractor
    names a bad cell itself, only from three cells on. Columns that were missing throughout in fit
    are not judged. A NumPy array has no names: its columns go by their places, and nothing but
    their number is checked.

    Examples
    --------
    >>> import pandas as pd
    >>> from sklearn.feature_extraction.text import TfidfVectorizer
    >>> from sklearn.preprocessing import StandardScaler
    >>> from mmsk import ModalityTransformer
    >>> table = pd.DataFrame({
    ...     "title": ["red shoe", None, "blue shirt"],
    ...     "price": [49.0, 20.0, 25.0],
    ... })
    >>> features = ModalityTransformer([
    ...     ("title", TfidfVectorizer(), "title"),
    ...     ("numbers", StandardScaler(), ["price"]),
    ... ])
    >>> features.fit_transform(table)
    FeatureBlocks(3 rows; title: 4 sparse, 1 missing; numbers: 1 float64)
    """

    # Kept from fit: what no cell gives, and names, which are dear where a vocabulary is large.
    _empty_blocks: dict[str, Any]
    _block_names: dict[str, Any]
    _kinds: dict[str, str]  # of the cells in fit
    _fit_keys: dict[str, str | None]  # under which `memory` has what the transformers gave
    _parameter_constraints: dict = {
        **ColumnTransformer._parameter_constraints,
        "output": [str],
        "memory": [None, str, os.PathLike, HasMethods(["cache"])],
    }

    def __init__(
        self,
        transformers: Sequence[tuple],
        *,
        remainder: Any = "drop",
        sparse_threshold: float = 0.3,
        n_jobs: int | None = None,
        transformer_weights: dict[str, float] | None = None,
        verbose: bool = False,
        verbose_feature_names_out: bool = True,
        output: str = "blocks",
        memory: Any = None,
    ) -> None:
        super().__init__(
            transformers,
            remainder=remainder,
            sparse_threshold=sparse_threshold,
            n_jobs=n_jobs,
            transformer_weights=transformer_weights,
            verbose=verbose,
            verbose_feature_names_out=verbose_feature_names_out,
        )
        self.output = output
        self.memory = memory

    def fit_transform(self, X: Any, y: Any = None, **params: Any) -> Any:
        """Fit all transformers and transform `X`.

        Parameters
        ----------
        X : DataFrame or array of shape (n_rows, n_columns)
            The table of raw cells.
        y : array-like of shape (n_rows,), default=None
            Targets, for transformers that learn from them.
        **params : dict
            Metadata for the transformers, with metadata routing enabled.

        Returns
        -------
        blocks : FeatureBlocks, array or DataFrame
            As `output` and ``set_output`` ask.
        """
        check_choice("output", self.output, ["blocks", "array"])
        check_n_jobs(self.n_jobs)
        _check_table(X)
        self._block_names = {}
        features = super().fit_transform(X, y, **params)
        self.schema_, self._kinds = learn_schema(_check_X(X), self._taken())
        if isinstance(features, FeatureBlocks):
            self._block_names = features._given_names
        return self._with_presence(features, X)

    def transform(self, X: Any, **params: Any) -> Any:
        """Transform each modality with its fitted transformer.

        Parameters
        ----------
        X : DataFrame or array of shape (n_rows, n_columns)
            The table of raw cells.
        **params : dict
            Metadata for the transformers, with metadata routing enabled.

        Returns
        -------
        blocks : FeatureBlocks, array or DataFrame
            As `output` and ``set_output`` ask.
        """
        _check_table(X)
        self._check_schema(X)
        try:
            features = super().transform(X, **params)
        except Exception as error:
            for said in self._differences(X, reported=None):
                error.add_note(f"Unlike fit: {said}")
            raise
        return self._with_presence(features, X)

    def _taken(self) -> list[Taken]:
        """List the columns that go into a transformer."""
        names = getattr(self, "feature_names_in_", None)
        return [
            Taken(f"x{place}" if names is None else str(names[place]), place, *how)
            for name, transformer, columns, _ in self._fitted()
            for place in self._transformer_to_input_indices[name]
            for how in [(transformer, np.isscalar(columns))]
        ]

    def _check_schema(self, X: Any) -> None:
        """Raise ValueError for a table whose columns are not those of fit."""
        if (said := self._differences(X, reported=None)) and self._differences(
            X, [column.name for column in self._taken() if reports_cells(column.transformer)]
        ):
            refuse(said)

    def _differences(self, X: Any, reported: list[str] | None) -> list[str]:
        names = getattr(self, "feature_names_in_", None)
        if names is None or not hasattr(self, "schema_") or not is_comparable(X):
            return []
        return differences(X, Schema(self.schema_, self._kinds), names, reported)

    def _call_func_on_transformers(
        self, X: Any, y: Any, func: Callable, column_as_labels: bool, routed_params: Any
    ) -> Any:
        fitting = func is _fit_transform_one
        chosen = self._to_fit() if fitting else self._fitted(column_as_labels)
        keys = self._keys(chosen, X, y, fitting, routed_params)
        functions = self._as_subtasks(func, chosen, X, y) if fitting else [func] * len(chosen)
        results = Parallel(n_jobs=self.n_jobs)(
            delayed(recall)(
                self.memory,
                keys.get(name),
                call_on_present_rows,
                function,
                transformer,
                select(X, columns),
                y,
                name=name,
                empty_block=None if fitting else self._empty_blocks[name],
                weight=None,  # applied below, so that `memory` serves all weights
                params=routed_params[name],
                **self._message(name, place, len(chosen), fitting),
            )
            for place, (function, (name, transformer, columns, _)) in enumerate(
                zip(functions, chosen, strict=True), start=1
            )
        )
        if fitting:
            self._callback_fit_ctx.call_on_fit_task_end(estimator=self, X=X, y=y)
            self._fit_keys = keys
            pairs = zip(chosen, results, strict=True)
            self._empty_blocks = {name: without_rows(block) for (name, *_), (block, _) in pairs}
        return [_finished(*each) for each in zip(chosen, results, strict=True)]

    def _to_fit(self) -> list[tuple]:
        """List the transformers to fit: (name, clone, columns, weight)."""
        return [
            (name, clone(self._resolved(transformer)), columns, weight)
            for name, transformer, columns, weight in self._iter(
                fitted=False, column_as_labels=False, skip_drop=True, skip_empty_columns=True
            )
        ]

    def _keys(self, chosen: list[tuple], X: Any, y: Any, fitting: bool, routed_params: Any) -> dict:
        """Name what `memory` keeps of each transformer; nothing where it has no memory."""
        keys = {}
        for name, transformer, columns, _ in chosen if self.memory is not None else []:
            column, params = select(X, columns), routed_params[name]
            if fitting:
                keys[name] = fit_key(transformer, column, y, params)
            else:
                keys[name] = transform_key(self._fit_keys.get(name), transformer, column, params)
        return keys

    def _as_subtasks(
        self, func: Callable, chosen: list[tuple], X: Any, y: Any
    ) -> list[Callable[..., Any]]:
        """Give each transformer a function that fits it as a task of scikit-learn's callbacks."""
        context = self._init_callback_context(
            max_subtasks=len(chosen), sequential_subtasks=False
        ).call_on_fit_task_begin(estimator=self, X=X, y=y)
        return [
            partial(
                _in_subtask,
                func,
                self,
                context.subcontext(task_name=f"fit-transform-{name}", task_id=place),
            )
            for place, (name, *_) in enumerate(chosen)
        ]

    def _resolved(self, transformer: Any) -> Any:
        if not isinstance(transformer, str):
            return transformer
        passthrough = FunctionTransformer(
            accept_sparse=True, check_inverse=False, feature_names_out="one-to-one"
        )
        return passthrough.set_output(transform=self._container)

    def _message(self, name: str, place: int, total: int, fitting: bool) -> dict[str, Any]:
        if not fitting:
            return {}
        message = self._log_message(name, place, total)
        return {"message_clsname": type(self).__name__, "message": message}

    @property
    def _container(self) -> str:
        return _get_output_config("transform", self)["dense"]

    def _hstack(self, Xs: list[Any], *, n_samples: int) -> Any:
        if self.output == "array" or self._container != "default":
            return super()._hstack(Xs, n_samples=n_samples)
        names = [name for name, *_ in self._fitted()]
        return FeatureBlocks(
            dict(zip(names, Xs, strict=True)),
            feature_names=self._block_names or self._names_of_features(),
        )

    def _fitted(self, column_as_labels: bool = False) -> list[tuple]:
        """List the fitted transformers that make blocks: (name, transformer, columns, weight)."""
        return list(
            self._iter(
                fitted=True,
                column_as_labels=column_as_labels,
                skip_drop=True,
                skip_empty_columns=True,
            )
        )

    def _names_of_features(self) -> dict[str, Any]:
        """Feature names of each block, None where its transformer has none."""
        columns_in = getattr(self, "feature_names_in_", None)
        if columns_in is None:
            columns_in = [f"x{number}" for number in range(self.n_features_in_)]
        names = {}
        for name, transformer, *_ in self._fitted():
            inputs = np.asarray(columns_in)[self._transformer_to_input_indices[name]]
            names[name] = names_out(transformer, inputs)
        return names

    def _with_presence(self, blocks: Any, X: Any) -> Any:
        """Mark the missing cells of sparse blocks, whose empty rows do not tell."""
        if self.output == "array":
            return blocks
        X = _check_X(X)
        lost = []
        by_label = hasattr(X, "columns") and hasattr(self, "feature_names_in_")
        for place, (name, transformer, columns, _) in enumerate(self._fitted(by_label)):
            present = read_cells(transformer, select(X, columns)) if np.isscalar(columns) else None
            if present is None:
                continue
            if isinstance(blocks, FeatureBlocks):
                blocks.present[:, place] &= present
            elif not present.all() and not self._shows_missing(blocks, name, present):
                lost.append(name)
        if lost:
            warnings.warn(
                f"Cells of {', '.join(map(repr, lost))} are missing, and a DataFrame of sparse "
                "columns cannot say so: what follows takes them for empty documents. Leave "
                "set_output at 'default' to get FeatureBlocks, or make the block dense, as "
                "TfidfEmbedder(n_components=100) does.",
                UserWarning,
            )
        return blocks

    def _shows_missing(self, frame: Any, name: str, present: np.ndarray) -> bool:
        """Tell whether a DataFrame holds NaN where a block is missing, as dense ones do."""
        row = np.asarray(_safe_indexing(frame, [int(np.flatnonzero(~present)[0])]))
        return bool(pd.isna(row[0, self.output_indices_[name]]).all())


def _in_subtask(
    func: Callable, caller: Any, context: Any, transformer: Any, X: Any, y: Any, **arguments: Any
) -> Any:
    with as_subtask(context, caller, transformer, X, y):
        return func(transformer, X, y, **arguments)


def _finished(chosen: tuple, result: Any) -> Any:
    """Weight a block; a transformer fitted before takes over settings that have no say in it."""
    _, transformer, _, weight = chosen
    if isinstance(result, tuple):
        block, fitted = result
        if fitted is not transformer:
            take_settings(fitted, transformer)
        return (block if weight is None else block * weight), fitted
    return result if weight is None else result * weight


def _check_table(X: Any) -> None:
    """Raise for what is often given instead of a table and fails without a word about it."""
    if isinstance(X, Mapping) or hasattr(X, "collect") or getattr(X, "ndim", 2) == 1:
        raise ValueError(
            f"Expected a table, got {type(X).__name__}. Make one with pandas.DataFrame, or with "
            "collect() of a lazy one; a single column alone needs no ModalityTransformer."
        )
