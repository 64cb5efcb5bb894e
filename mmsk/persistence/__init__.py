"""Model files: saved safely, shared, and loaded without running what they hold."""

from mmsk.persistence._load import load
from mmsk.persistence._read_manifest import read_manifest
from mmsk.persistence._save import save

__all__ = ["load", "read_manifest", "save"]
