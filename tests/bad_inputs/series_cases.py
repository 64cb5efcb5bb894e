"""Bad series, and odd ones that are read: 63."""

import io
from functools import cache, partial

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq
from bad_inputs.harness import Case, Subject, file, given

from mmsk.series import SeriesReader, SeriesStatistics

ACCEPTED = r"not a series; accepted are \.npy, \.csv \(UTF-8 text\) and \.parquet"


def statistics(**parameters):
    return SeriesStatistics(["mean", "std", "trend"], **{"batch_size": 8, **parameters})


def wave(n_points=20, seed=0):
    return np.random.default_rng(seed).normal(size=(n_points, 2)).astype(np.float32)


@cache
def good_series():
    return [wave(seed=seed) for seed in range(1, 11)]


SERIES = Subject("series", statistics, good_series)
case = partial(Case, 63, subject=SERIES)
refused = partial(case, stage="check")
broken = partial(case, stage="decode")
accepted = partial(case, outcome="accepted")
WAVE = wave()

# Arrays and lists


def changed(place, value):
    values = WAVE.astype(np.float64)
    values[place] = value
    return values


GAP = changed((3, 1), np.nan)
ON_THE_LINE = changed((3, 1), (float(WAVE[2, 1]) + float(WAVE[4, 1])) / 2)
MASKED = np.ma.masked_array(WAVE.astype(np.float64), np.isnan(GAP))
WITH_NONE = [[None if np.isnan(value) else value for value in point] for point in GAP.tolist()]
ARRAYS = [
    refused(
        "points of unequally many channels",
        make=given([[1.0, 2.0], [3.0]]),
        message="a list that holds neither numbers nor lists of equally many numbers",
        cause=ValueError,
    ),
    accepted("another length", make=given(wave(35)), note="lengths may differ"),
    accepted("a single point", make=given(wave(1)), note="finite features"),
    refused("no points", make=given(WAVE[:0]), message="empty series: 0 points of 2 channels$"),
    refused(
        "another number of channels",
        make=given(np.ones((9, 3))),
        message="3 channels, but fit saw 2$",
    ),
    refused(
        "three axes",
        make=given(WAVE[None]),
        message=r"an array of shape \(1, 20, 2\), not \(time,\) or \(time, channels\)$",
    ),
    *(
        accepted(
            f"a gap, {kind}",
            make=given(cell),
            same_as=given(ON_THE_LINE),
            note="interpolated within its channel",
        )
        for kind, cell in {
            "NaN": GAP,
            "a masked value": MASKED,
            "None": WITH_NONE,
            "null in a table": pd.DataFrame(GAP).convert_dtypes(),
        }.items()
    ),
    refused(
        "a gap where none is allowed",
        make=given(GAP),
        parameters={"reader": SeriesReader(gaps="raise")},
        message="a gap at point 3 of channel 1, and gaps='raise'$",
    ),
    refused(
        "a channel of gaps only",
        make=given(changed((slice(None), 1), np.nan)),
        message="channel 1 holds no value, only gaps$",
    ),
    accepted(
        "a constant channel", make=given(changed((slice(None), 1), 7)), note="finite features"
    ),
    refused("infinity", make=given(changed((3, 1), -np.inf)), message="infinite values$"),
    refused(
        "a value beyond float32",
        make=given(changed((3, 1), 1e39)),
        message=r"values beyond 3\.4e38, the largest of float32$",
    ),
    refused(
        "text among numbers",
        make=given(pd.DataFrame({"x": [1.0, 2.0], "y": ["3", "4"]})),
        message="column 'y' holds .*, not numbers, such as '3'$",
    ),
    refused("a dict", make=given({"x": [1, 2]}), message="not a series: dict; accepted are"),
]

# Time stamps

TIMED = {"reader": SeriesReader(time_column="t")}


def timed(times):
    return pd.DataFrame({"t": times, "x": [1.0, 2, 3, 4], "y": [4.0, 3, 2, 1]})


def refused_times(title, times, message, **options):
    return refused(title, make=given(timed(times)), parameters=TIMED, message=message, **options)


TIMES = [
    refused_times(
        "time stamps out of order",
        [0, 2, 1, 3],
        "the time stamp of point 2 is before the one before: sort and merge them$",
    ),
    refused_times(
        "a time stamp that repeats",
        ["2030-01-01", "2030-01-02", "2030-01-02", "2030-01-03"],
        "the time stamp of point 2 repeats the one before: sort and merge them$",
    ),
    refused_times(
        "a time stamp that is missing",
        [0, None, 2, 3],
        "the time stamp of point 1 is missing or infinite$",
    ),
    refused_times(
        "time stamps that are no times",
        ["a", "b", "c", "d"],
        "time stamps that are neither numbers nor dates in ISO 8601$",
        cause=ValueError,
    ),
    refused_times(
        "time stamps next to each other",
        [0, 1e-320, 1, 2],
        "time stamps 1e-320 seconds apart$",
    ),
    refused_times(
        "time stamps far apart",
        [0, 1e-3, 1, 1e9],
        r"[\d,]+ points x 2 channels = [\d,]+ values, over max_values=50,000,000$",
        bomb=True,
    ),
    refused(
        "a table without its time stamps",
        make=given(timed([0, 1, 2, 3])[["x", "y"]]),
        parameters=TIMED,
        message=r"no column 't' for the times among \['x', 'y'\]$",
    ),
    accepted(
        "uneven steps",
        make=given(timed([0, 1, 3, 4])),
        parameters=TIMED,
        same_as=given(np.array([[1, 4], [2, 3], [2.5, 2.5], [3, 2], [4, 1]])),
        note="interpolated at even steps",
    ),
]

# Files


def npy(array, **options):
    target = io.BytesIO()
    np.save(target, array, **options)
    return target.getvalue()


def parquet(frame, **options):
    target = io.BytesIO()
    pq.write_table(pa.Table.from_pandas(frame), target, **options)
    return target.getvalue()


def _longest_line(folder):
    """Write a file that takes no space: its second line is a hole."""
    path = folder / "7.csv"
    with path.open("wb") as target:
        target.write(b"x,y\n")
        target.truncate(300_000_000)
    return path


def _short_lines(folder):
    return file("7.csv", b"1,2\n" * 1_000_000)(folder)


def _page_of_gigabytes(folder):
    """A file of 20 kB or so, of which one page unpacks to 1 GB, by its own header."""
    n_values = 100_000
    content = parquet(
        pd.DataFrame({"x": np.zeros(n_values)}),
        compression="zstd",
        use_dictionary=False,
        max_rows_per_page=n_values,
        data_page_size=2**30,
        write_batch_size=n_values,
    )
    start = 4 + 2 + 1  # behind the magic, the kind of page, and the number of the field
    length = next(place for place in range(9) if content[start + place] < 128) + 1
    claimed = b"\x80\xa8\xd6\xb9\x07"  # 1,000,000,000 as Thrift writes it
    return content[:start] + claimed + content[start + length :]


def _other_footer(content):
    """Let the footer say 101 rows where there are 100."""
    length = int.from_bytes(content[-8:-4], "little")
    footer = content[-8 - length : -8].replace(b"\xc8\x01", b"\xca\x01")
    return content[: -8 - length] + footer + content[-8:]


NPY = npy(WAVE)
HUGE = npy(np.zeros((9, 2)))[:128].replace(b"(9, 2), }         ", b"(9999999999, 2), }")
CSV = b"x,y\n" + b"1.5,2\n" * 20
ROWS = parquet(pd.DataFrame({"x": np.arange(100.0), "y": np.ones(100)}))
FILES = [
    accepted("a .npy file named .csv", make=file("7.csv", NPY), same_as=given(WAVE)),
    broken(
        "a .npy file cut in half",
        make=file("7.npy", NPY[: len(NPY) - 80]),
        message=r"truncated \.npy file: 80 of 160 bytes of shape \(20, 2\)$",
    ),
    refused(
        "a .npy file that promises 160 GB",
        make=file("7.npy", HUGE),
        message="9,999,999,999 points x 2 channels = .* values, over max_values=50,000,000$",
        bomb=True,
    ),
    refused(
        "a .npy file that holds a pickle",
        make=file("7.npy", npy(np.array([print]), allow_pickle=True)),
        message=r"a \.npy file of dtype object, not of numbers$",
    ),
    broken(
        "a .npy file whose header is no header",
        make=file("7.npy", NPY[:20] + b"(" * 60 + NPY[80:]),
        message=r"damaged \.npy header: ",
        cause=Exception,
    ),
    broken(
        "a .csv file with a field too few",
        make=file("7.csv", CSV + b"1.5\n"),
        message=r"damaged \.csv file: line 22 has 1 fields, not 2$",
    ),
    refused(
        "a .csv file with text",
        make=file("7.csv", CSV + b"1.5,none at all\n"),
        message="column 'y' holds .*, not numbers, such as",
    ),
    broken(
        "a .csv file with a quote that goes on",
        make=file("7.csv", b'x\n"1\n"\n3\n'),
        message=r"damaged \.csv file: quotes that go on over the end of a line$",
    ),
    broken(
        "a picture renamed to .csv",
        make=file("7.csv", b"\xff\xd8\xff\xe0\0\x10JFIF"),
        message=ACCEPTED,
        cause=UnicodeDecodeError,
    ),
    refused(
        "a .csv file with a line of 300 MB",
        make=_longest_line,
        message=r"line 2 of a \.csv file has over 16,777,216 characters$",
        bomb=True,
    ),
    refused(
        "a .csv file of more lines than are allowed",
        make=_short_lines,
        parameters={"reader": SeriesReader(max_values=100_000)},
        message="[\\d,]+ points x 2 channels = [\\d,]+ values, over max_values=100,000$",
        bomb=True,
    ),
    broken(
        "a .parquet file cut in half",
        make=file("7.parquet", ROWS[: len(ROWS) // 2]),
        message=r"damaged \.parquet file: ",
        cause=Exception,
    ),
    broken(
        "a .parquet file whose footer lies about rows",
        make=file("7.parquet", _other_footer(ROWS)),
        message=r"damaged \.parquet file: 100 rows where its footer says 101$",
    ),
    refused(
        "a .parquet file with a page that unpacks to 1 GB",
        make=_page_of_gigabytes,
        message=r"a page of 1,000,000,000 bytes when unpacked, over 134,217,728: write the",
        bomb=True,
    ),
    refused(
        "a .parquet file of lists",
        make=given(parquet(pd.DataFrame({"x": [[1.0], [2.0]]}))),
        message="column 'x' holds list<.*, not numbers$",
    ),
    refused(
        "more bytes than are allowed",
        make=file("7.npy", NPY),
        parameters={"reader": SeriesReader(max_bytes=100)},
        message="[\\d,]+ bytes, over max_bytes=100$",
    ),
]

CASES = [*ARRAYS, *TIMES, *FILES]
ELSEWHERE = []
