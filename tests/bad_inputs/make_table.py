"""Write docs/bad_inputs.md: python tests/bad_inputs/make_table.py."""

import os
import sys
import tempfile
from pathlib import Path


def main() -> None:
    os.environ["MMSK_CACHE_DIR"] = "off"
    sys.path.insert(0, str(Path(__file__).parents[1]))
    from bad_inputs.page import PAGE, page

    with tempfile.TemporaryDirectory() as folder:
        PAGE.write_text(page(Path(folder)))


if __name__ == "__main__":
    main()
