"""Bad pictures, and odd ones that are read: 1 to 29."""

from bad_inputs.harness import Elsewhere, given
from bad_inputs.picture_files import BOMBS, DAMAGED, NO_PICTURES
from bad_inputs.picture_kinds import CELLS, KINDS
from bad_inputs.pictures import PIXELS, case
from made_pictures import encoded

from mmsk.image import ImageReader

# 27 and 28: paths that may not be followed


def confined(folder):
    return {"reader": ImageReader(root=folder / "root")}


def _beside_root(folder):
    (folder / "root").mkdir()
    (folder / "outside.png").write_bytes(encoded(PIXELS))


def _climbing(folder):
    _beside_root(folder)
    return "../outside.png"


def _linked(folder):
    _beside_root(folder)
    (folder / "root/link.png").symlink_to(folder / "outside.png")
    return "link.png"


def _absolute(folder):
    _beside_root(folder)
    return folder / "outside.png"


def outside(title, make):
    message = r"the path leaves root='.*root'$"
    return case(27, title, make=make, parameters=confined, message=message)


URLS = [
    "http://example.org/7.png",
    "https://example.org/7.png",
    "file:///7.png",
    "s3://bucket/7.png",
]
PATHS = [
    outside("`..` out of root", _climbing),
    outside("a symbolic link out of root", _linked),
    outside("an absolute path out of root", _absolute),
    case(27, "NUL in a path", make=given("7\0.png"), message="the path contains a NUL character$"),
    case(
        27,
        "a path of 5,000 letters",
        make=given("x" * 5000),
        message="cannot be opened: File name too long$",
        cause=OSError,
    ),
    case(
        27,
        "a path that is not UTF-8",
        make=given("\udcff.png"),
        message="the path is not valid UTF-8$",
        cause=UnicodeEncodeError,
    ),
    case(27, "an empty path", make=given(""), message="the path is empty; use None for a missing"),
    *(
        case(
            28,
            url.split("//")[0] + "//",
            make=given(url),
            message="remote input is off: download the file and give its path$",
        )
        for url in URLS
    ),
]

CASES = NO_PICTURES + DAMAGED + BOMBS + KINDS + CELLS + PATHS
FILE = "tests/bad_inputs/test_pictures.py::"
ELSEWHERE = [
    Elsewhere(
        22,
        "an open file, read again and again",
        "the same features",
        ("tests/image/test_reader.py::test_every_kind_of_cell_gives_the_same_picture",),
    ),
    Elsewhere(
        24,
        "paths, bytes, arrays, pictures and gaps in one column",
        "each row is that of its cell",
        (FILE + "test_mixed_kinds_go_row_by_row",),
    ),
    Elsewhere(
        25,
        "the same picture twice, also as another kind of cell",
        "computed once, where the feature store is on",
        (FILE + "test_the_same_picture_is_computed_once",),
    ),
    Elsewhere(
        26,
        "a file that changes after the first run",
        "computed anew",
        (FILE + "test_a_changed_file_is_computed_anew",),
    ),
    Elsewhere(
        29,
        "a file without read permission",
        "`cannot be opened: Permission denied`",
        (FILE + "test_no_permission",),
    ),
]
