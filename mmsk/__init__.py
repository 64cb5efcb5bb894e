"""Texts, pictures, sounds and numbers in one scikit-learn Pipeline.

Every public name is listed in ``__init__.pyi`` and imported when it is first used, so that
``import mmsk`` loads no torch, librosa or scikit-image.
"""

import lazy_loader

from mmsk._version import __version__

__getattr__, __dir__, __all__ = lazy_loader.attach_stub(__name__, __file__)
__all__ += ["__version__"]
