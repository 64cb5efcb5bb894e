"""Band levels of a batch of sounds in torch, from the tables that the CPU uses."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import torch

# Frames transformed at a time; bounds the device memory (0.3 GB at 2048 samples per frame).
_FRAMES_AT_ONCE = 8192


@torch.inference_mode()
def band_decibels(
    sounds: Sequence[np.ndarray],
    *,
    window: np.ndarray,
    hop_length: int,
    weights: np.ndarray,
    power: float,
    smallest_power: float,
    top_db: float | None,
    projection: np.ndarray | None,
    device: str,
) -> list[np.ndarray]:
    """Compute the level of each band in each frame of each sound, and project it.

    Parameters
    ----------
    sounds : sequence of ndarray of shape (n_samples,), dtype float32
        Padded sounds, each at least one frame long; lengths may differ.
    window : ndarray of shape (n_fft,)
        Window of a frame; its dtype is the precision of the levels.
    hop_length : int
        Samples from one frame to the next.
    weights : ndarray of shape (n_bands, n_fft // 2 + 1)
        Weights of the bands over the frequency bins.
    power : float
        Exponent of the magnitudes before they are summed.
    smallest_power : float
        Anything below it is raised to it before the logarithm.
    top_db : float or None
        Levels more than this below the loudest of their sound are raised to that limit.
    projection : ndarray of shape (n_bands, n_values) or None
        Applied to the levels in float64 where the device has it; None keeps the levels.
    device : str
        Name of a torch device.

    Returns
    -------
    matrices : list of ndarray of shape (n_frames, n_bands or n_values)
        One matrix per sound.
    """
    starts, owners, counts = _frame_places(
        [len(sound) for sound in sounds], len(window), hop_length
    )
    table = torch.tensor(window, device=device)
    joined = torch.from_numpy(np.concatenate(sounds)).to(device)
    every_frame = joined.unfold(0, len(window), 1)
    bank = torch.tensor(weights, device=device, dtype=table.dtype).T
    bands = torch.cat(
        [
            _bands(every_frame[piece] * table, bank, power)
            for piece in torch.from_numpy(starts).to(device).split(_FRAMES_AT_ONCE)
        ]
    )
    levels = bands.clamp_(min=smallest_power).log10_().mul_(10)
    if top_db is not None:
        owner = torch.from_numpy(owners).to(device)
        levels = torch.maximum(levels, _loudest(levels, owner, len(sounds))[:, None] - top_db)
    if projection is not None:
        wide = torch.float32 if device == "mps" else torch.float64
        levels = levels.to(wide) @ torch.tensor(projection, device=device, dtype=wide)
    return np.split(levels.cpu().numpy(), np.cumsum(counts)[:-1])


def _frame_places(
    lengths: Sequence[int], n_fft: int, hop_length: int
) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Start of each frame in the joined sounds, the sound it belongs to, and frames per sound."""
    counts = np.array([1 + (length - n_fft) // hop_length for length in lengths])
    begins = np.cumsum([0, *lengths[:-1]])
    starts = [
        begin + hop_length * np.arange(count) for begin, count in zip(begins, counts, strict=True)
    ]
    return np.concatenate(starts), np.repeat(np.arange(len(counts)), counts), counts


def _bands(frames: torch.Tensor, bank: torch.Tensor, power: float) -> torch.Tensor:
    spectra = torch.fft.rfft(frames)
    powers = spectra.real**2 + spectra.imag**2
    if power != 2:
        powers = powers ** (power / 2)
    return powers @ bank


def _loudest(levels: torch.Tensor, owner: torch.Tensor, n_sounds: int) -> torch.Tensor:
    """Loudest level of the sound that each frame belongs to."""
    loudest = levels.new_full((n_sounds,), -torch.inf)
    loudest.scatter_reduce_(0, owner, levels.amax(dim=1), "amax")
    return loudest[owner]
