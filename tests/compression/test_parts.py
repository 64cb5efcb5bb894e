import numpy as np
from sklearn.calibration import CalibratedClassifierCV
from sklearn.compose import ColumnTransformer
from sklearn.ensemble import VotingClassifier
from sklearn.feature_extraction.text import TfidfVectorizer
from sklearn.linear_model import LogisticRegression
from sklearn.pipeline import make_pipeline, make_union
from sklearn.preprocessing import StandardScaler
from sklearn.svm import SVC

from mmsk import LateFusionClassifier
from mmsk.compression._parts import parts_of

X = np.random.default_rng(0).normal(size=(40, 3))
y = np.arange(40) % 2


def found(model, kind):
    return [part for part in parts_of(model) if isinstance(part, kind)]


def test_fitted_parts_are_found_wherever_they_are():
    scaled = ColumnTransformer([("scaled", StandardScaler(), [0, 1])])
    model = make_pipeline(make_union(scaled, "passthrough"), SVC()).fit(X, y)
    assert any(hasattr(part, "mean_") for part in found(model, StandardScaler))
    voting = VotingClassifier([("a", SVC()), ("b", LogisticRegression())]).fit(X, y)
    assert any(hasattr(part, "support_vectors_") for part in found(voting, SVC))
    calibrated = CalibratedClassifierCV(SVC(), cv=2).fit(X, y)
    assert sum(hasattr(part, "support_vectors_") for part in found(calibrated, SVC)) == 2
    late = LateFusionClassifier(SVC()).fit(X, y)
    assert any(hasattr(part, "support_vectors_") for part in found(late, SVC))


def test_each_part_comes_once_and_cycles_end():
    model = make_pipeline(StandardScaler(), SVC())
    model.itself = [model, {"again": model.steps}]
    assert len(list(parts_of(model))) == 3


def test_classes_are_no_parts():
    model = TfidfVectorizer()
    assert list(parts_of(model)) == [model]
