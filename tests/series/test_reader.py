import io
import tracemalloc

import numpy as np
import pandas as pd
import polars as pl
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from mmsk.exceptions import MissingDependencyError, ReadError
from mmsk.samples import Series
from mmsk.series import SeriesReader

READER = SeriesReader()
VALUES = np.array([[1, 2], [3, 4], [5, 6.5]])


def refused(cell, reason, reader=READER):
    with pytest.raises(ReadError, match=reason) as caught:
        reader.read(cell)
    return caught.value


def npy(array, **options):
    file = io.BytesIO()
    np.save(file, array, **options)
    return file.getvalue()


def parquet(frame):
    file = io.BytesIO()
    frame.to_parquet(file)
    return file.getvalue()


FRAME = pd.DataFrame(VALUES, columns=["x", "y"])
CSV = FRAME.to_csv(index=False).encode()
FILES = {"npy": npy(VALUES), "csv": CSV, "parquet": parquet(FRAME)}
SAME = {
    "array": VALUES,
    "array of float16": VALUES.astype(np.float16),
    "array in the other order": np.asfortranarray(VALUES),
    "list": VALUES.tolist(),
    "tuple": tuple(map(tuple, VALUES)),
    "pandas": FRAME,
    "nullable": FRAME.convert_dtypes(),
    "arrow": FRAME.convert_dtypes(dtype_backend="pyarrow"),
    "polars": pl.DataFrame(FRAME.to_dict("list")),
    "series": Series(VALUES.astype(np.float32)),
    "bytes": FILES["npy"],
    "bytearray": bytearray(FILES["csv"]),
    "file object": io.BytesIO(FILES["parquet"]),
    "npy in the other order": npy(np.asfortranarray(VALUES)),
    "npy of big-endian numbers": npy(VALUES.astype(">f4")),
    "csv with semicolons": CSV.replace(b",", b";"),
    "csv with tabs and a byte order mark": b"\xef\xbb\xbf" + CSV.replace(b",", b"\t"),
    "csv with spaces and a blank end": CSV.replace(b",", b" , ") + b"\n \n",
    "csv without names": CSV.split(b"\n", 1)[1],
    "csv of Windows": CSV.replace(b"\n", b"\r\n"),
}


@pytest.mark.parametrize("kind", SAME)
def test_every_container_gives_the_same_values(kind):
    series = READER.read(SAME[kind])
    np.testing.assert_array_equal(series.values, VALUES.astype(np.float32))
    assert series.sample_rate is None


@pytest.mark.parametrize("kind", FILES)
def test_the_content_of_a_file_decides_not_its_name(tmp_path, kind):
    (tmp_path / "a.csv").write_bytes(FILES[kind])
    for cell, root in ((tmp_path / "a.csv", None), ("a.csv", tmp_path)):
        series = SeriesReader(root=root).read(cell)
        np.testing.assert_array_equal(series.values, VALUES.astype(np.float32))


@pytest.mark.parametrize(
    "cell", [[1, 2], np.array([1, 2], "u1"), pd.Series([1, 2]), pl.Series([1, 2]), b"1\n2"]
)
def test_one_dimension_is_one_channel(cell):
    np.testing.assert_array_equal(READER.read(cell).values, [[1], [2]])


def test_channels_keep_their_names():
    for cell in (FRAME, pl.DataFrame(FRAME.to_dict("list")), CSV, FILES["parquet"]):
        assert READER.read(cell).channels == ("x", "y")
    assert READER.read(VALUES).channels is None
    assert READER.read(b"1,2\n3,4").channels is None
    assert READER.read(pd.Series([1, 2], name="x")).channels is None


GAPS = {
    "array": np.array([np.nan, 1, np.nan, np.nan, 4, np.nan]),
    "list": [None, 1, None, None, 4, None],
    "pandas": pd.Series([None, 1, None, None, 4, None], dtype="Int64"),
    "polars": pl.Series([None, 1, None, None, 4, None]),
    "csv without a name": b"\n1\n\n\n4\nnull",
    "csv of two": b"x\ty\n0\t\n0\t1\n0\t\n0\tNA\n0\t4\n0\t\n",
    "csv": b"x\n\n1\nNA\nnan\n4\nNULL\n",
    "parquet": parquet(pd.DataFrame({"x": pd.array([None, 1, None, None, 4, None], "Int64")})),
}


@pytest.mark.parametrize("kind", GAPS)
def test_gaps_are_interpolated(kind):
    np.testing.assert_array_equal(READER.read(GAPS[kind]).values[:, -1], [1, 1, 2, 3, 4, 4])
    refused(
        GAPS[kind], r"a gap at point 0 of channel \d, and gaps='raise'", SeriesReader(gaps="raise")
    )


def test_what_is_masked_or_not_available_is_a_gap():
    masked = np.ma.masked_array([0, 99, 2], [False, True, False])
    for cell in (masked, [0, pd.NA, 2]):
        np.testing.assert_array_equal(READER.read(cell).values.ravel(), [0, 1, 2])


def test_gaps_belong_to_their_channel():
    cell = np.array([[1, np.nan], [np.nan, 5], [3, 7]])
    np.testing.assert_array_equal(READER.read(cell).values, [[1, 5], [2, 5], [3, 7]])
    assert np.isnan(cell).sum() == 2, "the cell is left as it is"
    refused([[1, None], [2, None]], "channel 1 holds no value, only gaps")
    refused(pd.DataFrame({"a": [1.0], "b": [np.nan]}), "channel 'b' holds no value")


def test_times_give_the_rate():
    frame = pd.DataFrame({"t": [5.0, 5.25, 5.5], "x": [1, 2, 3]})
    series = SeriesReader(time_column="t").read(frame)
    assert (series.sample_rate, series.channels) == (4.0, ("x",))
    stamps = pd.date_range("2020", periods=3, freq="250ms")
    for index in (stamps, stamps.tz_localize("CET"), stamps - stamps[0]):
        assert READER.read(frame[["x"]].set_index(index)).sample_rate == 4.0
    dates = b"t,x\n2020-01-01T00:00:00,1\n2020-01-01T00:00:02,2\n"
    assert SeriesReader(time_column="t").read(dates).sample_rate == 0.5
    assert SeriesReader(time_column="t").read(frame[:1]).sample_rate is None
    for cell in (VALUES, [1, 2], pd.Series([1, 2]), b"1,2\n3,4"):
        assert SeriesReader(time_column="t").read(cell).sample_rate is None
    refused(
        frame[["x"]], r"no column 't' for the times among \['x'\]", SeriesReader(time_column="t")
    )


def test_uneven_steps_are_evened_out():
    frame = pl.DataFrame(
        {"t": [0.0, 1, 2, 5, 6], "x": [0.0, 1, 2, 5, None], "y": [0.0, 2, 4, 1, 0]}
    )
    series = SeriesReader(time_column="t").read(frame)
    np.testing.assert_array_equal(series.values[:, 0], [0, 1, 2, 3, 4, 5, 5])
    np.testing.assert_array_equal(series.values[:, 1], [0, 2, 4, 3, 2, 1, 0])


def test_a_gap_at_uneven_times_lies_on_the_line():
    frame = pd.DataFrame({"t": [0, 1, 5, 6], "x": [0, 1, None, 6]})
    series = SeriesReader(time_column="t").read(frame)
    np.testing.assert_allclose(series.values.ravel(), np.arange(7), rtol=1e-6)


def test_jitter_of_a_clock_changes_no_value():
    times = np.arange(100) / 50 + np.random.default_rng(0).uniform(-5e-5, 5e-5, 100)
    frame = pd.DataFrame({"t": times, "x": np.arange(100.0)})
    series = SeriesReader(50, time_column="t").read(frame)
    np.testing.assert_array_equal(series.values.ravel(), np.arange(100))
    assert SeriesReader(time_column="t").read(frame).sample_rate == pytest.approx(50, rel=1e-4)


def test_sample_rate_is_given_or_reached():
    assert SeriesReader(20).read(VALUES).sample_rate == 20
    series = SeriesReader(20).read(Series(np.arange(5, dtype=np.float32)[:, None], 10.0))
    assert series.sample_rate == 20
    np.testing.assert_allclose(series.values.ravel(), np.arange(9) / 2)


def test_a_constant_channel_and_one_point_are_accepted():
    np.testing.assert_array_equal(READER.read(np.ones((4, 2))).values, np.ones((4, 2)))
    assert READER.read([7]).values.tolist() == [[7]]


def test_a_file_object_can_be_read_twice():
    file = io.BytesIO(FILES["parquet"])
    assert READER.read(file).n_points == READER.read(file).n_points == 3


class Trap:
    """Would run code where it is unpickled."""

    def __reduce__(self):
        return (pytest.fail, ("a pickle was loaded",))


def test_pickles_are_never_loaded():
    refused(npy(np.array([Trap()]), allow_pickle=True), "a .npy file of dtype object")


def test_a_header_that_promises_gigabytes_takes_no_memory():
    lying = npy(np.zeros((3333333, 2), "u1"))[: 128 + 6]
    tracemalloc.start()
    try:
        refused(lying, r"truncated .npy file: 6 of 6666666 bytes of shape \(3333333, 2\)")
        assert tracemalloc.get_traced_memory()[1] < 2**20
    finally:
        tracemalloc.stop()


SMALL = SeriesReader(max_values=5)


@pytest.mark.parametrize("kind", ["npy", "csv", "parquet", "pandas", "array"])
def test_size_limits(kind):
    reason = "3 points x 2 channels = 6 values, over max_values=5"
    refused((FILES | SAME)[kind], reason, SMALL)


def peak_of_refusal(content, reason, reader=READER):
    tracemalloc.start()
    try:
        refused(content, reason, reader)
        return tracemalloc.get_traced_memory()[1]
    finally:
        tracemalloc.stop()


def test_a_line_without_end_takes_little_memory(tmp_path):
    path = tmp_path / "a.csv"
    for content in (b"1" * 30_000_000, b"x\n" + b"1" * 30_000_000):
        path.write_bytes(content)
        reason = r"line \d of a .csv file has over 16,777,216 characters"
        assert peak_of_refusal(path, reason) < 120_000_000
    path.write_bytes(b"," * 10_000_000)
    assert peak_of_refusal(path, "over max_values=1,000,000", SeriesReader(max_values=10**6)) < 1e8


def test_lines_are_counted_before_memory_is_taken(tmp_path):
    path = tmp_path / "a.csv"
    path.write_bytes(b"1\n" * 1_000_000)
    assert peak_of_refusal(path, "over max_values=500,000", SeriesReader(max_values=500_000)) < 1e6


def with_footer(content, old, new):
    """Change a number in the footer, where it is written in as many bytes as before."""
    length = int.from_bytes(content[-8:-4], "little")
    footer = content[-8 - length : -8]
    assert footer.count(old) >= 1
    return content[: -8 - length] + footer.replace(old, new) + content[-8:]


def packed(n_bytes):
    """A column of zeros in one page that unpacks to so many bytes."""
    file = io.BytesIO()
    n_values = n_bytes // 8
    table = pa.table({"x": np.zeros(n_values)})
    pq.write_table(
        table,
        file,
        compression="zstd",
        use_dictionary=False,
        data_page_size=2**31 - 1,
        write_batch_size=n_values,
        row_group_size=n_values,
        max_rows_per_page=n_values,
    )
    return file.getvalue()


def test_a_page_that_unpacks_to_much_is_not_unpacked():
    bomb = packed(2**27 + 8)
    assert len(bomb) < 100_000
    before = pa.total_allocated_bytes(), pa.default_memory_pool().max_memory()
    refused(bomb, "a page of 134,217,[0-9]+ bytes when unpacked, over 134,217,728")
    assert pa.total_allocated_bytes() == before[0]
    assert pa.default_memory_pool().max_memory() == before[1]


def test_a_footer_that_lies_about_rows_is_refused():
    content = parquet(pd.DataFrame({"x": np.arange(100.0)}))
    written, other = (bytes([2 * n & 127 | 128, 2 * n >> 7]) for n in (100, 101))  # as in Thrift
    reason = "damaged .parquet file: 100 rows where its footer says 101"
    refused(with_footer(content, written, other), reason)


def test_text_in_parquet_is_read_for_times_only():
    frame = pd.DataFrame({"t": ["2020-01-01T00:00:00", "2020-01-01T00:00:02"], "x": [1, 2]})
    assert SeriesReader(time_column="t").read(parquet(frame)).sample_rate == 0.5
    frame["t"] = ["1" * 100, "2"]
    refused(parquet(frame), "time stamps that are neither", SeriesReader(time_column="t"))
    named = pd.DataFrame({"x": [1.0, 2.0]}, index=["first", "second"])
    assert READER.read(parquet(named)).values.ravel().tolist() == [1, 2]
    numbers = pd.DataFrame({"t": [0.0, 0.5], "x": [1, 2]})
    assert SeriesReader(time_column="t").read(parquet(numbers)).sample_rate == 2


def test_times_far_apart_take_no_memory():
    frame = pd.DataFrame({"t": [0, 1e-3, 1e9], "x": [1, 2, 3]})
    refused(frame, "over max_values=50,000,000", SeriesReader(time_column="t"))


def test_files_have_limits(tmp_path):
    refused(CSV, "bytes, over max_bytes=5", SeriesReader(max_bytes=5))
    (tmp_path / "in").mkdir()
    (tmp_path / "out.npy").write_bytes(FILES["npy"])
    refused("../out.npy", "the path leaves root", SeriesReader(root=tmp_path / "in"))
    refused(tmp_path, "not a regular file")
    refused("https://example.org/a.csv", "remote input is off")


@pytest.mark.parametrize(
    ("cell", "reason"),
    [
        ([[1], [1, 2]], "neither numbers nor lists of equally many numbers"),
        (["1", "2"], "dtype <U1, not of numbers"),
        ([None, "2"], "dtype object, not of numbers"),
        ([], "empty series: 0 points of 1 channels"),
        (np.zeros((0, 2)), "empty series: 0 points of 2 channels"),
        (np.zeros((2, 0)), "empty series: 2 points of 0 channels"),
        (pd.DataFrame(), "empty series: 0 points of 0 channels"),
        (np.zeros((2, 2, 2)), r"shape \(2, 2, 2\), not \(time,\) or \(time, channels\)"),
        (np.array([1j]), "dtype complex128, not of numbers"),
        (np.array(["2020"], "M8[s]"), r"dtype datetime64\[s\], not of numbers"),
        ([1, np.inf], "infinite values"),
        ([1e300], "values beyond 3.4e38"),
        (pd.DataFrame({"a": ["x"]}), "column 'a' holds str, not numbers, such as 'x'"),
        (pl.DataFrame({"a": ["x"]}), "column 'a' holds str, not numbers, such as 'x'"),
        (pd.DataFrame([[1, 2]], columns=["a", "a"]), "several columns have the same name"),
        (3, "not a series: int; accepted are"),
        ({"a": [1]}, "not a series: dict"),
        (b"", r"empty file \(0 bytes\)"),
        (b"\n\n", "a .csv file without lines"),
        (b"x\n", "empty series: 0 points of 1 channels"),
        (b"<html><p>text</p>\n</html>", "column '<html><p>text</p>' holds str"),
        (b"x,y\n1\n", "damaged .csv file: line 2 has 1 fields, not 2"),
        (b"x,y\n1,2\n3,4,5\n", "damaged .csv file: line 3 has 3 fields, not 2"),
        (b"x\n1,5\n", "line 2 has 2 fields, not 1"),
        (b"\xff\xd8\xff\xe0", r"not a series; accepted are .npy, .csv \(UTF-8 text\) and .parquet"),
        (b"1\0002", "not a series; accepted are"),
        (b"x" * 200_000, "not a series; accepted are"),
        (FILES["npy"][:20], "damaged .npy header"),
        (FILES["npy"][:-1], r"truncated .npy file: 47 of 48 bytes of shape \(3, 2\)"),
        (npy(np.zeros((2, 2, 2))), r"an array of shape \(2, 2, 2\)"),
        (npy(np.array(["a"])), "a .npy file of dtype <U1"),
        (FILES["parquet"][:-9], "damaged .parquet file"),
        (parquet(pd.DataFrame({"a": [[1], [2]]})), "column 'a' holds list<.*>, not numbers"),
        (parquet(pd.DataFrame({"a": ["1", "2"]})), "column 'a' holds .*string, not numbers"),
        ([10**400], "neither numbers nor lists"),
        (b'x\n"1\n"\n3\n', "damaged .csv file: quotes that go on over the end of a line"),
        (b"x,y\n1,2\n\n3,4\n", "damaged .csv file: line 3 has 1 fields, not 2"),
    ],
)
def test_malformed_cells_are_refused(cell, reason):
    refused(cell, reason)


@pytest.mark.parametrize(
    ("times", "reason"),
    [
        ([0, 2, 1], "the time stamp of point 2 is before the one before"),
        ([0, 1, 1], "the time stamp of point 2 repeats the one before"),
        ([0, None, 2], "the time stamp of point 1 is missing"),
        (["a", "b", "c"], "time stamps that are neither numbers nor dates"),
        ([0, 1e-320, 1], "time stamps 1e-320 seconds apart"),
    ],
)
def test_malformed_times_are_refused(times, reason):
    refused(pd.DataFrame({"t": times, "x": [1, 2, 3]}), reason, SeriesReader(time_column="t"))


@pytest.mark.parametrize("kind", FILES)
def test_mutated_files_are_read_or_refused(kind):
    generator = np.random.default_rng(0)
    reader = SeriesReader(max_values=10_000)
    for _ in range(300):
        content = bytearray(FILES[kind])
        for place in generator.integers(0, len(content), generator.integers(1, 6)):
            content[place] = generator.integers(0, 256)
        cut = generator.integers(1, len(content) + 1) if generator.random() < 0.3 else None
        try:
            series = reader.read(bytes(content[:cut]))
        except ReadError:
            continue
        assert np.isfinite(series.values).all()


def test_a_missing_package_is_named(monkeypatch):
    monkeypatch.setitem(__import__("sys").modules, "pyarrow.parquet", None)
    with pytest.raises(MissingDependencyError, match=r"a .parquet file needs .*'mmsk\[series\]'"):
        READER.read(FILES["parquet"])


@pytest.mark.parametrize(
    ("parameters", "reason"),
    [
        ({"sample_rate": 0}, "sample_rate=0 is not a number above 0"),
        ({"time_column": 3}, "time_column=3 is not the name of a column"),
        ({"gaps": "zero"}, "gaps='zero' is not one of 'interpolate', 'raise'"),
        ({"max_values": 0}, "max_values=0 is not an integer of at least 1"),
        ({"max_bytes": 1.5}, "max_bytes=1.5 is not an integer"),
    ],
)
def test_parameters_are_checked(parameters, reason):
    with pytest.raises(ValueError, match=reason):
        SeriesReader(**parameters).check_parameters()


def test_windows_are_copies_of_parts():
    values = np.arange(22.0).reshape(11, 2)
    table = pd.DataFrame(values, columns=["x", "y"])
    reader = SeriesReader(50)
    windows = list(reader.read_windows(table, 4, 3))
    assert [window.values[0, 0] for window in windows] == [0, 6, 12, 14]
    assert str(windows[0]) == "Series(4 points of 2 channels at 50 Hz)"
    assert windows[0].channels == ("x", "y")
    assert not np.shares_memory(windows[0].values, windows[1].values)
    (short,) = reader.read_windows(values[:3], 4)
    np.testing.assert_array_equal(short.values, values[:3])
    with pytest.raises(ValueError, match=r"window_length=0\.5 is not an integer of at least 1"):
        list(reader.read_windows(values, 0.5))
