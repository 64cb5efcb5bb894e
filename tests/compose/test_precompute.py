import signal
import time

import numpy as np
import pandas as pd
import pytest
from byte_counts import ByteCounts, computed, write_files
from scripts import run, start
from sklearn.compose import ColumnTransformer
from sklearn.ensemble import VotingClassifier
from sklearn.impute import SimpleImputer
from sklearn.model_selection import GridSearchCV
from sklearn.naive_bayes import GaussianNB
from sklearn.pipeline import Pipeline, make_pipeline, make_union
from sklearn.preprocessing import StandardScaler

import mmsk
from mmsk import ConcatFusion, ModalityTransformer, ReadError, TfidfEmbedder

N_FILES = 12


@pytest.fixture
def table(tmp_path):
    with mmsk.config_context(cache=True, cache_dir=tmp_path / "store"):
        yield pd.DataFrame(
            {
                "file": write_files(tmp_path / "cells", N_FILES),
                "text": ["a word", "another word"] * (N_FILES // 2),
                "number": np.arange(N_FILES),
            }
        )


def logged(tmp_path, **parameters):
    return ByteCounts(str(tmp_path / "log"), **parameters)


def pipeline(extractor):
    features = ModalityTransformer(
        [
            ("bytes", extractor, "file"),
            ("text", TfidfEmbedder(), "text"),
            ("left_out", "drop", "number"),
            ("numbers", StandardScaler(), ["number"]),
        ]
    )
    return Pipeline([("features", features), ("fusion", ConcatFusion()), ("head", GaussianNB())])


def test_a_search_afterwards_computes_nothing(tmp_path, table):
    model = pipeline(logged(tmp_path)).set_params(fusion=None, head=ConcatFusion())
    mmsk.precompute(model, table, progress=False)
    assert computed(tmp_path / "log") == N_FILES
    model.fit_transform(table)
    mmsk.precompute(model, table, progress=False)
    assert computed(tmp_path / "log") == N_FILES


def test_every_candidate_of_a_grid_is_precomputed(tmp_path, table):
    search = GridSearchCV(
        make_pipeline(logged(tmp_path), GaussianNB()),
        {"bytecounts__scale": [1.0, 2.0], "gaussiannb__var_smoothing": [1e-9, 1e-3]},
        cv=2,
        error_score="raise",
    )
    mmsk.precompute(search, table["file"], progress=False)
    assert computed(tmp_path / "log") == 2 * N_FILES
    search.fit(table["file"], [0, 1] * (N_FILES // 2))
    assert computed(tmp_path / "log") == 2 * N_FILES


@pytest.mark.parametrize(
    "wrap",
    [
        lambda one: one,
        lambda one: make_union(one, "drop"),
        lambda one: make_pipeline("passthrough", one, SimpleImputer()),
        lambda one: make_pipeline(make_union(make_pipeline(one, SimpleImputer())), GaussianNB()),
        lambda one: VotingClassifier([("one", make_pipeline(one, GaussianNB()))]),
    ],
)
def test_extractors_are_found_in_any_composition(tmp_path, table, wrap):
    mmsk.precompute(wrap(logged(tmp_path)), table["file"], progress=False)
    assert computed(tmp_path / "log") == N_FILES


@pytest.mark.parametrize("columns", ["file", 0, lambda table: "file"])
def test_columns_are_selected_as_in_a_column_transformer(tmp_path, table, columns):
    features = ColumnTransformer([("bytes", logged(tmp_path), columns)])
    mmsk.precompute(features, table, progress=False)
    assert computed(tmp_path / "log") == N_FILES


def test_the_same_extractor_on_two_columns(tmp_path, table):
    table["other"] = write_files(tmp_path / "others", N_FILES, start=50)
    one = logged(tmp_path)
    mmsk.precompute(ModalityTransformer([("a", one, "file"), ("b", one, "other")]), table)
    assert computed(tmp_path / "log") == 2 * N_FILES


def test_columns_without_names_are_not_taken_for_one(tmp_path, table):
    files = table["file"].to_numpy(dtype=object)
    others = np.array(write_files(tmp_path / "others", N_FILES, start=50), dtype=object)
    one = logged(tmp_path)
    model = ModalityTransformer([("a", one, 0), ("b", one, 1)])
    mmsk.precompute(model, np.column_stack([files, others]), progress=False)
    assert computed(tmp_path / "log") == 2 * N_FILES


INTERRUPTED = """
import sys
import mmsk
from byte_counts import ByteCounts
store, log, cells = sys.argv[1:]
mmsk.set_config(cache_dir=store)
mmsk.precompute(ByteCounts(log, seconds_a_row=0.2), open(cells).read().split())
"""


def test_an_interrupted_call_is_resumed(tmp_path, table):
    cells, log = tmp_path / "cells.txt", tmp_path / "log"
    cells.write_text("\n".join(table["file"]))
    process = start(INTERRUPTED, tmp_path / "store", log, cells)
    end = time.monotonic() + 60
    while computed(log) < N_FILES // 2 and time.monotonic() < end:
        time.sleep(0.005)
    process.send_signal(signal.SIGINT)
    _, err = process.communicate()
    assert "KeyboardInterrupt" in err
    n_before = computed(log)
    assert N_FILES // 2 <= n_before < N_FILES
    out, err = run(INTERRUPTED, tmp_path / "store", log, cells)
    assert N_FILES <= computed(log) <= N_FILES + 4  # the batch that was lost
    assert out == ""
    assert f"ByteCounts: 100%|██████████| {N_FILES}/{N_FILES}" in err


def test_a_bad_cell_is_named_by_its_row(tmp_path, table):
    (tmp_path / "cells" / "7.bin").write_bytes(b"bad")
    with pytest.raises(ReadError, match=r"row 7, column 'file' .* the file is bad") as caught:
        mmsk.precompute(pipeline(logged(tmp_path)), table, progress=False)
    assert caught.value.row == 7


def test_without_a_store_there_is_nothing_to_fill(tmp_path, table):
    message = r"store is switched off.* mmsk.set_config\(cache=True\)"
    with mmsk.config_context(cache=False), pytest.raises(ValueError, match=message):
        mmsk.precompute(logged(tmp_path), table["file"])


def test_rows_that_cannot_be_kept_are_not_computed_for_nothing(tmp_path, table):
    with pytest.raises(ValueError, match=r"scale=.* is no plain value"):
        mmsk.precompute(logged(tmp_path, scale=abs), table["file"])
    assert computed(tmp_path / "log") == 0
