"""Heads: features in, predictions out."""

from mmsk.heads._distilled import DistilledClassifier
from mmsk.heads._late_classifier import LateFusionClassifier
from mmsk.heads._late_regressor import LateFusionRegressor
from mmsk.heads._multi_kernel_svc import MultiKernelSVC
from mmsk.heads._svm_classifier import SVMClassifier
from mmsk.heads._svm_regressor import SVMRegressor

__all__ = [
    "DistilledClassifier",
    "LateFusionClassifier",
    "LateFusionRegressor",
    "MultiKernelSVC",
    "SVMClassifier",
    "SVMRegressor",
]
