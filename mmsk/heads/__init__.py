"""Heads: features in, predictions out."""

from mmsk.heads._late_classifier import LateFusionClassifier
from mmsk.heads._late_regressor import LateFusionRegressor
from mmsk.heads._svm_classifier import SVMClassifier
from mmsk.heads._svm_regressor import SVMRegressor

__all__ = [
    "LateFusionClassifier",
    "LateFusionRegressor",
    "SVMClassifier",
    "SVMRegressor",
]
