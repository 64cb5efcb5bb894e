"""ModalityTransformer against scikit-learn's ColumnTransformer, and what only it can do."""

import io
import os
import pickle
import warnings
from contextlib import redirect_stdout

import numpy as np
import pandas as pd
import polars as pl
import pytest
import sklearn
from letter_counts import LetterCounts
from scipy import sparse
from sklearn.base import BaseEstimator, TransformerMixin, clone
from sklearn.compose import ColumnTransformer, make_column_selector
from sklearn.decomposition import TruncatedSVD
from sklearn.feature_extraction.text import (
    CountVectorizer,
    HashingVectorizer,
    TfidfTransformer,
    TfidfVectorizer,
)
from sklearn.linear_model import LogisticRegression
from sklearn.model_selection import GridSearchCV, KFold, cross_val_predict
from sklearn.pipeline import FeatureUnion, Pipeline, make_pipeline
from sklearn.preprocessing import FunctionTransformer, MaxAbsScaler, OneHotEncoder, StandardScaler
from sklearn.utils import estimator_html_repr
from sklearn.utils.estimator_checks import check_estimator

from mmsk import BadCellWarning, ConcatFusion, FeatureBlocks, ModalityTransformer, ReadError
from mmsk.text import TfidfEmbedder

WORDS = r"\w+"
N_ROWS = 12


def words():
    return TfidfVectorizer(token_pattern=WORDS)


def some_transformers():
    return [
        ("title", words(), "title"),
        ("letters", LetterCounts(), "caption"),
        ("numbers", StandardScaler(), ["price", "weight"]),
    ]


@pytest.fixture
def whole():
    generator = np.random.default_rng(0)
    texts = [" ".join(generator.choice(list("abcdef"), 3)) for _ in range(2 * N_ROWS)]
    return pd.DataFrame(
        {
            "title": texts[:N_ROWS],
            "caption": texts[N_ROWS:],
            "price": generator.normal(size=N_ROWS),
            "weight": generator.normal(size=N_ROWS),
        },
        index=[f"row{number}" for number in range(N_ROWS)],
    )


@pytest.fixture
def gappy(whole):
    table = whole.copy()
    table.loc[table.index[[0, 5]], "title"] = None
    table.loc[table.index[[2, 5, 11]], "caption"] = None
    return table


@pytest.fixture
def y():
    return np.arange(N_ROWS) % 2


def dense(block):
    return block.toarray() if sparse.issparse(block) else np.asarray(block)


def bad_table(n_rows=9):
    """Row 6, label 'row6', is bad; rows 1 and 4 before it are missing."""
    cells = ["a b"] * n_rows
    cells[1] = cells[4] = None
    cells[6] = 7
    labels = [f"row{number}" for number in range(n_rows)]
    return pd.DataFrame({"text": pd.Series(cells, index=labels, dtype=object)})


@pytest.mark.parametrize(
    ("form", "n_jobs"), [("pandas", None), ("polars", None), ("array", None), ("pandas", 2)]
)
def test_equals_column_transformer_where_nothing_is_missing(whole, form, n_jobs):
    chosen = some_transformers()
    if form == "polars":
        whole = pl.from_pandas(whole)
    if form == "array":
        whole = whole.to_numpy(dtype=object)
        chosen = [("title", words(), 0), ("letters", LetterCounts(), 1)]
        chosen += [("numbers", StandardScaler(), [2, 3])]
    plain = ColumnTransformer(chosen, sparse_threshold=0)
    expected = plain.fit_transform(whole)
    ours = ModalityTransformer(chosen, n_jobs=n_jobs)
    blocks = ours.fit_transform(whole)
    np.testing.assert_array_equal(np.asarray(blocks), expected)
    np.testing.assert_array_equal(np.asarray(ours.transform(whole)), plain.transform(whole))
    assert blocks.present.all()
    assert blocks.get_feature_names_out().tolist() == plain.get_feature_names_out().tolist()
    assert ours.get_feature_names_out().tolist() == plain.get_feature_names_out().tolist()
    assert ours.output_indices_ == plain.output_indices_


@pytest.mark.parametrize("form", [lambda table: table, pl.from_pandas])
def test_missing_cells_equal_the_column_transformer_on_the_others(gappy, form):
    model = ModalityTransformer(some_transformers())
    fitted = model.fit_transform(form(gappy))
    for blocks in (fitted, model.transform(form(gappy))):
        for name, transformer, column in some_transformers()[:2]:
            rows = np.flatnonzero(gappy[column].notna())
            plain = ColumnTransformer([(name, transformer, column)], sparse_threshold=0)
            expected = plain.fit_transform(form(gappy.iloc[rows]))
            np.testing.assert_array_equal(dense(blocks[name])[rows], expected)
            np.testing.assert_array_equal(np.flatnonzero(blocks.present_in(name)), rows)
            left = np.setdiff1d(np.arange(N_ROWS), rows)
            empty = dense(blocks[name])[left]
            assert (empty == 0 if sparse.issparse(blocks[name]) else np.isnan(empty)).all()
    assert sparse.issparse(fitted["title"])
    assert fitted["letters"].dtype == np.float32


def test_later_rows_do_not_depend_on_their_neighbours(gappy):
    model = ModalityTransformer(some_transformers()).fit(gappy)
    together = model.transform(gappy)
    for row in range(N_ROWS):
        alone = model.transform(gappy.iloc[[row]])
        np.testing.assert_array_equal(np.asarray(alone)[0], np.asarray(together)[row])
        np.testing.assert_array_equal(alone.present[0], together.present[row])


def test_nothing_changes_on_self(gappy):
    model = ModalityTransformer(some_transformers()).fit(gappy)
    before = pickle.dumps(model)
    model.transform(gappy)
    assert pickle.dumps(model) == before


def test_a_fitted_model_does_not_hold_the_training_features(gappy):
    model = ModalityTransformer(some_transformers()).fit(gappy)
    for block in model._empty_blocks.values():
        assert block.shape[0] == 0
        assert getattr(block, "base", None) is None


class TargetMean(TransformerMixin, BaseEstimator):
    """Learns from y, and notes what it was given."""

    def fit(self, X, y, sample_weight=None):
        self.cells_, self.y_, self.sample_weight_ = list(X), list(y), sample_weight
        return self

    def transform(self, X):
        return np.full((len(X), 1), np.mean(self.y_))


@pytest.mark.parametrize("form", [list, np.asarray, pd.Series, lambda y: pd.Series(y)[::-1]])
def test_targets_follow_the_present_cells(gappy, form):
    target = form(np.arange(N_ROWS))
    model = ModalityTransformer([("mean", TargetMean(), "title")]).fit(gappy, target)
    fitted = model.named_transformers_["mean"]
    rows = np.flatnonzero(gappy["title"].notna())
    assert fitted.y_ == np.asarray(target)[rows].tolist()
    assert fitted.cells_ == gappy["title"].iloc[rows].tolist()


def test_metadata_follows_the_present_cells(gappy, y):
    with sklearn.config_context(enable_metadata_routing=True):
        routed = TargetMean().set_fit_request(sample_weight=True)
        model = ModalityTransformer([("mean", routed, "title"), ("n", "passthrough", ["price"])])
        model.fit(gappy, y, sample_weight=np.arange(N_ROWS))
    weights = model.named_transformers_["mean"].sample_weight_
    np.testing.assert_array_equal(weights, np.flatnonzero(gappy["title"].notna()))


def test_all_cells_missing_at_predict(whole):
    model = ModalityTransformer(
        [("title", words(), "title"), ("lsa", make_pipeline(words(), TruncatedSVD(2)), "title")]
        + some_transformers()[1:]
    ).fit(whole)
    nothing = whole.assign(title=None, caption=None)
    blocks = model.transform(nothing)
    assert blocks.widths == model.transform(whole).widths
    assert blocks.present.any(axis=0).tolist() == [False, False, False, True]
    assert np.isnan(blocks["lsa"]).all()
    assert blocks["title"].nnz == 0


def test_zero_rows_at_predict(whole):
    model = ModalityTransformer(some_transformers()[:2]).fit(whole)
    assert model.transform(whole[:0]).shape == (0, model.transform(whole).shape[1])


def test_all_cells_missing_in_fit(whole):
    nothing = whole.assign(title=None, caption=None)
    with pytest.raises(ValueError, match="Every cell of 'title' is missing: there is nothing"):
        ModalityTransformer(some_transformers()).fit(nothing)
    with pytest.raises(ValueError, match="No rows for 'title': there is nothing"):
        ModalityTransformer(some_transformers()).fit(whole[:0])
    union = FeatureUnion([("letters", LetterCounts()), ("more", LetterCounts("xy"))])
    model = ModalityTransformer(
        [("letters", union, "caption"), ("price", "passthrough", ["price"])]
    )
    assert model.fit_transform(nothing)["letters"].shape == (N_ROWS, 5)
    model = ModalityTransformer(some_transformers()[1:])
    assert model.fit_transform(nothing)["letters"].shape == (N_ROWS, 3)
    assert model.transform(whole).present.all()


@pytest.mark.parametrize("labels", [[3] * N_ROWS, list(range(N_ROWS))[::-1]])
def test_any_index(gappy, labels):
    expected = ModalityTransformer(some_transformers()).fit_transform(gappy)
    frames = FunctionTransformer(lambda cells: pd.DataFrame({"n": [len(cell) for cell in cells]}))
    table = gappy.set_axis(labels)
    model = ModalityTransformer([*some_transformers(), ("frame", frames, "title")])
    blocks = model.fit_transform(table)
    np.testing.assert_array_equal(np.asarray(blocks.select(expected.names)), np.asarray(expected))
    np.testing.assert_array_equal(blocks["frame"].ravel(), gappy["title"].str.len())


def test_columns_by_place_in_a_table_of_another_order(gappy):
    """A table's columns are found by their names in fit; so must their missing cells be."""
    model = ModalityTransformer([("title", words(), 0), ("letters", LetterCounts(), 1)]).fit(gappy)
    blocks = model.transform(gappy[gappy.columns[::-1]])
    expected = model.transform(gappy)
    np.testing.assert_array_equal(blocks.present, expected.present)
    for name, block in blocks.items():
        np.testing.assert_array_equal(dense(block), dense(expected[name]))


def test_one_column_for_several_extractors(gappy):
    model = ModalityTransformer(
        [
            ("words", words(), "title"),
            ("letters", LetterCounts(), "title"),
            ("both", FeatureUnion([("words", words()), ("letters", LetterCounts())]), "title"),
        ]
    )
    blocks = model.fit_transform(gappy)
    assert sparse.issparse(blocks["both"])
    apart = np.hstack([blocks["words"].toarray(), blocks["letters"]])
    np.testing.assert_array_equal(blocks["both"].toarray(), np.nan_to_num(apart))
    assert (blocks.present == gappy["title"].notna().to_numpy()[:, None]).all()
    assert blocks.feature_names["both"][-1] == "letters__count_c"


@pytest.mark.filterwarnings("ignore:Cells of .* are missing")
@pytest.mark.parametrize("container", ["default", "pandas", "polars"])
def test_names_of_several_extractors_of_one_column(gappy, container):
    chosen = [
        ("letters", LetterCounts("ab"), "title"),
        ("both", FeatureUnion([("a", LetterCounts("a")), ("b", LetterCounts("b"))]), "title"),
        ("texts", FeatureUnion([("t", TfidfEmbedder()), ("l", LetterCounts())]), "caption"),
    ]
    gappy = gappy.assign(caption=gappy["caption"].str.replace(" ", "x"))
    model = ModalityTransformer(chosen).set_output(transform=container)
    features = model.fit_transform(gappy)
    nothing = model.transform(gappy.assign(title=None))
    names = model.get_feature_names_out().tolist()
    assert names[:4] == ["letters__count_a", "letters__count_b", "both__a__count_a"] + [
        "both__b__count_b"
    ]
    assert names[-1] == "texts__l__count_c"
    for table in (features, nothing):
        blocks = table if container == "default" else FeatureBlocks.from_frame(table)
        assert blocks.names == ["letters", "both", "texts"]
        assert blocks.get_feature_names_out().tolist() == names
        expected = gappy["title"].notna() if table is features else np.zeros(N_ROWS, dtype=bool)
        np.testing.assert_array_equal(blocks.present_in("letters"), expected)
        np.testing.assert_array_equal(blocks.present_in("both"), expected)
        np.testing.assert_array_equal(blocks.present_in("texts"), gappy["caption"].notna())


@pytest.mark.parametrize(
    "nameless", [make_pipeline(words(), FunctionTransformer()), HashingVectorizer(n_features=4)]
)
def test_transformers_without_names(gappy, nameless):
    blocks = ModalityTransformer([("title", nameless, "title")]).fit_transform(gappy)
    width = blocks.shape[1]
    assert blocks.get_feature_names_out().tolist() == [f"title__{n}" for n in range(width)]


WORDS_OR_MISSING = TfidfEmbedder(token_pattern=WORDS, on_error="missing")
LETTERS_OR_MISSING = TfidfEmbedder(analyzer="char", on_error="missing")


@pytest.mark.parametrize(
    "embedder",
    [
        WORDS_OR_MISSING,
        make_pipeline(WORDS_OR_MISSING, TfidfTransformer()),
        FeatureUnion([("words", WORDS_OR_MISSING), ("letters", LETTERS_OR_MISSING)]),
        FeatureUnion(
            [
                ("words", make_pipeline(WORDS_OR_MISSING, MaxAbsScaler())),
                ("lsa", clone(LETTERS_OR_MISSING).set_params(n_components=2)),
                ("gone", "drop"),
            ]
        ),
    ],
    ids=["alone", "pipeline", "union", "nested"],
)
def test_an_extractor_may_say_which_rows_it_read(embedder):
    """A cell that is no text counts as missing, although an empty sparse row does not tell."""
    table = pd.DataFrame({"text": pd.Series(["a b", "", 7, None, "c d"], dtype=object)})
    with pytest.warns(BadCellWarning, match="row 2"):
        blocks = ModalityTransformer([("text", embedder, "text")]).fit_transform(table)
    assert sparse.issparse(blocks["text"])
    assert blocks.present.ravel().tolist() == [True, True, False, False, True]


def test_remainder(gappy):
    for remainder in ("passthrough", StandardScaler()):
        model = ModalityTransformer(some_transformers()[:2], remainder=remainder)
        plain = ColumnTransformer([("numbers", StandardScaler(), ["price"])], remainder=remainder)
        blocks = model.fit_transform(gappy)
        expected = plain.fit_transform(gappy[["price", "weight"]])[:, 1]
        np.testing.assert_array_equal(blocks["remainder"][:, 1], expected)
        assert blocks.feature_names["remainder"].tolist() == ["price", "weight"]
        np.testing.assert_array_equal(model.transform(gappy)["remainder"], blocks["remainder"])


def test_remainder_of_texts_is_refused_by_name(gappy):
    model = ModalityTransformer(some_transformers()[:1], remainder="passthrough")
    with pytest.raises(ValueError, match="Block 'remainder' holds object, not numbers"):
        model.fit(gappy)
    assert model.set_params(output="array").fit_transform(gappy[["title", "price"]]) is not None


def test_transformer_weights(gappy):
    model = ModalityTransformer(some_transformers())
    plain = model.fit_transform(gappy)
    model.set_params(transformer_weights={"letters": 3.0, "title": 0.5})
    for blocks in (model.fit_transform(gappy), model.transform(gappy)):
        np.testing.assert_array_equal(blocks["letters"], 3 * plain["letters"])
        np.testing.assert_allclose(blocks["title"].toarray(), plain["title"].toarray() / 2)
        np.testing.assert_array_equal(blocks["numbers"], plain["numbers"])


def test_columns_by_selector_slice_and_drop(gappy):
    model = ModalityTransformer(
        [
            ("numbers", StandardScaler(), make_column_selector(dtype_include="number")),
            ("weight", "passthrough", slice(3, 4)),
            ("nothing", StandardScaler(), []),
            ("gone", "drop", "title"),
            ("letters", LetterCounts(), "caption"),
        ]
    )
    assert model.fit_transform(gappy).widths == {"numbers": 2, "weight": 1, "letters": 3}


def test_tables_are_given_as_they_are():
    table = pd.DataFrame({"c": ["x", None, "y"], "n": [1.0, np.nan, 2.0]})
    encoder = OneHotEncoder(sparse_output=False)
    blocks = ModalityTransformer([("codes", encoder, ["c"])]).fit_transform(table)
    np.testing.assert_array_equal(blocks["codes"], encoder.fit_transform(table[["c"]]))
    assert blocks.present.all()


def test_a_raw_column_for_a_transformer_of_tables(gappy):
    with pytest.raises(ValueError, match="2-dimensional container") as caught:
        ModalityTransformer([("price", StandardScaler(), "price")]).fit(gappy)
    note = "Raised by the transformer 'price'. A transformer of tables takes a list of columns"
    assert caught.value.__notes__[0].startswith(note)


def test_an_error_names_the_transformer(gappy):
    with pytest.raises(ValueError, match="empty vocabulary") as caught:
        ModalityTransformer([("text", CountVectorizer(), "title")]).fit(gappy)
    assert caught.value.__notes__ == ["Raised by the transformer 'text'."]


class OneRow(FunctionTransformer):
    def transform(self, X):
        return np.ones((1, 2))


def test_lost_rows_are_noticed(gappy):
    with pytest.raises(ValueError, match="gave 1 rows for 10 cells") as caught:
        ModalityTransformer([("one", OneRow(), "title")]).fit_transform(gappy)
    assert caught.value.__notes__ == ["Raised by the transformer 'one'."]


SUBSET_OR_WHOLE = {
    "extractor": LetterCounts(),
    "in a union": FeatureUnion([("letters", LetterCounts())]),
    "in a pipeline": make_pipeline(LetterCounts(), StandardScaler()),
}


@pytest.mark.parametrize("extractor", SUBSET_OR_WHOLE.values(), ids=SUBSET_OR_WHOLE.keys())
def test_read_error_names_the_row_of_the_table(extractor):
    model = ModalityTransformer([("text", extractor, "text")])
    with pytest.raises(ReadError, match=r"row 6 \(index 'row6'\), column 'text'") as caught:
        model.fit(bad_table())
    assert (caught.value.row, caught.value.label) == (6, "row6")
    assert (caught.value.column, caught.value.stage) == ("text", "check")


@pytest.mark.parametrize("extractor", SUBSET_OR_WHOLE.values(), ids=SUBSET_OR_WHOLE.keys())
def test_read_error_keeps_its_notes_and_further_rows(extractor):
    table = pd.concat([bad_table(), bad_table()])
    extractor = clone(extractor)
    for step in [extractor, *dict(getattr(extractor, "transformer_list", [])).values()]:
        if isinstance(step, LetterCounts):
            step.set_params(on_error="missing")
    if isinstance(extractor, Pipeline):
        extractor[0].set_params(on_error="missing")
    with pytest.raises(ReadError, match=r"more bad cells:\n  row 15 \(index 'row6'\)") as caught:
        ModalityTransformer([("text", extractor, "text")]).fit(table)
    assert caught.value.row == 6
    assert caught.value.__notes__[0].startswith("2 of 14 cells are bad")


@pytest.mark.parametrize("form", ["extractor", "union"])
def test_warning_of_bad_cells_names_rows_of_the_table(form):
    extractor = LetterCounts(on_error="missing")
    if form == "union":
        extractor = FeatureUnion([("letters", extractor), ("others", "drop")])
    model = ModalityTransformer([("text", extractor, "text")])
    with pytest.warns(BadCellWarning, match=r"row 6\. The first: row 6 \(index 'row6'\)"):
        blocks = model.fit_transform(bad_table())
    assert np.flatnonzero(~blocks.present).tolist() == [1, 4, 6]


def test_a_step_behind_an_extractor_that_takes_no_missing_rows():
    extractor = make_pipeline(LetterCounts(on_error="missing"), TruncatedSVD(1))
    with (
        pytest.warns(BadCellWarning, match="1 unreadable"),
        pytest.raises(ValueError, match="contains NaN") as caught,
    ):
        ModalityTransformer([("text", extractor, "text")]).fit(bad_table())
    assert "behind the ModalityTransformer, as PerBlock({'text': ...})" in caught.value.__notes__[0]


def own_process(cells):
    return np.full((len(cells), 1), os.getpid(), dtype=np.float64)


def test_n_jobs_runs_in_processes(whole):
    pids = ("pid", FunctionTransformer(own_process), "title")
    for n_jobs, here in ((None, True), (2, False)):
        model = ModalityTransformer([pids, some_transformers()[1]], n_jobs=n_jobs)
        assert (model.fit_transform(whole)["pid"] == os.getpid()).all() == here


def test_read_error_out_of_processes():
    """Missing cells stand before the bad one, and the union sees the others only."""
    union = FeatureUnion([("letters", LetterCounts())])
    model = ModalityTransformer([("a", union, "text"), ("b", union, "text")], n_jobs=2)
    with pytest.raises(ReadError, match=r"row 6 \(index 'row6'\), column 'text'") as caught:
        model.fit(bad_table())
    assert (caught.value.row, caught.value.label) == (6, "row6")


def test_read_error_through_a_grid_search_in_processes(y):
    table = bad_table(N_ROWS).assign(n=1.0)
    model = Pipeline(
        [
            (
                "features",
                ModalityTransformer(
                    [("text", LetterCounts(), "text"), ("n", "passthrough", ["n"])]
                ),
            ),
            ("fusion", ConcatFusion()),
            ("head", LogisticRegression()),
        ]
    )
    grid = {"features__text__letters": ["ab", "abc"]}
    search = GridSearchCV(model, grid, cv=KFold(2), n_jobs=2, error_score="raise")
    with pytest.raises(ReadError, match="index 'row6'"):
        search.fit(table, y)


@pytest.fixture
def pipeline():
    return Pipeline(
        [
            ("features", ModalityTransformer(some_transformers())),
            ("fusion", ConcatFusion()),
            ("head", LogisticRegression()),
        ]
    )


def test_grid_search_reaches_extractors_and_fusion(pipeline, gappy, y):
    grid = {
        "features__letters__letters": ["a", "abc"],
        "features__title": [words(), LetterCounts()],
        "fusion__scale": ["block", None],
    }
    search = GridSearchCV(pipeline, grid, cv=KFold(2), error_score="raise").fit(gappy, y)
    assert len(search.cv_results_["params"]) == 8
    assert set(search.predict(gappy)) <= {0, 1}


def test_what_is_given_is_never_fitted(gappy):
    chosen = some_transformers()
    model = ModalityTransformer(chosen).fit(gappy)
    assert not hasattr(chosen[0][1], "vocabulary_")
    assert not hasattr(chosen[2][1], "mean_")
    assert model.named_transformers_["title"] is not chosen[0][1]


def test_clone_and_set_params(pipeline):
    copy = clone(pipeline).set_params(features__letters__letters="ab", features__output="array")
    assert copy.get_params()["features__letters__letters"] == "ab"
    assert pipeline.get_params()["features__letters__letters"] == "abc"
    assert pipeline["features"].output == "blocks"


def test_memory_gives_the_same(pipeline, gappy, y, tmp_path):
    expected = clone(pipeline).fit(gappy, y).predict_proba(gappy)
    cached = clone(pipeline).set_params(memory=str(tmp_path))
    for _ in range(2):
        np.testing.assert_array_equal(cached.fit(gappy, y).predict_proba(gappy), expected)


def test_pickled_model_gives_the_same(pipeline, gappy, y):
    pipeline.fit(gappy, y)
    loaded = pickle.loads(pickle.dumps(pipeline))
    np.testing.assert_array_equal(loaded.predict_proba(gappy), pipeline.predict_proba(gappy))
    nothing = gappy.assign(title=None)
    np.testing.assert_array_equal(loaded.predict_proba(nothing), pipeline.predict_proba(nothing))


def test_out_of_fold_predictions(pipeline, gappy, y):
    assert cross_val_predict(pipeline, gappy, y, cv=KFold(3)).shape == (N_ROWS,)


def test_html_display(gappy):
    model = ModalityTransformer(some_transformers(), remainder="passthrough")
    for shown in (model, clone(model).set_params(remainder="drop").fit(gappy)):
        html = estimator_html_repr(shown)
        assert all(part in html for part in ("ModalityTransformer", "LetterCounts", "caption"))


def test_verbose_names_itself(gappy):
    printed = io.StringIO()
    with redirect_stdout(printed):
        ModalityTransformer(some_transformers(), verbose=True).fit(gappy)
    assert printed.getvalue().startswith("[ModalityTransformer]")
    assert "(2 of 3) Processing letters" in printed.getvalue()


@pytest.mark.filterwarnings("ignore:Cells of .* are missing")
@pytest.mark.parametrize("container", ["pandas", "polars"])
def test_set_output(gappy, container):
    chosen = [
        ("title", TfidfEmbedder(token_pattern=WORDS), "title"),
        ("union", FeatureUnion([("t", TfidfEmbedder(token_pattern=WORDS))]), "title"),
        *some_transformers()[1:],
    ]
    blocks = ModalityTransformer(chosen).fit_transform(gappy)
    model = ModalityTransformer(chosen).set_output(transform=container)
    for frame in (model.fit_transform(gappy), model.transform(gappy)):
        assert list(frame.columns) == blocks.get_feature_names_out().tolist()
        np.testing.assert_array_equal(
            np.nan_to_num(frame.to_numpy()), np.nan_to_num(np.asarray(blocks))
        )
        assert container != "pandas" or frame.index.equals(gappy.index)
        letters = FeatureBlocks.from_frame(frame).present_in("letters")
        np.testing.assert_array_equal(letters, blocks.present_in("letters"))


@pytest.mark.filterwarnings("ignore:Cells of .* are missing")
@pytest.mark.parametrize("container", ["pandas", "polars"])
def test_set_output_of_a_whole_pipeline(pipeline, gappy, y, container):
    pipeline.set_params(features__title=TfidfEmbedder(token_pattern=WORDS))
    pipeline.set_output(transform=container).fit(gappy, y)
    fused = pipeline[:2].transform(gappy)
    assert list(fused.columns) == pipeline[:2].get_feature_names_out().tolist()


def test_array_output_is_the_parents(whole):
    chosen = some_transformers()
    for threshold in (0, 0.3, 1.0):
        plain = ColumnTransformer(chosen, sparse_threshold=threshold).fit_transform(whole)
        model = ModalityTransformer(chosen, sparse_threshold=threshold, output="array")
        ours = model.fit_transform(whole)
        assert type(ours) is type(plain)
        np.testing.assert_array_equal(dense(ours), dense(plain))


def test_refused_output(whole):
    with pytest.raises(ValueError, match="output='frame' is not one of 'blocks', 'array'"):
        ModalityTransformer(some_transformers(), output="frame").fit(whole)


def test_refused_number_of_jobs(whole):
    with pytest.raises(ValueError, match="n_jobs=0 is no number of threads"):
        ModalityTransformer(some_transformers(), n_jobs=0).fit(whole)


def test_what_is_no_table_gets_a_hint(whole):
    fitted = ModalityTransformer(some_transformers()).fit(whole)
    for given in (whole.to_dict("list"), whole["title"], pl.from_pandas(whole).lazy()):
        for method in (clone(fitted).fit, fitted.transform):
            with pytest.raises(ValueError, match=f"Expected a table, got {type(given).__name__}"):
                method(given)


def test_names_that_are_taken_twice(whole):
    twice = [("a", words(), "title"), ("a", LetterCounts(), "caption")]
    with pytest.raises(ValueError, match="Names provided are not unique"):
        ModalityTransformer(twice).fit(whole)


def test_missing_column_at_predict(whole):
    model = ModalityTransformer(some_transformers()).fit(whole)
    with pytest.raises(ValueError, match=r"column 'caption' \(text\) is missing\."):
        model.transform(whole.drop(columns="caption"))


def test_fails_no_check_that_its_parent_passes():
    failed = []
    for kind in (ColumnTransformer, ModalityTransformer):
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            results = check_estimator(
                kind([("numbers", StandardScaler(), [0])]), on_skip=None, on_fail=None
            )
        failed.append({each["check_name"] for each in results if each["status"] == "failed"})
    assert failed[1] <= failed[0]


@pytest.mark.parametrize("container", ["pandas", "polars"])
def test_a_frame_that_cannot_show_what_is_missing_says_so(container):
    table = pd.DataFrame({"title": ["red shoe", None, "hat"], "note": ["a b c", "old hat", None]})
    transformers = [
        ("title", TfidfEmbedder(), "title"),
        ("note", TfidfEmbedder(n_components=2, random_state=0), "note"),
    ]
    features = ModalityTransformer(transformers).set_output(transform=container)
    with pytest.warns(UserWarning, match=r"Cells of 'title' are missing, .*Leave set_output at"):
        features.fit_transform(table)
    ModalityTransformer(transformers[1:]).set_output(transform=container).fit_transform(table)
    features.transform(table[table["title"].notna()])
