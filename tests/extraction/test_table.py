import os

import numpy as np
import pytest

from mmsk.extraction import _table
from mmsk.extraction._table import KEY, Table

WIDTH = 3


def digest(number):
    return number.to_bytes(16, "big")


def digests(*numbers):
    return [digest(number) for number in numbers]


def row(number):
    return np.array([number + 1, -number, 0.1 * number], dtype=np.float32)


def filled(folder, numbers=range(6)):
    table = Table(folder, WIDTH)
    table.append(digests(*numbers), np.stack([row(number) for number in numbers]))
    return table


def check(table, numbers, missing=()):
    """Every row that is found is right, and only `missing` are not found."""
    found, rows = table.read(digests(*numbers))
    expected = [number for number in numbers if number not in missing]
    assert [number for number, there in zip(numbers, found, strict=True) if there] == expected
    assert rows.shape == (len(expected), WIDTH)
    assert all(
        rows[place].tobytes() == row(number).tobytes() for place, number in enumerate(expected)
    )


def test_an_empty_table_has_no_rows(tmp_path):
    table = Table(tmp_path, WIDTH)
    table.refresh()
    check(table, [1, 2], missing=[1, 2])
    check(table, [])
    assert not list(tmp_path.iterdir())


@pytest.mark.parametrize("numbers", [range(6), [5, 0, 3], [3, 99, 4, 2], [4]])
def test_rows_come_as_they_were_asked_for(tmp_path, numbers):
    check(filled(tmp_path), numbers, missing=[99])
    fresh = Table(tmp_path, WIDTH)
    fresh.refresh()
    for _ in range(2):
        check(fresh, numbers, missing=[99])


def test_values_are_kept_bit_for_bit(tmp_path):
    values = np.array([np.nan, -0.0, np.inf, 1e-45], dtype=np.float32)
    values[0:1].view(np.uint32)[:] = 0x7FC12345
    table = Table(tmp_path, 4)
    table.append(digests(1), values[None])
    assert table.read(digests(1))[1].tobytes() == values.tobytes()


def test_rows_of_other_writers_are_seen_after_a_look(tmp_path):
    first, second = filled(tmp_path, [1, 2]), filled(tmp_path, [3])
    check(first, [1, 2, 3], missing=[3])
    first.refresh()
    check(first, [1, 2, 3])
    check(second, [1, 2, 3])


def test_nothing_is_written_twice(tmp_path):
    filled(tmp_path, [1, 2])
    filled(tmp_path, [2, 3, 1])
    assert (tmp_path / "keys.bin").stat().st_size == 3 * KEY.itemsize
    assert (tmp_path / "rows.bin").stat().st_size == 3 * 4 * WIDTH


def test_files_are_for_their_owner_only(tmp_path):
    before = os.umask(0)
    try:
        filled(tmp_path)
    finally:
        os.umask(before)
    assert {oct(file.stat().st_mode & 0o777) for file in tmp_path.iterdir()} == {"0o600"}


def test_copies_in_memory_are_bounded(tmp_path, monkeypatch):
    monkeypatch.setattr(_table, "MOST_COPIED_BYTES", 4 * 4 * WIDTH)
    table = filled(tmp_path, range(10))
    for numbers in ([0, 1, 2], [2, 3], [1, 9, 2, 8], range(10), [0, 5]):
        check(table, list(numbers))
        assert table.copied_bytes <= 4 * WIDTH * max(4, len(numbers))


def test_copies_are_kept_where_they_are_wanted(tmp_path):
    table = filled(tmp_path, range(10))
    table.keep_copies = False
    check(table, [1, 9, 2])
    assert table.copied_bytes == 0
    table.keep_copies = True
    check(table, [1, 9])
    assert table.copied_bytes == 2 * 4 * WIDTH


@pytest.mark.parametrize("file", ["keys.bin", "rows.bin"])
@pytest.mark.parametrize("n_bytes", [1, KEY.itemsize - 1, KEY.itemsize, 30, 10**6])
@pytest.mark.parametrize("seen", [False, True])
def test_shortened_files(tmp_path, file, n_bytes, seen):
    table = filled(tmp_path) if seen else Table(tmp_path, WIDTH)
    if not seen:
        filled(tmp_path)
    path = tmp_path / file
    os.truncate(path, max(0, path.stat().st_size - n_bytes))
    table.refresh()
    _, rows = table.read(digests(*range(6)))
    found, rows = table.read(digests(*range(6)))
    for number, values in zip(np.flatnonzero(found), rows, strict=True):
        assert values.tobytes() == row(number).tobytes()
    table.append(digests(*range(6)), np.stack([row(number) for number in range(6)]))
    check(table, range(6))
    fresh = Table(tmp_path, WIDTH)
    fresh.refresh()
    check(fresh, range(6))
    assert fresh.n_damaged == 0


@pytest.mark.parametrize("file", ["keys.bin", "rows.bin"])
def test_removed_files(tmp_path, file):
    filled(tmp_path)
    (tmp_path / file).unlink()
    table = Table(tmp_path, WIDTH)
    table.refresh()
    check(table, range(6), missing=range(6))
    table.append(digests(*range(6)), np.stack([row(number) for number in range(6)]))
    check(table, range(6))


@pytest.mark.parametrize("place", range(6 * KEY.itemsize))
def test_a_flipped_bit_in_the_keys(tmp_path, place):
    flip(filled(tmp_path).keys_file, place)
    check_mended(tmp_path, place // KEY.itemsize)


@pytest.mark.parametrize("place", range(0, 6 * 4 * WIDTH, 5))
def test_a_flipped_bit_in_the_rows(tmp_path, place):
    flip(filled(tmp_path).rows_file, place)
    assert check_mended(tmp_path, place // (4 * WIDTH)) == 1


def flip(file, place):
    content = bytearray(file.read_bytes())
    content[place] ^= 1 << place % 8
    file.write_bytes(content)


def check_mended(folder, number):
    """The damaged row counts as not there, is written anew, and nobody is told of it again."""
    table = Table(folder, WIDTH)
    table.refresh()
    check(table, range(6), missing=[number])
    table.append(digests(*range(6)), np.stack([row(other) for other in range(6)]))
    check(table, range(6))
    fresh = Table(folder, WIDTH)
    fresh.refresh()
    check(fresh, range(6))
    assert fresh.n_damaged == 0
    return table.n_damaged


def test_rows_at_other_places_are_found_after_files_were_shortened_and_grew(tmp_path):
    table = Table(tmp_path, WIDTH)
    filled(tmp_path, range(6))
    table.refresh()
    for file in (table.keys_file, table.rows_file):
        file.unlink()
    filled(tmp_path, [5, 4, 3, 2, 1, 0, 7])
    table.refresh()
    check(table, range(6))
    assert table.n_damaged == 0


@pytest.mark.parametrize(("file", "n_bytes"), [("rows.bin", 7), ("keys.bin", KEY.itemsize + 3)])
def test_what_a_killed_writer_left_behind_is_cut_off(tmp_path, file, n_bytes):
    filled(tmp_path, range(3))
    with (tmp_path / file).open("ab") as opened:
        opened.write(bytes([255]) * n_bytes)
    table = filled(tmp_path, [3, 4])
    check(table, range(5))
    fresh = Table(tmp_path, WIDTH)
    fresh.refresh()
    check(fresh, range(5))


@pytest.mark.parametrize("error", [OSError(28, "disk full"), KeyboardInterrupt()])
@pytest.mark.parametrize("which", [0, 1])
def test_a_write_that_fails_leaves_the_table_as_it_was(tmp_path, monkeypatch, error, which):
    table = filled(tmp_path, range(3))
    sizes = [file.stat().st_size for file in (table.keys_file, table.rows_file)]
    write, calls = _table._write_at, []

    def failing(path, place, content):
        calls.append(path)
        if len(calls) - 1 == which:
            write(path, place, content[: len(content) // 2])
            raise error
        write(path, place, content)

    monkeypatch.setattr(_table, "_write_at", failing)
    with pytest.raises(type(error), match=r"disk full|^$"):
        table.append(digests(8, 9), np.stack([row(8), row(9)]))
    monkeypatch.undo()
    assert [file.stat().st_size for file in (table.keys_file, table.rows_file)] == sizes
    filled(tmp_path, [4])
    table.refresh()
    check(table, [0, 1, 2, 4, 8], missing=[8])


def test_damage_found_later_brings_no_earlier_damage_back(tmp_path):
    table = filled(tmp_path)
    os.truncate(table.rows_file, 2 * 4 * WIDTH)
    table = Table(tmp_path, WIDTH)
    table.refresh()
    check(table, [1, 2], missing=[2])
    check(table, [3, 4], missing=[3, 4])
    table.append(digests(2, 3), np.stack([row(2), row(3)]))
    check(table, [1, 2, 3])
