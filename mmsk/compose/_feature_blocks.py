"""Named blocks of features that keep their identity on the way to fusion."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, Self, TypeAlias

import numpy as np
import pandas as pd
from scipy import sparse

from mmsk.compose._lost_rows import refuse_lost_rows
from mmsk.compose._stack import hstack_csr

LARGEST_DENSIFIED_BYTES = 2**30

Block: TypeAlias = Any  # an ndarray, or a CSR matrix or array of SciPy


class FeatureBlocks:
    """Rows of features in named blocks, one block per modality.

    Text stays sparse, embeddings stay float32, and it is known which columns are whose and
    which modality is missing in which row. Every scikit-learn estimator takes it as the
    concatenation of its blocks: it has ``shape``, ``dtype`` and ``len``, its rows can be
    indexed, and it turns into an array, unless a row has no modality at all: an estimator that
    takes NaN would predict something for it.

    Parameters
    ----------
    blocks : mapping of str to {ndarray, CSR} of shape (n_rows, width)
        Dense blocks of float32 or float64 keep their dtype, other numbers become float32.
    present : ndarray of shape (n_rows, n_blocks), dtype bool, default=None
        False where a row lacks a modality. By default a row of a dense block is missing where
        it holds nothing but NaN, and a row of a sparse block is never missing.
    feature_names : mapping of str to sequence of str, default=None
        Names of the columns of each block; "0", "1", ... by default.

    Attributes
    ----------
    names : list of str
        Names of the blocks, in order.
    present : ndarray of shape (n_rows, n_blocks), dtype bool
        Which row has which modality.

    Raises
    ------
    ValueError
        If the blocks differ in rows, are not 2-D or numeric, or a mask or list of names does not
        fit them; or if they are to become an array and a row has no modality at all.

    See Also
    --------
    ModalityTransformer : Makes it from a table of raw cells.
    ConcatFusion : Turns it into one matrix.

    Examples
    --------
    >>> import numpy as np
    >>> from mmsk import FeatureBlocks
    >>> blocks = FeatureBlocks({
    ...     "image": np.array([[0.5, 0.1], [np.nan, np.nan], [0.2, 0.9]], dtype=np.float32),
    ...     "age": np.array([[31.0], [45.0], [27.0]]),
    ... })
    >>> blocks
    FeatureBlocks(3 rows; image: 2 float32, 1 missing; age: 1 float64)
    >>> blocks[[0, 2]].shape
    (2, 3)
    >>> blocks["age"].ravel()
    array([31., 45., 27.])
    """

    ndim = 2

    def __init__(
        self,
        blocks: Mapping[str, Any],
        *,
        present: np.ndarray | None = None,
        feature_names: Mapping[str, Any] | None = None,
    ) -> None:
        if not isinstance(blocks, Mapping):
            raise ValueError(
                f"blocks is a {type(blocks).__name__}, not a mapping from names to blocks, such "
                "as {'image': rows_of_the_image_block}."
            )
        self._blocks = {name: _as_block(name, block) for name, block in blocks.items()}
        self._n_rows = _common_rows(self._blocks)
        self.names = list(self._blocks)
        self.present = self._check_present(present)
        self._given_names = {
            name: self._check_names(name, (feature_names or {}).get(name)) for name in self.names
        }

    def _check_present(self, present: np.ndarray | None) -> np.ndarray:
        if present is None:
            masks = [_rows_with_values(block) for block in self._blocks.values()]
            return np.stack(masks, axis=1) if masks else np.ones((self._n_rows, 0), dtype=bool)
        present = np.asarray(present, dtype=bool)
        if present.shape != (self._n_rows, len(self.names)):
            raise ValueError(
                f"present has shape {present.shape}, but there are {self._n_rows} rows and "
                f"{len(self.names)} blocks."
            )
        return present

    def _check_names(self, name: str, names: Any) -> np.ndarray | None:
        width = self._blocks[name].shape[1]
        if names is None:
            return None
        if len(names) != width:
            raise ValueError(f"Block {name!r} has {width} columns but {len(names)} feature names.")
        return np.asarray(names, dtype=object)

    @classmethod
    def from_frame(cls, frame: Any) -> Self:
        """Split a DataFrame with columns named ``block__feature`` into blocks.

        Parameters
        ----------
        frame : pandas or polars DataFrame
            Such as a plain ColumnTransformer gives after ``set_output(transform="pandas")``.
            Where a column has no ``__`` in its name, all columns are one block ``features``.

        Returns
        -------
        blocks : FeatureBlocks
            Blocks in the order of their first column. Columns of sparse dtype become CSR.
        """
        columns = [str(column) for column in frame.columns]
        prefixed = all("__" in column for column in columns)
        places: dict[str, list[int]] = {}
        for place, column in enumerate(columns):
            places.setdefault(column.partition("__")[0] if prefixed else "features", []).append(
                place
            )
        cut = 2 if prefixed else 0
        return cls(
            {name: _frame_block(frame, where) for name, where in places.items()},
            feature_names={
                name: [columns[place][(len(name) + cut) if prefixed else 0 :] for place in where]
                for name, where in places.items()
            },
        )

    @property
    def shape(self) -> tuple[int, int]:
        """Number of rows, and of columns over all blocks."""
        return self._n_rows, sum(self.widths.values())

    @property
    def widths(self) -> dict[str, int]:
        """Number of columns of each block."""
        return {name: block.shape[1] for name, block in self._blocks.items()}

    @property
    def dtype(self) -> np.dtype:
        """The dtype of the concatenation."""
        return np.result_type(np.float32, *(block.dtype for block in self._blocks.values()))

    @property
    def nbytes(self) -> int:
        """Memory that the blocks take, in bytes."""
        return sum(_nbytes(block) for block in self._blocks.values())

    @property
    def feature_names(self) -> dict[str, np.ndarray]:
        """Names of the columns of each block, without the name of the block."""
        return {name: self._names_of(name) for name in self.names}

    def _names_of(self, name: str) -> np.ndarray:
        names = self._given_names[name]
        if names is None:  # made when asked for: a hashed text may have a million columns
            names = np.array([str(n) for n in range(self.widths[name])], dtype=object)
        return names

    def items(self) -> list[tuple[str, Block]]:
        """Names and blocks, in order."""
        return list(self._blocks.items())

    def present_in(self, name: str) -> np.ndarray:
        """Mask of shape (n_rows,) of the rows that have the modality `name`."""
        return self.present[:, self.names.index(name)]

    def select(self, names: Sequence[str]) -> Self:
        """Return only the blocks `names`, in that order."""
        return type(self)(
            {name: self._blocks[name] for name in names},
            present=self.present[:, [self.names.index(name) for name in names]],
            feature_names=self._given_names,
        )

    def get_feature_names_out(self) -> np.ndarray:
        """Names of all columns, each as ``block__feature``."""
        names = [f"{name}__{feature}" for name in self.names for feature in self._names_of(name)]
        return np.asarray(names, dtype=object)

    def tocsr(self) -> sparse.csr_matrix:
        """Concatenate to one sparse matrix of float32; missing rows of a block are empty."""
        return hstack_csr(list(self._blocks.values()), self.present)

    def __contains__(self, name: object) -> bool:
        return name in self._blocks

    def __len__(self) -> int:
        return self._n_rows

    def __getitem__(self, key: Any) -> Any:
        """Return the block with that name, or the rows at that index, slice or mask."""
        if isinstance(key, str):
            return self._blocks[key]
        if isinstance(key, tuple):
            key, *rest = key
            if any(part is not Ellipsis for part in rest):
                raise IndexError("FeatureBlocks indexes rows; use select() for whole blocks.")
        if isinstance(key, int | np.integer):
            key = [range(self._n_rows)[key]]
        rows = key if isinstance(key, slice) else np.asarray(key)
        if isinstance(rows, np.ndarray) and rows.size == 0:
            rows = rows.astype(np.intp)
        return type(self)(
            {name: block[rows] for name, block in self._blocks.items()},
            present=self.present[rows],
            feature_names=self._given_names,
        )

    def __array__(self, dtype: Any = None, copy: bool | None = None) -> np.ndarray:
        if copy is False:
            raise ValueError("FeatureBlocks cannot become an array without a copy.")
        refuse_lost_rows(self.present)  # estimators that take NaN would predict something
        return self._dense(np.dtype(dtype or self.dtype))

    def _dense(self, dtype: np.dtype) -> np.ndarray:
        self._refuse_to_densify(dtype)
        array = np.empty(self.shape, dtype=dtype)
        start = 0
        for block in self._blocks.values():
            place = array[:, start : start + block.shape[1]]
            place[...] = block.toarray() if sparse.issparse(block) else block
            start += block.shape[1]
        return array

    def _refuse_to_densify(self, dtype: np.dtype) -> None:
        wide = [name for name, block in self._blocks.items() if sparse.issparse(block)]
        size = self.shape[0] * self.shape[1] * dtype.itemsize
        if wide and size > LARGEST_DENSIFIED_BYTES:
            raise MemoryError(
                f"The sparse block {wide[0]!r} makes a dense array of {self.shape[0]:,} rows x "
                f"{self.shape[1]:,} features, {size / 2**30:.1f} GiB; the limit is "
                f"{LARGEST_DENSIFIED_BYTES / 2**30:g} GiB. Put ConcatFusion() before an estimator "
                "that takes sparse input, or reduce the block, as TfidfEmbedder(n_components=300) "
                "does."
            )

    def __repr__(self) -> str:
        parts = [f"{self._n_rows} rows"]
        for name, block in self._blocks.items():
            kind = "sparse" if sparse.issparse(block) else str(block.dtype)
            missing = int((~self.present_in(name)).sum())
            parts.append(
                f"{name}: {block.shape[1]} {kind}" + (f", {missing} missing" * bool(missing))
            )
        return f"FeatureBlocks({'; '.join(parts)})"


def names_out(transformer: Any, names_in: Any) -> Any:
    """Names of a transformer's features; None where it, or a step inside it, has none."""
    try:
        return transformer.get_feature_names_out(names_in)
    except AttributeError:
        return None


def _as_block(name: str, block: Any) -> Block:
    if sparse.issparse(block):
        block = block.tocsr()
    elif hasattr(block, "columns"):
        block = _frame_block(block, list(range(block.shape[1])))
    else:
        block = np.asarray(block)
    if block.ndim != 2:
        raise ValueError(f"Block {name!r} has shape {block.shape}; a block is 2-D.")
    return _as_floats(name, block)


def _as_floats(name: str, block: Block) -> Block:
    if block.dtype in (np.float32, np.float64):
        return block
    if block.dtype.kind in "fiub":
        return block.astype(np.float32)
    try:
        if block.dtype.kind == "O":  # numbers of several kinds, or None beside them
            return block.astype(np.float64)
    except (TypeError, ValueError):
        pass
    raise ValueError(
        f"Block {name!r} holds {block.dtype}, not numbers. Encode it, or ask the "
        "ModalityTransformer for output='array'."
    )


def _frame_block(frame: Any, places: list[int]) -> Block:
    if not isinstance(frame, pd.DataFrame):
        return frame[:, places].to_numpy()
    part = frame.iloc[:, places]
    if len(places) and all(isinstance(dtype, pd.SparseDtype) for dtype in part.dtypes):
        return part.sparse.to_coo().tocsr()
    return part.to_numpy(na_value=np.nan) if part.isna().to_numpy().any() else part.to_numpy()


def _common_rows(blocks: Mapping[str, Block]) -> int:
    rows = {name: block.shape[0] for name, block in blocks.items()}
    if len(set(rows.values())) > 1:
        raise ValueError(f"Blocks differ in their number of rows: {rows}.")
    return next(iter(rows.values()), 0)


def _rows_with_values(block: Block) -> np.ndarray:
    if sparse.issparse(block) or block.shape[1] == 0:
        return np.ones(block.shape[0], dtype=bool)
    present = ~np.isnan(block[:, 0])
    doubtful = np.flatnonzero(~present)
    present[doubtful] = ~np.isnan(block[doubtful]).all(axis=1)
    return present


def _nbytes(block: Block) -> int:
    if sparse.issparse(block):
        return block.data.nbytes + block.indices.nbytes + block.indptr.nbytes
    return block.nbytes
