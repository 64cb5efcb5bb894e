import numpy as np
import pandas as pd
import polars as pl
import pytest
from sklearn.base import clone
from sklearn.ensemble import RandomForestClassifier
from sklearn.model_selection import GridSearchCV, cross_val_score
from sklearn.pipeline import FeatureUnion, Pipeline
from sklearn.svm import LinearSVC

from mmsk import (
    BadCellWarning,
    CNNEmbedder,
    ConcatFusion,
    FeatureBlocks,
    FrameEmbedder,
    HOGEmbedder,
    ModalityTransformer,
    MotionDescriptors,
    ReadError,
    SVMClassifier,
    TfidfEmbedder,
    WeightedFusion,
    multimodal_pipeline,
)
from mmsk.datasets import make_multimodal


@pytest.fixture(scope="module")
def problem(tmp_path_factory):
    return make_multimodal(
        48,
        folder=tmp_path_factory.mktemp("problem"),
        modalities=("text", "image", "audio", "numeric"),
        redundancy=1,
        uniqueness=0,
        synergy=0,
        noise=0,
        missing=0.1,
        random_state=0,
    )


def blocks_of(pipeline):
    return {name: columns for name, _, columns in pipeline["features"].transformers}


def test_a_table_becomes_a_pipeline_that_learns(problem):
    table, y = problem
    pipeline = multimodal_pipeline(table)
    assert list(pipeline.named_steps) == ["features", "fusion", "head"]
    assert type(pipeline) is Pipeline
    assert blocks_of(pipeline) == {
        "text": "text",
        "image": "image",
        "audio": "audio",
        "numeric": ["numeric_1", "numeric_2", "numeric_3", "numeric_4"],
    }
    scores = cross_val_score(pipeline, table, y, cv=3, error_score="raise")
    assert scores.mean() > 0.9


def test_polars_gives_the_same_predictions(problem):
    table, y = problem
    small = table[["text", "numeric_1", "numeric_2"]]
    pipeline = multimodal_pipeline(small).fit(small, y)
    frame = pl.from_pandas(small)
    again = multimodal_pipeline(frame).fit(frame, y)
    assert np.array_equal(again.predict(frame), pipeline.predict(small))


def test_numbers_and_categories_have_sound_defaults():
    table = pd.DataFrame(
        {
            "size": [1.0, np.nan, 3.0, 4.0, 5.0, 6.0],
            "kind": ["a", "b", "a", None, "b", "rare"],
        }
    )
    pipeline = multimodal_pipeline({"size": "numeric", "kind": "categorical"})
    features = pipeline["features"].fit(table)
    assert features.get_feature_names_out().tolist() == [
        "numeric__size",
        "numeric__missingindicator_size",
        "categorical__kind_a",
        "categorical__kind_b",
        "categorical__kind_infrequent_sklearn",
    ]
    unseen = pd.DataFrame({"size": [np.nan], "kind": ["new"]})
    blocks = features.transform(unseen)
    assert np.isfinite(np.asarray(blocks)).all()


def test_series_are_told_apart():
    generator = np.random.default_rng(0)
    y = np.repeat(["slow", "fast"], 12)
    cells = [
        np.sin(np.arange(30 + number) / (5 if label == "slow" else 2) + generator.uniform(0, 6))
        for number, label in enumerate(y)
    ]
    table = pd.DataFrame({"sensor": pd.Series(cells, dtype=object)})
    pipeline = multimodal_pipeline(table).fit(table[::2], y[::2])
    assert pipeline.score(table[1::2], y[1::2]) > 0.8
    parts = pipeline["features"].named_transformers_["sensor"].transformer_list
    assert [name for name, _ in parts] == ["statistics", "rocket"]


def test_videos_keep_the_proportions_of_their_histograms():
    modalities = {"clip": "video", "title": "text"}
    assert multimodal_pipeline(modalities)["fusion"].scale == {"clip": "block"}
    for video in (FrameEmbedder(weights=None), MotionDescriptors(normalize=False)):
        pipeline = multimodal_pipeline(modalities, extractors={"video": video})
        assert pipeline["fusion"].scale == "standard"
    generator = np.random.default_rng(0)
    clips = generator.integers(0, 256, (6, 8, 16, 16, 3), dtype=np.uint8)
    table = pd.DataFrame({"clip": pd.Series(list(clips), dtype=object)})
    pipeline = multimodal_pipeline(table).fit(table, [0, 1] * 3)
    assert pipeline.predict(table).tolist() == [0, 1] * 3


def test_extractors_replace_defaults_by_column_before_modality():
    by_modality, by_column = HOGEmbedder(image_size=32), TfidfEmbedder(n_components=2)
    pipeline = multimodal_pipeline(
        {"front": "image", "side": "image", "title": "text", "note": "text"},
        extractors={"image": by_modality, "note": by_column},
    )
    chosen = {name: extractor for name, extractor, _ in pipeline["features"].transformers}
    assert chosen["front"].image_size == chosen["side"].image_size == 32
    assert chosen["front"] is not chosen["side"]
    assert chosen["note"] is by_column
    assert isinstance(chosen["title"], TfidfEmbedder)


def test_an_extractor_for_a_number_gives_it_a_block_of_its_own():
    pipeline = multimodal_pipeline(
        {"age": "numeric", "size": "numeric"}, extractors={"age": "passthrough"}
    )
    assert blocks_of(pipeline) == {"age": ["age"], "numeric": ["size"]}


def test_names_that_parameters_have_are_changed():
    columns = ["n_jobs", "a__b", "a_b", "numeric"]
    pipeline = multimodal_pipeline(dict.fromkeys(columns, "text"))
    names = ["n_jobs_column", "a_b", "a_b_column", "numeric_column"]
    assert blocks_of(pipeline) == dict(zip(names, columns, strict=True))
    clone(pipeline).get_params()


def test_fusion_head_and_jobs_are_passed_on():
    fusion, head = WeightedFusion("alignment"), LinearSVC()
    pipeline = multimodal_pipeline({"t": "text"}, fusion=fusion, head=head, n_jobs=2, memory="m")
    assert pipeline["fusion"] is fusion
    assert pipeline["head"] is head
    assert pipeline["features"].n_jobs == 2
    assert pipeline["features"].memory == "m"


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (({"a": "txt"},), r"The modality 'txt' of column 'a' is not one of 'text', 'image'"),
        (({"a": "drop"},), r"No column is left to learn from:\na  drop"),
        ((["a"],), r"Expected a table with named columns, got list"),
    ],
)
def test_what_cannot_be_built_says_why(arguments, message):
    with pytest.raises(ValueError, match=message):
        multimodal_pipeline(*arguments)


def test_an_extractor_for_nothing_is_refused():
    with pytest.raises(ValueError, match=r"extractors names \['clip'\].*columns \['t'\]"):
        multimodal_pipeline({"t": "text"}, extractors={"clip": HOGEmbedder()})


@pytest.mark.parametrize(
    ("step", "value"), [("head", "svm"), ("head", SVMClassifier), ("fusion", "concat")]
)
def test_steps_must_be_estimators(step, value):
    with pytest.raises(ValueError, match=rf"{step}=.* is no estimator. Give an instance, such as"):
        multimodal_pipeline({"t": "text"}, **{step: value})


def test_on_error_reaches_the_default_extractors(problem):
    table, y = problem
    broken = table.assign(image=table["image"].mask(table.index == 3, "lost.png"))
    with pytest.raises(ReadError, match=r"row 3, column 'image' \('lost.png'\): no such file"):
        multimodal_pipeline(broken).fit(broken, y)
    pipeline = multimodal_pipeline(broken, on_error="missing")
    with pytest.warns(BadCellWarning, match=r"row 3"):
        blocks = pipeline["features"].fit_transform(broken)
    assert not blocks.present_in("image")[3]
    with pytest.raises(ValueError, match="on_error='skip' is not one of 'raise', 'missing'"):
        multimodal_pipeline(table, on_error="skip")


def test_a_column_that_is_empty_in_a_fold_does_no_harm():
    table = pd.DataFrame({"size": [np.nan] * 4, "width": [1.0, 2.0, 3.0, 4.0]})
    features = multimodal_pipeline(dict.fromkeys(table, "numeric"))["features"]
    assert np.isfinite(np.asarray(features.fit_transform(table))).all()


def test_grid_over_backbones_compares_different_networks(problem):
    table, y = problem
    rows = table["image"].notna()
    model = Pipeline(
        [
            (
                "features",
                ModalityTransformer([("image", CNNEmbedder(weights=None, image_size=64), "image")]),
            ),
            ("fusion", ConcatFusion()),
            ("head", RandomForestClassifier(random_state=0)),
        ]
    )
    backbones = ["squeezenet1_0", "mobilenet_v3_small"]
    search = GridSearchCV(
        model, {"features__image__backbone": backbones}, cv=2, error_score="raise"
    )
    search.fit(table[rows], y[rows])
    assert search.best_params_["features__image__backbone"] in backbones
    blocks = [
        clone(model).set_params(features__image__backbone=name)["features"].fit_transform(table)
        for name in backbones
    ]
    assert all(isinstance(block, FeatureBlocks) for block in blocks)
    assert blocks[0].widths != blocks[1].widths


def test_several_extractors_of_one_modality(problem):
    table, y = problem
    text = FeatureUnion(
        [("words", TfidfEmbedder()), ("letters", TfidfEmbedder(analyzer="char_wb"))]
    )
    pipeline = multimodal_pipeline(table[["text"]], extractors={"text": text})
    present = table["text"].notna()
    search = GridSearchCV(
        pipeline,
        {"features__text__letters__ngram_range": [(1, 2), (2, 3)]},
        cv=2,
        error_score="raise",
    ).fit(table.loc[present, ["text"]], y[present])
    names = search.best_estimator_["features"].get_feature_names_out()
    assert names[0].startswith("text__words__")
    assert names[-1].startswith("text__letters__")
