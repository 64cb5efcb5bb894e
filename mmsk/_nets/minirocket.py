"""MiniRocket for a batch of series of one length in torch, from the tables that the CPU uses."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import accumulate

import numpy as np
import torch
from torch.nn import functional

# Convolved values held at a time; with what is compared to biases about 5 bytes each.
_VALUES_AT_ONCE = 2**26
_POINTS_OF_A_KERNEL = 9


@torch.inference_mode()
def shares_above(
    values: np.ndarray,
    *,
    dilations: Sequence[int],
    kernels: np.ndarray,
    channels: np.ndarray,
    n_biases: Sequence[int],
    biases: np.ndarray,
    device: str,
) -> np.ndarray:
    """Compute the share of points at which each convolution is above each of its biases.

    Parameters
    ----------
    values : ndarray of shape (n_series, n_channels, time), dtype float32
        Series of one length.
    dilations : sequence of int
        Steps between the points that a kernel covers.
    kernels : ndarray of shape (n_kernels, 3)
        Places of the weight 2 in each kernel.
    channels : ndarray of shape (n_dilations * n_kernels, n_channels), dtype bool
        Channels that each kernel sees under each dilation.
    n_biases : sequence of int
        Biases of a kernel under each dilation.
    biases : ndarray of shape (n_features,), dtype float32
        By dilation, then kernel.
    device : str
        Name of a torch device.

    Returns
    -------
    shares : ndarray of shape (n_series, n_features), dtype float32
        Every other pair of dilation and kernel leaves out the points at which the kernel reaches
        beyond the ends, where there are others.
    """
    n_kernels, n_points = len(kernels), values.shape[2]
    seen = torch.from_numpy(channels).to(device).view(len(dilations), n_kernels, -1)
    weights = torch.full((n_kernels, 1, _POINTS_OF_A_KERNEL), -1.0)
    weights.scatter_(2, torch.from_numpy(kernels)[:, None], 2.0)
    weights = weights.to(device)
    ends = list(accumulate(n_kernels * number for number in n_biases))
    sets = torch.from_numpy(biases).to(device).tensor_split(ends[:-1])
    at_once = max(1, _VALUES_AT_ONCE // (n_kernels * n_points))
    rows = []
    # TensorFloat-32 keeps 3 digits, which would move values across their biases.
    with torch.backends.cudnn.flags(enabled=True, benchmark=False, allow_tf32=False):
        for batch in torch.from_numpy(values).split(at_once):
            series = batch.to(device)
            shares = []
            for number, dilation in enumerate(dilations):
                kernel = weights * seen[number][:, :, None]
                convolved = functional.conv1d(
                    series, kernel, padding=4 * dilation, dilation=dilation
                )
                table = sets[number].view(n_kernels, -1)
                reach = 4 * dilation if 8 * dilation < n_points else 0
                cut = (number + torch.arange(n_kernels, device=device)) % 2 == 1
                shares.append(_shares(convolved, table, reach, cut))
            rows.append(torch.cat(shares, dim=1).cpu())
    return torch.cat(rows).numpy()


def _shares(
    convolved: torch.Tensor, biases: torch.Tensor, reach: int, cut: torch.Tensor
) -> torch.Tensor:
    """Compare with one bias of each kernel at a time; kernels in `cut` without both ends."""
    inside = slice(reach, convolved.shape[2] - reach)
    columns = []
    for bias in biases.T:
        above = convolved > bias[:, None]
        whole = above.mean(dim=2, dtype=torch.float32)
        middle = above[:, :, inside].mean(dim=2, dtype=torch.float32)
        columns.append(torch.where(cut, middle, whole))
    return torch.stack(columns, dim=2).flatten(1)
