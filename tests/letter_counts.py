"""A small frozen extractor, as a user would write it, for tests of the engine and the suite."""

import numpy as np

from mmsk._validation import check_number
from mmsk.exceptions import ReadError
from mmsk.extraction import CellExtractor


class LetterCounts(CellExtractor):
    """Count letters of a text."""

    def __init__(
        self,
        letters="abc",
        *,
        factor=1.0,
        on_error="raise",
        max_bad_fraction=0.1,
        batch_size=4,
        n_jobs=None,
    ):
        self.letters = letters
        self.factor = factor
        self.on_error = on_error
        self.max_bad_fraction = max_bad_fraction
        self.batch_size = batch_size
        self.n_jobs = n_jobs

    def _check_parameters(self):
        check_number("factor", self.factor)

    def _feature_names(self):
        return [f"count_{letter}" for letter in self.letters]

    def _prepare(self, cell):
        if not isinstance(cell, str):
            raise ReadError(f"a text is a str, not {type(cell).__name__}", "check")
        return cell

    def _extract(self, samples):
        counts = [[text.count(letter) for letter in self.letters] for text in samples]
        return np.array(counts, dtype=np.float32) * np.float32(self.factor)


TEXTS = ["a", "bb", "cab", "abcabc", "b", "cc a"]
SEARCHABLE = {"letters": ["abc", "ab", "bcd"], "factor": [1.0, 2.0]}
