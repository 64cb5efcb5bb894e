"""Data sets: a made-up one of known information, and public ones with checksums."""

from mmsk.datasets._flower_photos import fetch_flower_photos
from mmsk.datasets._free_spoken_digits import fetch_free_spoken_digits
from mmsk.datasets._multimodal import make_multimodal

__all__ = ["fetch_flower_photos", "fetch_free_spoken_digits", "make_multimodal"]
