"""Short names say what differs from the defaults, on one line."""

import numpy as np
import pytest
from sklearn.base import BaseEstimator
from sklearn.calibration import CalibratedClassifierCV
from sklearn.decomposition import PCA
from sklearn.ensemble import VotingClassifier
from sklearn.linear_model import Ridge
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import Normalizer
from sklearn.svm import SVC

from mmsk import ConcatFusion, PerBlock, SVMClassifier, WeightedFusion
from mmsk.inspection._names import is_estimator, short_name


class WithKeywords(BaseEstimator):
    """Takes what it has no name for, as the estimators of some other packages do."""

    def __init__(self, depth=3, **rest):
        self.depth = depth
        self.rest = rest

    def get_params(self, deep=True):
        return {"depth": self.depth, **self.rest}


@pytest.mark.parametrize(
    ("value", "name"),
    [
        (SVC(), "SVC()"),
        (SVC(kernel="linear", C=10), "SVC(C=10, kernel='linear')"),
        (SVMClassifier(C=np.float64(0.5)), "SVMClassifier(C=np.float64(0.5))"),
        (Ridge(10), "Ridge(alpha=10)"),
        (WeightedFusion(), "WeightedFusion()"),
        (WeightedFusion("alignment", None), "WeightedFusion('alignment', scale=None)"),
        (WeightedFusion({"image": 2}), "WeightedFusion({'image': 2})"),
        (ConcatFusion(None, add_indicator=True), "ConcatFusion(None, add_indicator=True)"),
        (PerBlock(PCA(64)), "PerBlock(PCA(n_components=64))"),
        (CalibratedClassifierCV(SVC(C=2)), "CalibratedClassifierCV(SVC(C=2))"),
        (WithKeywords(4, b=1, a=2), "WithKeywords(depth=4, b=1, a=2)"),
        (
            make_pipeline(PerBlock(Normalizer()), "passthrough", ConcatFusion("block")),
            "PerBlock(Normalizer()) > 'passthrough' > ConcatFusion('block')",
        ),
        ((1, 2), "(1, 2)"),
        (SVC, "<class 'sklearn.svm._classes.SVC'>"),
    ],
    ids=str,
)
def test_short_names(value, name):
    assert short_name(value) == name


def test_long_values_stay_on_one_line():
    many = VotingClassifier([(f"machine{n}", SVC(C=n + 2)) for n in range(9)])
    assert "\n" not in short_name(many)
    assert "('machine8', SVC(C=10))" in short_name(many)


def test_instances_alone_are_estimators():
    assert is_estimator(SVC())
    assert not is_estimator(SVC)
    assert not is_estimator("passthrough")
