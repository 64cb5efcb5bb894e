"""Heads: features in, predictions out."""

from mmsk.heads._svm_classifier import SVMClassifier
from mmsk.heads._svm_regressor import SVMRegressor

__all__ = ["SVMClassifier", "SVMRegressor"]
