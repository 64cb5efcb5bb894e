import os
import time

import numpy as np
import pandas as pd
import pytest

import mmsk
from mmsk.exceptions import CacheWarning
from mmsk.image import ColorHistogramEmbedder, HOGEmbedder

pytestmark = pytest.mark.usefixtures("store")
COLUMNS = ["extractor", "rows", "bytes", "hits", "last_used", "parameters", "table"]


def pictures(n_pictures, seed=0):
    rng = np.random.default_rng(seed)
    return list(rng.integers(0, 256, (n_pictures, 16, 16, 3), dtype=np.uint8))


def test_a_store_that_is_not_there_yet_is_empty(store):
    info = mmsk.cache_info()
    assert list(info.columns) == COLUMNS
    assert len(info) == 0
    assert info.attrs["folder"] == str(store)
    assert mmsk.clear_cache() == 0
    assert not store.exists()


def test_a_store_that_is_off_is_empty():
    with mmsk.config_context(cache=False):
        assert len(mmsk.cache_info()) == 0
        assert mmsk.cache_info().attrs["folder"] is None
        assert mmsk.clear_cache() == 0


def test_tables_are_listed_the_last_used_first(store):
    HOGEmbedder(16).transform(pictures(3))
    ColorHistogramEmbedder().transform(pictures(2))
    os.utime(next(store.glob("*/about.json")).parent / "about.json")
    HOGEmbedder(16).transform(pictures(3))
    info = mmsk.cache_info().set_index("extractor")
    assert info.loc["HOGEmbedder", ["rows", "hits"]].tolist() == [3, 3]
    assert info.loc["ColorHistogramEmbedder", ["rows", "hits"]].tolist() == [2, 0]
    assert info.loc["HOGEmbedder", "parameters"]["image_size"] == 16
    width = len(HOGEmbedder(16).get_feature_names_out())
    assert info.loc["HOGEmbedder", "bytes"] >= 3 * 4 * width
    assert pd.Timestamp.now("UTC").tz_localize(None) - info["last_used"].max() < pd.Timedelta("60s")
    assert info["last_used"].is_monotonic_decreasing


@pytest.mark.parametrize("damage", ["", "{", "[1]", '{"class": 3}'])
def test_a_damaged_description_is_listed_and_cleared(store, damage):
    HOGEmbedder(16).transform(pictures(3))
    next(store.glob("*/about.json")).write_text(damage)
    assert mmsk.cache_info()["rows"].tolist() == [3]
    assert mmsk.clear_cache("HOGEmbedder") == 0
    assert HOGEmbedder(16).transform(pictures(3)).shape == (3, 36)
    assert mmsk.clear_cache() > 0
    assert len(mmsk.cache_info()) == 0


@pytest.mark.parametrize(
    ("extractor", "left"),
    [
        (None, []),
        ("HOGEmbedder", ["ColorHistogramEmbedder"]),
        (HOGEmbedder, ["ColorHistogramEmbedder"]),
        (HOGEmbedder(16), ["ColorHistogramEmbedder", "HOGEmbedder"]),
        (HOGEmbedder(64), ["ColorHistogramEmbedder", "HOGEmbedder", "HOGEmbedder"]),
        ("HOG", ["ColorHistogramEmbedder", "HOGEmbedder", "HOGEmbedder"]),
    ],
)
def test_clearing_by_extractor(extractor, left):
    for one in (HOGEmbedder(16), HOGEmbedder(32), ColorHistogramEmbedder()):
        one.transform(pictures(2))
    before = mmsk.cache_info()["bytes"].sum()
    freed = mmsk.clear_cache(extractor)
    info = mmsk.cache_info()
    assert sorted(info["extractor"]) == left
    assert before - info["bytes"].sum() == freed


def test_clearing_by_age(store):
    HOGEmbedder(16).transform(pictures(2))
    (about,) = store.glob("*/about.json")
    then = time.time() - 3 * 86400
    os.utime(about, (then, then))
    ColorHistogramEmbedder().transform(pictures(2))
    assert mmsk.clear_cache(older_than_days=4) == 0
    assert mmsk.clear_cache(ColorHistogramEmbedder, older_than_days=2) == 0
    assert mmsk.clear_cache(older_than_days=2) > 0
    assert mmsk.cache_info()["extractor"].tolist() == ["ColorHistogramEmbedder"]
    with pytest.raises(ValueError, match="older_than_days=-1 is not a number of at least 0"):
        mmsk.clear_cache(older_than_days=-1)


def test_a_table_larger_than_the_limit_is_told_and_computed_anew():
    with mmsk.config_context(cache_limit_bytes=0):
        with pytest.warns(CacheWarning, match="rows of HOGEmbedder, which are more than cache_lim"):
            first = HOGEmbedder(16).transform(pictures(3))
        assert len(mmsk.cache_info()) == 0
        np.testing.assert_array_equal(HOGEmbedder(16).transform(pictures(3)), first)
