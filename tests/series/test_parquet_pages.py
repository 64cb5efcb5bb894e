import io

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from mmsk.series._parquet_pages import page_bytes


def written(values, **options):
    file = io.BytesIO()
    pq.write_table(pa.table({"x": values}), file, **options)
    return file


def chunks(file):
    metadata = pq.read_metadata(file)
    for group in range(metadata.num_row_groups):
        chunk = metadata.row_group(group).column(0)
        yield chunk.dictionary_page_offset or chunk.data_page_offset, chunk


@pytest.mark.parametrize(
    "options",
    [
        {},
        {"use_dictionary": False, "compression": "none"},
        {"use_dictionary": False, "compression": "zstd", "data_page_size": 1000},
        {"data_page_version": "2.0", "compression": "gzip", "row_group_size": 300},
        {"write_statistics": False, "max_rows_per_page": 100},
    ],
)
def test_pages_sum_up_to_what_the_footer_says(options):
    values = np.random.default_rng(0).integers(0, 50, 1000) / 7
    file = written(values, **options)
    for start, chunk in chunks(file):
        sizes = list(page_bytes(file, start, chunk.total_compressed_size))
        headers = chunk.total_uncompressed_size - sum(sizes)  # the footer counts headers, too
        assert 0 < headers < 200 * len(sizes)
        if "max_rows_per_page" in options:
            assert len(sizes) > 9


def test_other_bytes_are_no_pages():
    file = written(np.arange(1000.0))
    for content in (b"", b"PAR1", bytes(100), b"\x19" * 100, b"\x1c" * 100, b"\xff" * 100):
        with pytest.raises(ValueError, match="page"):
            list(page_bytes(io.BytesIO(content), 0, 50))
    content = bytearray(file.getvalue())
    outcomes = set()
    for place in np.random.default_rng(0).integers(4, 40, 200):
        content[place] = (37 * content[place] + 11) % 256
        try:
            sizes = list(page_bytes(io.BytesIO(content), 4, 500))
        except ValueError:
            outcomes.add("refused")
        else:
            assert len(sizes) <= 500, "each takes a byte or more"
            outcomes.add("read")
    assert outcomes == {"read", "refused"}
