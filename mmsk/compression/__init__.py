"""Fitted models in fewer bytes, and what that changes."""

from mmsk.compression._compress import compress
from mmsk.compression._report import compression_report

__all__ = ["compress", "compression_report"]
