"""FeatureBlocks: what goes in, rows out, and life among scikit-learn's estimators."""

import pickle

import joblib
import numpy as np
import pandas as pd
import polars as pl
import pytest
from scipy import sparse
from sklearn.compose import ColumnTransformer
from sklearn.ensemble import HistGradientBoostingClassifier, RandomForestClassifier
from sklearn.impute import SimpleImputer
from sklearn.linear_model import LogisticRegression
from sklearn.model_selection import GridSearchCV, cross_val_score
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import OneHotEncoder, StandardScaler
from sklearn.svm import SVC
from sklearn.utils import _safe_indexing

from mmsk import FeatureBlocks, SVMClassifier
from mmsk.compose import _feature_blocks

NAN = np.nan


@pytest.fixture
def parts():
    generator = np.random.default_rng(0)
    image = generator.normal(size=(6, 3)).astype(np.float32)
    image[[1, 4]] = NAN
    text = sparse.random_array((6, 5), density=0.5, rng=generator, format="csr")
    return {"image": image, "text": sparse.csr_matrix(text), "age": generator.normal(size=(6, 1))}


@pytest.fixture
def blocks(parts):
    return FeatureBlocks(parts)


@pytest.fixture
def array(parts):
    return np.hstack([parts["image"], parts["text"].toarray(), parts["age"]])


def test_is_the_concatenation(blocks, array):
    assert blocks.shape == array.shape
    assert len(blocks) == 6
    assert blocks.ndim == 2
    assert blocks.dtype == np.asarray(blocks).dtype == np.float64
    np.testing.assert_array_equal(np.asarray(blocks), array)
    assert np.asarray(blocks, dtype=np.float32).dtype == np.float32
    np.testing.assert_array_equal(blocks.tocsr().toarray(), np.nan_to_num(array).astype("f4"))


def test_keeps_blocks_and_their_memory(parts, blocks):
    assert blocks.names == ["image", "text", "age"]
    assert blocks.widths == {"image": 3, "text": 5, "age": 1}
    assert blocks["image"] is parts["image"]
    assert np.shares_memory(blocks["text"].data, parts["text"].data)
    text = parts["text"]
    stored = text.data.nbytes + text.indices.nbytes + text.indptr.nbytes
    assert blocks.nbytes == parts["image"].nbytes + parts["age"].nbytes + stored
    assert "age" in blocks
    assert "sound" not in blocks


def test_rows_of_nothing_but_nan_are_missing(blocks):
    np.testing.assert_array_equal(np.flatnonzero(~blocks.present_in("image")), [1, 4])
    assert blocks.present_in("text").all()
    assert repr(blocks) == (
        "FeatureBlocks(6 rows; image: 3 float32, 2 missing; text: 5 sparse; age: 1 float64)"
    )


def test_a_gap_is_no_missing_row():
    gaps = np.array([[NAN, 1.0], [1.0, NAN], [NAN, NAN]])
    assert FeatureBlocks({"a": gaps}).present.ravel().tolist() == [True, True, False]


KEYS = {
    "slice": slice(1, 5, 2),
    "backwards": slice(None, None, -1),
    "list": [5, 0, 0],
    "negative": [-1, -6],
    "mask": np.array([True, False, True, False, False, True]),
    "list of bool": [True, False, True, False, False, True],
    "Series of bool": pd.Series([True, False, True, False, False, True], index=list("abcdef")),
    "index": pd.Index([2, 3]),
    "int32": np.array([1, 2], dtype=np.int32),
    "empty list": [],
    "empty array": np.array([]),
    "no row": np.zeros(6, dtype=bool),
    "rows, ...": ([3, 1], Ellipsis),
}


@pytest.mark.parametrize("key", KEYS.values(), ids=KEYS.keys())
def test_row_indexing_equals_numpy(blocks, array, key):
    rows = key[0] if isinstance(key, tuple) else key
    rows = np.asarray(rows, dtype=int) if np.size(rows) == 0 else rows
    rows = np.asarray(rows) if not isinstance(rows, slice) else rows
    part = blocks[key]
    np.testing.assert_array_equal(np.asarray(part), array[rows])
    np.testing.assert_array_equal(part.present, blocks.present[rows])
    assert part.names == blocks.names
    assert sparse.issparse(part["text"])
    assert part["image"].dtype == np.float32


@pytest.mark.parametrize("key", [2, -1, np.int64(3)])
def test_one_row_stays_two_dimensional(blocks, array, key):
    assert blocks[key].shape == (1, 9)
    np.testing.assert_array_equal(np.asarray(blocks[key])[0], array[key])
    np.testing.assert_array_equal(np.asarray(_safe_indexing(blocks, [key]))[0], array[key])


@pytest.mark.parametrize(
    ("key", "message"),
    [
        (6, "out of range"),
        ([7], "out of"),
        ((slice(None), 0), r"indexes rows; use select\(\)"),
        ([True, False], "bool"),
    ],
)
def test_rows_that_are_not_there(blocks, key, message):
    with pytest.raises(IndexError, match=message):
        blocks[key]


def test_unknown_block(blocks):
    with pytest.raises(KeyError, match="sound"):
        blocks["sound"]


def test_a_declared_mask_survives_indexing_and_selection(parts):
    present = np.ones((6, 3), dtype=bool)
    present[2, 1] = False
    blocks = FeatureBlocks(parts, present=present)
    assert not blocks[[2]].present_in("text")[0]
    assert blocks.select(["text", "age"]).present[2].tolist() == [False, True]
    assert blocks.tocsr()[2, 3:8].nnz == 0


def test_select_takes_names_and_order(blocks):
    part = blocks.select(["age", "image"])
    assert part.names == ["age", "image"]
    assert part.get_feature_names_out().tolist() == [
        "age__0",
        "image__0",
        "image__1",
        "image__2",
    ]


@pytest.mark.parametrize(
    ("dtype", "form"),
    [
        *[(dtype, np.asarray) for dtype in (np.float16, np.int8, np.uint64, bool)],
        *[(dtype, sparse.csr_array) for dtype in (np.int64, bool)],
    ],
)
def test_other_numbers_become_float32(dtype, form):
    block = FeatureBlocks({"a": form(np.array([[0, 1], [1, 1]], dtype=dtype))})["a"]
    assert block.dtype == np.float32
    dense = block.toarray() if sparse.issparse(block) else block
    np.testing.assert_array_equal(dense, [[0, 1], [1, 1]])


@pytest.mark.parametrize("form", [sparse.csc_matrix, sparse.coo_array, sparse.csr_array])
def test_sparse_forms_become_csr(form):
    block = FeatureBlocks({"a": form(np.eye(3))})["a"]
    assert block.format == "csr"
    np.testing.assert_array_equal(block.toarray(), np.eye(3))


def test_objects_that_are_numbers():
    cells = np.array([[1, 2.5], [None, True]], dtype=object)
    np.testing.assert_array_equal(FeatureBlocks({"a": cells})["a"], [[1, 2.5], [NAN, 1]])


FRAMES = {
    "float": pd.DataFrame({"a": [1.0, NAN], "b": [2.0, 3.0]}),
    "nullable": pd.DataFrame({"a": [1, pd.NA], "b": [2, 3]}, dtype="Int64"),
    "mixed": pd.DataFrame({"a": pd.array([1, None], dtype="Int8"), "b": np.float32([2, 3])}),
    "arrow": pd.DataFrame({"a": [1, None], "b": [2, 3]}, dtype="double[pyarrow]"),
    "polars": pl.DataFrame({"a": [1, None], "b": [2.0, 3.0]}),
}


@pytest.mark.parametrize("frame", FRAMES.values(), ids=FRAMES.keys())
def test_frames_as_blocks(frame):
    np.testing.assert_array_equal(FeatureBlocks({"a": frame})["a"], [[1, 2], [NAN, 3]])


@pytest.mark.parametrize(
    ("blocks", "message"),
    [
        ({"a": np.ones((2, 1)), "b": np.ones((3, 1))}, r"number of rows: {'a': 2, 'b': 3}"),
        ({"a": np.ones(3)}, r"Block 'a' has shape \(3,\); a block is 2-D"),
        ({"a": np.array([["x"]])}, "Block 'a' holds <U1, not numbers"),
        ({"a": np.array([["x"]], dtype=object)}, "Block 'a' holds object, not numbers"),
        ({"a": pd.DataFrame({"c": ["x"]})}, "Block 'a' holds .*, not numbers. Encode it"),
        ({"a": np.array([[1j]])}, "Block 'a' holds complex128, not numbers"),
        ({"a": sparse.csr_array(np.array([[1j]]))}, "Block 'a' holds complex128, not numbers"),
    ],
)
def test_refused_blocks(blocks, message):
    with pytest.raises(ValueError, match=message):
        FeatureBlocks(blocks)


def test_refused_mask_and_names():
    with pytest.raises(ValueError, match="blocks is a list, not a mapping from names to blocks"):
        FeatureBlocks([np.eye(2)])
    with pytest.raises(ValueError, match=r"present has shape \(2,\), but there are 2 rows and 1"):
        FeatureBlocks({"a": np.eye(2)}, present=[True, False])
    with pytest.raises(ValueError, match="Block 'a' has 2 columns but 1 feature names"):
        FeatureBlocks({"a": np.eye(2)}, feature_names={"a": ["one"]})


def test_corners_of_shape():
    assert FeatureBlocks({}).shape == (0, 0)
    assert FeatureBlocks({}).tocsr().shape == (0, 0)
    nothing = FeatureBlocks({"a": np.empty((0, 4)), "b": sparse.csr_matrix((0, 2))})
    assert np.asarray(nothing).shape == nothing.shape == (0, 6)
    narrow = FeatureBlocks({"a": np.empty((3, 0)), "b": np.eye(3)})
    assert narrow.present.all()
    assert narrow[[1]].shape == (1, 3)


def test_refuses_to_densify_what_is_too_large(monkeypatch):
    wide = FeatureBlocks({"text": sparse.csr_matrix((2**16, 2**13)), "age": np.ones((2**16, 1))})
    with pytest.raises(MemoryError, match=r"block 'text' .* 65,536 rows x 8,193 .* ConcatFusion"):
        np.asarray(wide)
    assert wide[:3].shape == np.asarray(wide[:3]).shape
    monkeypatch.setattr(_feature_blocks, "LARGEST_DENSIFIED_BYTES", 0)
    assert np.asarray(FeatureBlocks({"age": np.ones((3, 1))})).shape == (3, 1)


def test_an_array_without_copy_is_refused(blocks):
    with pytest.raises(ValueError, match="without a copy"):
        np.asarray(blocks, copy=False)


@pytest.mark.parametrize("again", [lambda x: pickle.loads(pickle.dumps(x)), None])
def test_pickles(blocks, array, tmp_path, again):
    if again is None:
        joblib.dump(blocks, tmp_path / "blocks")
        loaded = joblib.load(tmp_path / "blocks")
    else:
        loaded = again(blocks)
    np.testing.assert_array_equal(np.asarray(loaded), array)
    np.testing.assert_array_equal(loaded.present, blocks.present)
    assert joblib.hash(loaded) == joblib.hash(blocks)


@pytest.fixture(params=["pandas", "polars"])
def frame_of(request):
    return {"pandas": pd.DataFrame, "polars": pl.DataFrame}[request.param]


def test_from_frame_groups_by_prefix(frame_of):
    frame = frame_of({"b__x": [1.0, NAN], "a__y__z": [3.0, 4.0], "b__w": [5.0, NAN]})
    blocks = FeatureBlocks.from_frame(frame)
    assert blocks.get_feature_names_out().tolist() == ["b__x", "b__w", "a__y__z"]
    assert blocks.present.tolist() == [[True, True], [False, True]]
    np.testing.assert_array_equal(blocks["b"], [[1, 5], [NAN, NAN]])


def test_from_frame_without_prefixes_is_one_block(frame_of):
    blocks = FeatureBlocks.from_frame(frame_of({"a__x": [1.0], "y": [2.0]}))
    assert blocks.get_feature_names_out().tolist() == ["features__a__x", "features__y"]


def test_from_frame_keeps_sparse_columns():
    frame = pd.DataFrame.sparse.from_spmatrix(sparse.eye_array(3), columns=["t__a", "t__b", "t__c"])
    blocks = FeatureBlocks.from_frame(frame.assign(n__age=[1.0, 2.0, 3.0]))
    assert repr(blocks) == "FeatureBlocks(3 rows; t: 3 sparse; n: 1 float64)"
    np.testing.assert_array_equal(blocks["t"].toarray(), np.eye(3))


def test_from_frame_reads_a_column_transformer():
    table = pd.DataFrame({"n": [1.0, 2.0, 3.0], "c": ["x", "y", "x"]})
    plain = ColumnTransformer(
        [("numbers", StandardScaler(), ["n"]), ("codes", OneHotEncoder(sparse_output=False), ["c"])]
    )
    array = plain.fit_transform(table)
    blocks = FeatureBlocks.from_frame(plain.set_output(transform="pandas").fit_transform(table))
    assert blocks.names == ["numbers", "codes"]
    np.testing.assert_array_equal(np.asarray(blocks), array)


@pytest.fixture
def problem():
    generator = np.random.default_rng(0)
    y = np.repeat(["no", "yes"], 30)
    dense = generator.normal(size=(60, 3)) + (y == "yes")[:, None]
    text = sparse.random_array((60, 8), density=0.3, rng=generator, format="csr")
    return FeatureBlocks({"image": dense, "text": text}), y


def test_cross_validation_equals_that_of_the_array(problem):
    blocks, y = problem
    for model in (LogisticRegression(), SVC()):
        scores = cross_val_score(model, blocks, y, cv=3, error_score="raise")
        np.testing.assert_array_equal(scores, cross_val_score(model, np.asarray(blocks), y, cv=3))


def test_grid_search(problem):
    blocks, y = problem
    search = GridSearchCV(SVC(), {"C": [0.1, 10]}, cv=3, error_score="raise")
    assert search.fit(blocks, y).predict(blocks[:4]).shape == (4,)


@pytest.mark.parametrize(
    "head",
    [
        HistGradientBoostingClassifier(max_iter=2),
        RandomForestClassifier(2),
        make_pipeline(SimpleImputer(), LogisticRegression()),
        SVMClassifier(),
    ],
    ids=["boosting", "forest", "imputed", "svm"],
)
def test_estimators_that_take_nan_predict_nothing_for_rows_without_a_modality(head):
    image = np.arange(16.0).reshape(8, 2)
    text = sparse.csr_matrix(np.eye(8, 3))
    y = np.arange(8) % 2
    head.fit(FeatureBlocks({"image": image, "text": text}), y)
    present = np.ones((8, 2), dtype=bool)
    present[2:5, 1] = False  # sparse rows that are empty do not tell
    head.predict(FeatureBlocks({"image": image, "text": text}, present=present))
    present[2:4, 0] = False
    blocks = FeatureBlocks({"image": image, "text": text}, present=present)
    with pytest.raises(ValueError, match="Rows 2, 3 have no modality at all"):
        head.predict(blocks)
    with pytest.raises(ValueError, match="Rows 2, 3 have no modality at all"):
        head.fit(blocks, y)
    assert blocks[4:].shape == np.asarray(blocks[4:]).shape
