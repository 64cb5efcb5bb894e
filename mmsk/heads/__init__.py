"""Heads: features in, predictions out."""

from mmsk.heads._checkpoint import Checkpoint
from mmsk.heads._deep_classifier import DeepFusionClassifier
from mmsk.heads._deep_regressor import DeepFusionRegressor
from mmsk.heads._late_classifier import LateFusionClassifier
from mmsk.heads._late_regressor import LateFusionRegressor
from mmsk.heads._multi_kernel_svc import MultiKernelSVC
from mmsk.heads._svm_classifier import SVMClassifier
from mmsk.heads._svm_regressor import SVMRegressor

__all__ = [
    "Checkpoint",
    "DeepFusionClassifier",
    "DeepFusionRegressor",
    "LateFusionClassifier",
    "LateFusionRegressor",
    "MultiKernelSVC",
    "SVMClassifier",
    "SVMRegressor",
]
