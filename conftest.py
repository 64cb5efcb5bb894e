"""Settings for every test and doctest."""

import os

# Test processes run side by side. A second OpenMP thread beside a busy process waits for it in a
# loop: the small networks of the tests then take several times as long as with one.
os.environ.setdefault("OMP_NUM_THREADS", "1")

# A row that is found instead of computed would make every test of computing pass. Tests of the
# feature store switch it on, in folders of their own.
os.environ["MMSK_CACHE_DIR"] = "off"
