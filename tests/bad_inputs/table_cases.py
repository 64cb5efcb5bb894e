"""What is wrong with whole tables, models and processes: 64 to 66."""

from bad_inputs.harness import Elsewhere

TABLES = "tests/bad_inputs/test_tables.py::"
ISOLATION = "tests/extraction/test_isolation.py::"

CASES = []
ELSEWHERE = [
    Elsewhere(
        64,
        "a column that is missing or renamed at predict",
        "an error that names it",
        (
            TABLES + "test_columns_that_are_not_there_are_named",
            "tests/compose/test_schema.py::test_all_differences_in_one_error",
        ),
    ),
    Elsewhere(
        64,
        "a column of another kind at predict, such as paths that became texts",
        "an error that says so for each",
        ("tests/compose/test_schema.py::test_columns_of_another_kind",),
    ),
    Elsewhere(
        64,
        "columns in another order at predict",
        "found by name",
        (TABLES + "test_columns_are_found_by_name_in_any_order",),
    ),
    Elsewhere(
        65,
        "a modality missing throughout at predict",
        "a prediction without it, or an error where the head takes no gaps",
        (
            TABLES + "test_a_modality_may_be_missing_throughout",
            TABLES + "test_a_head_that_takes_no_gaps_says_so",
        ),
    ),
    Elsewhere(
        65,
        "a row with every modality missing",
        "`Row 3 has no modality at all: ...`",
        (
            TABLES + "test_a_row_without_any_modality_is_named",
            "tests/fusion/test_base.py::test_rows_without_any_modality",
        ),
    ),
    Elsewhere(
        66,
        'a cell that kills its process, with `decode_workers="process"`',
        "the row is reported, the others are read",
        (
            ISOLATION + "test_a_cell_that_kills_its_process_is_reported_and_no_other",
            ISOLATION + "test_a_cell_that_takes_too_much_memory_is_reported",
            ISOLATION + "test_batches_are_filled_and_rows_stay_aligned",
        ),
    ),
    Elsewhere(
        66,
        "300 mutations of each format",
        "read, or a `ReadError`; `benchmarks/fuzz.py` has the figures",
        (
            "tests/image/test_formats.py::test_mutated_files_are_pictures_or_read_errors",
            "tests/audio/test_mutations.py::test_mutated_files_are_sounds_or_read_errors",
            "tests/series/test_reader.py::test_mutated_files_are_read_or_refused",
            "tests/video/test_hostile.py::test_mutations_are_read_or_refused",
        ),
    ),
]
