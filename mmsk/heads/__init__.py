"""Heads: features in, predictions out."""

from mmsk.heads._multi_kernel_svc import MultiKernelSVC
from mmsk.heads._svm_classifier import SVMClassifier
from mmsk.heads._svm_regressor import SVMRegressor

__all__ = ["MultiKernelSVC", "SVMClassifier", "SVMRegressor"]
