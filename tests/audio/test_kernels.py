import numba
import numpy as np

from mmsk.audio import _kernels


def test_without_a_folder_for_compiled_code(monkeypatch):
    def njit(cache=False, **options):
        if cache:
            raise RuntimeError("cannot cache function: no locator available")
        return numba.njit(**options)

    monkeypatch.setattr(_kernels, "njit", njit)
    windowed = np.empty((2, 4), dtype=np.float32)
    compiled = _kernels._compiled(_kernels.window_frames.py_func)
    compiled(np.arange(10.0), 0, np.full(4, 2.0), 1, 3, windowed)
    np.testing.assert_array_equal(windowed, [[6, 8, 10, 12], [12, 14, 16, 18]])
