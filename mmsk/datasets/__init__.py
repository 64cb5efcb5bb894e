"""Data sets: a made-up one of known information, and public ones with checksums."""

from mmsk.datasets._multimodal import make_multimodal

__all__ = ["make_multimodal"]
