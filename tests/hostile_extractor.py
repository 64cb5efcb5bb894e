"""An extractor whose decoder does what its cell says, for tests of reading in processes."""

import numpy as np
from hostile_decoder import obey

from mmsk.extraction import CellExtractor


class HostileExtractor(CellExtractor):
    """Give each cell its length, and 1."""

    def __init__(self, *, on_error="raise", max_bad_fraction=1.0, batch_size=4, n_jobs=None):
        self.on_error = on_error
        self.max_bad_fraction = max_bad_fraction
        self.batch_size = batch_size
        self.n_jobs = n_jobs

    def _check_parameters(self):
        pass

    def _feature_names(self):
        return ["length", "one"]

    def _prepare(self, cell):
        return obey(cell)

    def _extract(self, samples):
        return np.stack(samples)
