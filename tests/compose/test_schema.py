"""What a table at predict may differ in from that of fit, and what is said where it may not."""

import json
from io import BytesIO
from pathlib import Path

import numpy as np
import pandas as pd
import polars as pl
import pyarrow as pa
import pytest
from letter_counts import LetterCounts
from PIL import Image
from sklearn.feature_extraction.text import CountVectorizer
from sklearn.pipeline import FeatureUnion, make_pipeline
from sklearn.preprocessing import FunctionTransformer, OneHotEncoder, StandardScaler

from mmsk import (
    BadCellWarning,
    ColorHistogramEmbedder,
    HOGEmbedder,
    ImageReader,
    ModalityTransformer,
    ReadError,
    SeriesStatistics,
    TfidfEmbedder,
    multimodal_pipeline,
)

N_ROWS = 12


def objects(cells):
    return pd.Series(list(cells), dtype=object)


@pytest.fixture(scope="module")
def pictures(tmp_path_factory):
    folder = tmp_path_factory.mktemp("pictures")
    generator = np.random.default_rng(0)
    paths = [folder / f"{number}.png" for number in range(N_ROWS)]
    for path in paths:
        Image.fromarray(generator.integers(0, 256, (16, 16, 3), dtype=np.uint8)).save(path)
    return [str(path) for path in paths]


@pytest.fixture
def table(pictures):
    generator = np.random.default_rng(0)
    return pd.DataFrame(
        {
            "title": [f"red shoe number {number}" for number in range(N_ROWS)],
            "photo": pictures,
            "sensor": objects(generator.normal(size=(N_ROWS, 20))),
            "price": generator.normal(size=N_ROWS),
            "colour": ["red", "blue"] * (N_ROWS // 2),
            "unused": ["x"] * N_ROWS,
        }
    )


def features(**changed):
    chosen = {
        "title": (CountVectorizer(), "title"),
        "photo": (ColorHistogramEmbedder(image_size=16), "photo"),
        "sensor": (SeriesStatistics(), "sensor"),
        "price": (StandardScaler(), ["price"]),
        "colour": (OneHotEncoder(handle_unknown="ignore"), ["colour"]),
    }
    return ModalityTransformer([(name, *how) for name, how in (chosen | changed).items()])


SCHEMA = {
    "title": "text",
    "photo": "image",
    "sensor": "series",
    "price": "numeric",
    "colour": "categorical",
}


def test_schema_names_what_is_taken_in_plain_values(table):
    model = features().fit(table)
    assert model.schema_ == SCHEMA
    assert json.loads(json.dumps(model.schema_)) == SCHEMA
    assert json.loads(json.dumps(model._kinds)) == model._kinds
    everything = features().set_params(remainder="passthrough", output="array").fit(table)
    assert everything.schema_ == SCHEMA | {"unused": "categorical"}


def test_schema_of_tables_without_names(table):
    numbers = ModalityTransformer([("n", StandardScaler(), [0, 1])])
    assert numbers.fit(np.ones((3, 2))).schema_ == {"x0": "numeric", "x1": "numeric"}
    columns = [("t", CountVectorizer(), 0), ("n", StandardScaler(), [1])]
    cells = table[["title", "price"]].to_numpy()
    model = ModalityTransformer(columns).fit(cells)
    assert model.schema_ == {"x0": "text", "x1": "numeric"}
    with pytest.raises(ValueError, match="X has 3 features"):
        model.transform(np.column_stack([cells, cells[:, 0]]))


@pytest.mark.parametrize("container", [pl.from_pandas, pa.Table.from_pandas])
def test_other_containers_are_checked_alike(table, container):
    part = table[["title", "photo"]]
    chosen = [("t", TfidfEmbedder(), "title"), ("p", HOGEmbedder(16), "photo")]
    model = ModalityTransformer(chosen).fit(container(part))
    assert model.schema_ == {"title": "text", "photo": "image"}
    assert model.transform(container(part[["photo", "title"]])).shape[0] == N_ROWS
    with pytest.raises(ValueError, match="column 'photo' held images and now holds texts"):
        model.transform(container(part.assign(photo=table["title"])))
    with pytest.raises(ValueError, match="new columns of a near name: 'photo_1'"):
        model.transform(container(part.rename(columns={"photo": "photo_1"})))


def test_cells_far_apart_are_found():
    cells = [None] * 500
    cells[3] = "a few words"
    model = ModalityTransformer([("t", CountVectorizer(), "t")]).fit(pd.DataFrame({"t": cells}))
    assert model.schema_ == {"t": "text"}


def test_paths_without_an_ending_are_looked_for_under_root(pictures, tmp_path):
    for number in range(4):
        (tmp_path / f"picture{number}").write_bytes(Path(pictures[number]).read_bytes())
    photos = pd.DataFrame({"photo": [f"picture{number}" for number in range(4)]})
    reads = ColorHistogramEmbedder(image_size=16, reader=ImageReader(root=tmp_path))
    for extractor in (reads, FeatureUnion([("c", reads)]), make_pipeline(reads, StandardScaler())):
        model = ModalityTransformer([("p", extractor, "photo")]).fit(photos)
        assert model.schema_ == {"photo": "image"}
        assert model.transform(photos).present.all()


def test_all_differences_in_one_error(table):
    model = features().fit(table)
    other = table.rename(columns={"title": "Titel", "sensor": "accelerometer"})
    other = other.drop(columns="colour").assign(photo="a text of words", price="12.5")
    with pytest.raises(ValueError, match="not like that of fit") as caught:
        model.transform(other)
    assert not isinstance(caught.value, ReadError)
    assert str(caught.value).splitlines() == [
        "The table is not like that of fit:",
        "- column 'title' (text) is missing; new columns of a near name: 'Titel'.",
        "- column 'sensor' (series) is missing; new columns that hold the same: 'accelerometer'.",
        "- column 'colour' (categorical) is missing; new columns that hold the same: 'Titel'.",
        "- column 'photo' held images and now holds texts, such as 'a text of words'.",
        "- column 'price' held numbers and now holds strings, such as '12.5'.",
        "Rename, reorder or convert its columns. A modality that is not there is a column of None: "
        "fusions and heads for missing blocks do without it.",
    ]


SOUND = (np.zeros(800, dtype=np.float32), 8000)
OF_ANOTHER_KIND = {
    "text to paths": ({"title": "a.jpg"}, "held texts and now holds paths of images"),
    "text to numbers": ({"title": 3}, "held texts and now holds numbers, such as 3"),
    "paths to long text": ({"photo": "words and " * 10_000}, "now holds texts, such as 'words"),
    "paths to text": ({"photo": "a red shoe"}, "held images and now holds texts"),
    "images to sounds": ({"photo": "a.wav"}, "held images and now holds paths of sounds"),
    "paths to arrays": ({"photo": objects([SOUND] * N_ROWS)}, "now holds sounds, such as tuple"),
    "paths to numbers": ({"photo": 1.0}, "held images and now holds numbers"),
    "numbers to strings": ({"price": "12"}, "held numbers and now holds strings, such as '12'"),
    "numbers to dates": ({"price": pd.Timestamp(0)}, "held numbers and now holds dates"),
    "categories to codes": ({"colour": 1}, "held categories and now holds numbers"),
}


@pytest.mark.parametrize(("changed", "said"), OF_ANOTHER_KIND.values(), ids=OF_ANOTHER_KIND.keys())
def test_columns_of_another_kind(table, changed, said):
    model = features().fit(table)
    with pytest.raises(ValueError, match="not like that of fit") as caught:
        model.transform(table.assign(**changed))
    assert f"column {next(iter(changed))!r} {said}" in str(caught.value) or said in str(
        caught.value
    )
    assert str(caught.value).count("\n- ") == 1


def test_swapped_columns(table):
    model = features().fit(table)
    with pytest.raises(ValueError, match=r"(?s)'title' held texts.*'photo' held images"):
        model.transform(table.assign(title=table["photo"], photo=table["title"]))


def fine_tables(table):
    arrays = [np.asarray(Image.open(path)) for path in table["photo"]]
    return {
        "other order": table[table.columns[::-1]],
        "more columns": table.assign(more=1),
        "fewer columns that nobody takes": table.drop(columns="unused"),
        "one row": table[3:4],
        "nothing present": table.assign(title=None, photo=np.nan, sensor=None),
        "numbers missing": table.assign(price=None),
        "arrays": table.assign(photo=objects(arrays)),
        "grey arrays": table.assign(photo=objects([array[..., 0] / 255 for array in arrays])),
        "bytes": table.assign(photo=objects(Path(path).read_bytes() for path in table["photo"])),
        "paths": table.assign(photo=objects(map(Path, table["photo"]))),
        "one of them": table.assign(photo=objects([*table["photo"][:-1], arrays[0]])),
        "one text is a path": table.assign(title=["a.jpg", *table["title"][1:]]),
        "a row whose text is a path": table[:1].assign(title="a.jpg"),
        "texts that end so": table.assign(title="see page.csv"),
        "long texts": table.assign(title="a word " * 10_000 + "a.jpg"),
        "long texts without spaces": table.assign(title="word" * 10_000 + ".jpg"),
        "one word": table.assign(title="shoe"),
        "whole numbers": table.assign(price=1),
        "flags": table.assign(price=True),
        "nullable": table.convert_dtypes(),
        "categories": table.assign(colour=table["colour"].astype("category")),
        "a new category": table[:2].assign(colour="a.csv"),
        "integers of series": table.assign(sensor=objects(np.ones((N_ROWS, 9, 1), dtype=np.uint8))),
        "lists": table.assign(sensor=objects([[1.0, 2.0, None]] * N_ROWS)),
    }


def test_no_false_alarm(table):
    model = features().fit(table)
    for name, fine in fine_tables(table).items():
        blocks = model.transform(fine)
        assert len(blocks) == len(fine), name
    no_numbers = features(price=("drop", ["price"]), colour=("drop", "colour")).fit(table)
    assert len(no_numbers.transform(table[:0])) == 0


def test_a_column_that_fit_saw_missing_throughout_is_not_judged(table):
    model = features(price=("passthrough", ["price"])).fit(table.assign(photo=None, price=np.nan))
    assert model.schema_["photo"] == "unknown"
    assert model.schema_["price"] == "unknown"
    assert model.transform(table).present.all()


def test_dates_and_mixed_cells_are_not_judged(table):
    def years(cells):
        return pd.to_datetime(pd.Series(list(cells))).dt.year.to_numpy(float).reshape(-1, 1)

    def lengths(cells):
        return np.array([[len(str(cell))] for cell in cells], dtype=float)

    days = table.assign(
        price=pd.date_range("2020", periods=N_ROWS), title=objects(["a", 1] * (N_ROWS // 2))
    )
    own = {"price": (FunctionTransformer(years), "price")}
    own["title"] = (FunctionTransformer(lengths), "title")
    model = features(**own).fit(days)
    assert model.schema_["price"] == "unknown"
    assert model.schema_["title"] == "unknown"
    assert model.transform(days.assign(price="2020-01-01", title="words")).present.all()


def test_a_single_bad_cell_is_named_by_its_reader_and_the_rest_noted(table):
    model = features(title=(TfidfEmbedder(), "title")).fit(table)
    with pytest.raises(ReadError, match=r"row 0 \(index 4\), column 'title'") as caught:
        model.transform(table[4:5].assign(title=3, photo="a.wav"))
    assert caught.value.row == 0
    assert any(
        "Unlike fit: column 'title' held texts and now holds numbers, such as 3." in note
        for note in caught.value.__notes__
    )
    assert any(
        "'photo' held images and now holds paths of sounds" in note
        for note in caught.value.__notes__
    )


def test_a_single_unreadable_cell_still_becomes_missing(table):
    model = features(
        title=(TfidfEmbedder(on_error="missing"), "title"),
        photo=(ColorHistogramEmbedder(image_size=16, on_error="missing"), "photo"),
    ).fit(table)
    with pytest.warns(BadCellWarning, match="1 unreadable"):
        blocks = model.transform(table[4:5].assign(title=3, photo="a.wav"))
    assert blocks.present[0].tolist() == [False, False, True, True, True]


def test_a_closed_file_is_left_to_the_reader(table):
    model = features().fit(table)
    closed = BytesIO(Path(table["photo"][0]).read_bytes())
    closed.close()
    with pytest.raises(ReadError, match="row 0, column 'photo'"):
        model.transform(table[:4].assign(photo=objects([closed] * 4)))


def test_a_number_for_a_table_is_judged_in_one_row(table):
    model = features().fit(table)
    with pytest.raises(ValueError, match=r"(?s)'price' held numbers.*'colour' held categories"):
        model.transform(table[:1].assign(price="12", colour=4))


def test_one_column_for_several_transformers(table):
    model = ModalityTransformer(
        [("codes", OneHotEncoder(), ["title"]), ("letters", LetterCounts(), "title")]
    ).fit(table)
    assert model.schema_ == {"title": "text"}


@pytest.mark.filterwarnings("ignore:Cells of")
def test_a_whole_pipeline_says_it(table):
    y = np.arange(N_ROWS) % 2
    part = table.drop(columns=["unused", "sensor"])
    model = multimodal_pipeline(part).fit(part, y)
    assert model["features"].schema_ == {
        name: SCHEMA[name] for name in ("title", "photo", "price", "colour")
    }
    with pytest.raises(ValueError, match="column 'photo' \\(image\\) is missing; new columns of"):
        model.predict(part.rename(columns={"photo": "photos"}))
    assert len(model.predict(part.assign(photo=None)[::-1])) == N_ROWS
