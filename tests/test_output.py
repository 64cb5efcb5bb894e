"""Sparse features in the container that set_output names."""

import numpy as np
import pandas as pd
import pytest
import scipy.sparse as sp
from sklearn.preprocessing import MaxAbsScaler

from mmsk import _output
from mmsk._output import check_dense_size, contain_sparse

FEATURES = sp.csr_matrix(np.array([[0.0, 2.0], [0.0, 0.0], [1.0, 0.0]], dtype=np.float32))


def estimator(kind):
    names = pd.DataFrame(FEATURES.toarray(), columns=["a", "b"])
    return MaxAbsScaler().fit(names).set_output(transform=kind)


def test_default_is_the_very_matrix():
    assert contain_sparse(FEATURES, estimator("default")) is FEATURES


def test_pandas_stays_sparse():
    frame = contain_sparse(FEATURES, estimator("pandas"), index=[5, 6, 7])
    assert frame.index.tolist() == [5, 6, 7]
    assert frame.columns.tolist() == ["a", "b"]
    assert frame.dtypes.tolist() == [pd.SparseDtype(np.float32, 0)] * 2
    np.testing.assert_array_equal(frame.to_numpy(), FEATURES.toarray())
    arrays = contain_sparse(sp.csr_array(FEATURES), estimator("pandas"))
    pd.testing.assert_frame_equal(arrays, frame.reset_index(drop=True))


def test_polars_is_dense():
    frame = contain_sparse(FEATURES, estimator("polars"))
    assert frame.columns == ["a", "b"]
    np.testing.assert_array_equal(frame.to_numpy(), FEATURES.toarray())


def test_polars_has_a_limit(monkeypatch):
    monkeypatch.setattr(_output, "MOST_DENSE_BYTES", 16)
    with pytest.raises(ValueError, match=r"3 rows x 2 features.*set_output\(transform='pandas'\)"):
        contain_sparse(FEATURES, estimator("polars"))


def test_dense_size_counts_without_overflow():
    check_dense_size((10, 10), np.float32, "no advice")
    with pytest.raises(ValueError, match="over the limit of 1 GiB: ask for less"):
        check_dense_size((2**40, 2**40), np.float64, "ask for less")
