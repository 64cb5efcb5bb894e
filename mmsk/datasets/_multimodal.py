"""make_multimodal: rows of made-up texts, files and numbers with known information."""

from __future__ import annotations

import os
from collections.abc import Callable, Mapping, Sequence
from itertools import combinations
from pathlib import Path
from typing import Any, NamedTuple
from zlib import crc32

import numpy as np
import pandas as pd
from sklearn.utils import Bunch, check_random_state

from mmsk._validation import check_choice, check_number
from mmsk.datasets._evidence import Evidence, Plan, draw_missing, draw_plan, synergy_of
from mmsk.datasets._folder import claim_folder
from mmsk.datasets._render_audio import render_audio
from mmsk.datasets._render_image import render_image
from mmsk.datasets._render_numeric import render_numeric
from mmsk.datasets._render_series import render_series
from mmsk.datasets._render_text import render_text
from mmsk.datasets._render_video import render_video

MOST_CLASSES = 8


class Renderer(NamedTuple):
    """How a modality comes about: with a suffix, `render` writes a file, else it returns cells."""

    render: Callable[..., Any]
    columns: tuple[str, ...]
    suffix: str | None = None


RENDERERS = {
    "text": Renderer(render_text, ("text",)),
    "image": Renderer(render_image, ("image",), ".png"),
    "audio": Renderer(render_audio, ("audio",), ".wav"),
    "video": Renderer(render_video, ("video",), ".mp4"),
    "series": Renderer(render_series, ("series",), ".npy"),
    "numeric": Renderer(render_numeric, ("numeric_1", "numeric_2", "numeric_3", "numeric_4")),
}


def make_multimodal(
    n_samples: int = 100,
    *,
    folder: str | os.PathLike,
    modalities: Sequence[str] = ("text", "image", "audio"),
    n_classes: int = 2,
    redundancy: float = 0.4,
    uniqueness: float | Mapping[str, float] = 0.3,
    synergy: float = 0.3,
    noise: float = 0.1,
    missing: float | Mapping[str, float] = 0.0,
    random_state: int | np.random.RandomState | None = None,
    return_X_y: bool = True,
) -> tuple[pd.DataFrame, np.ndarray] | Bunch:
    r"""Make a multimodal classification problem of which the information is known.

    Real files are written: 64 x 64 PNG pictures, WAV sounds of 0.5 s at 16 kHz, MP4 videos of 16
    frames (with PyAV, extra ``video``), .npy series of two channels at 50 Hz. The label of each
    row reaches the cells in one of the three ways of partial information decomposition [1]_ [2]_,
    and the shares of the ways are parameters:

    - *redundant*: every modality shows the class. One modality is enough; several average out
      each other's noise.
    - *unique*: one modality shows the class, the others show nothing. Fusion has to find the
      modality that knows.
    - *synergistic*: two modalities, another pair from row to row, show a piece each, and the class
      is the sum of the pieces modulo `n_classes` (for two classes: XOR). One piece tells nothing,
      and a linear model on all modalities finds nothing: only products do.

    A cell shows the class by the topic of a text, the form and colour of a shape, the pitch of a
    chord, the direction of a ball, the rate of a swing, the first two numbers; and its piece by the
    mood of a text, stripes on the ground, bursts of noise, flashes, jolts, the last two numbers.
    Around them are idle talk, litter, grain and hiss.

    With shares :math:`r, u_m, s`, :math:`C` classes and :math:`q` = `noise`, evidence is right
    with chance :math:`p = 1 - q + q / C`, and without missing cells

    - modality :math:`m` alone reaches at best :math:`(r + u_m) p + (1 - r - u_m) / C`,
    - a linear model on all modalities :math:`1 - s + s / C` where :math:`q = 0`,
    - all modalities together 1 where :math:`q = 0`.

    Parameters
    ----------
    n_samples : int, default=100
        Number of rows.
    folder : str or path
        Folder for the files, made where it does not exist. It must be empty, or hold the set that
        the same parameters made before, which is then written anew.
    modalities : sequence of str, default=("text", "image", "audio")
        Which of ``"text"``, ``"image"``, ``"audio"``, ``"video"``, ``"series"`` and
        ``"numeric"``, in the order of the columns. ``"numeric"`` has four columns, the others one
        of their own name.
    n_classes : int, default=2
        Number of classes, 2 to 8.
    redundancy : float, default=0.4
        Share of the rows with redundant information.
    uniqueness : float or mapping of str to float, default=0.3
        Share of the rows with unique information: a total, split evenly over the modalities, or a
        share for each modality by name.
    synergy : float, default=0.3
        Share of the rows with synergistic information; needs two modalities. The three shares sum
        to 1.
    noise : float, default=0.1
        Chance in [0, 1] that what a cell shows is replaced by a random value. 0 is a problem that
        can be solved without error, 1 one that cannot be solved.
    missing : float or mapping of str to float, default=0.0
        Share in [0, 1] of the cells that are None (NaN for numbers): for every modality, or by
        name. No row misses all modalities, so the shares may sum to one less than the number of
        modalities.
    random_state : int, RandomState instance or None, default=None
        Seed. The same seed gives the same table and, on one platform, the same bytes.
    return_X_y : bool, default=True
        Whether to return ``(table, y)`` instead of a Bunch.

    Returns
    -------
    X : DataFrame of shape (n_samples, n_columns)
        Texts, absolute paths of files, and numbers. Only with ``return_X_y=True``.
    y : ndarray of shape (n_samples,), dtype int64
        Classes 0 to ``n_classes - 1``, balanced. Only with ``return_X_y=True``.
    bunch : Bunch
        Only with ``return_X_y=False``: `X`, `y`, `source` (which information gives each row's
        label: ``"redundant"``, ``"unique:text"``, ``"synergistic:text+image"`` and so on) and
        `folder`.

    Raises
    ------
    ValueError
        If a parameter is not accepted, the shares do not sum to 1, or so many cells are to be
        missing that rows would be empty.
    FileExistsError
        If the folder holds anything else.

    Notes
    -----
    The way of a row can be seen in its cells (whoever shows nothing shows no class), so the mutual
    information of the label and all cells is :math:`\log_2 C` bits at ``noise=0``, of which the
    shares are the given ones. That is a statement about how the data came about. Measures of
    unique information that look only at one modality and the label at a time, such as the one
    estimated in [2]_, call equal shares of two modalities redundant, since they cannot see that
    these stem from different rows.

    References
    ----------
    .. [1] P. L. Williams and R. D. Beer, "Nonnegative decomposition of multivariate information",
       arXiv:1004.2515, 2010.
    .. [2] P. P. Liang et al., "Quantifying & modeling multimodal interactions: an information
       decomposition framework", NeurIPS 2023.

    Examples
    --------
    With synergy alone, two modalities that are at chance each give the label together:

    >>> import tempfile
    >>> from sklearn.svm import SVC, LinearSVC
    >>> from sklearn.feature_extraction.text import TfidfVectorizer
    >>> from sklearn.compose import make_column_transformer
    >>> from sklearn.pipeline import make_pipeline
    >>> from sklearn.model_selection import cross_val_score
    >>> from mmsk.datasets import make_multimodal
    >>> folder = tempfile.TemporaryDirectory()
    >>> table, y = make_multimodal(
    ...     200, folder=folder.name, modalities=["text", "numeric"],
    ...     redundancy=0, uniqueness=0, synergy=1, noise=0, random_state=0,
    ... )
    >>> table.columns.tolist()
    ['text', 'numeric_1', 'numeric_2', 'numeric_3', 'numeric_4']
    >>> print(table["text"][0])
    We met again on Saturday. It began bitter and ended harsh. More of this another time.
    >>> features = make_column_transformer(
    ...     (TfidfVectorizer(), "text"), remainder="passthrough", verbose_feature_names_out=False
    ... )
    >>> for head in [LinearSVC(), SVC(C=100)]:
    ...     score = cross_val_score(make_pipeline(features, head), table, y).mean()
    ...     print(type(head).__name__, bool(score > 0.9))
    LinearSVC False
    SVC True
    >>> folder.cleanup()
    """
    names = _check_modalities(modalities)
    check_number("n_samples", n_samples, low=1, integer=True)
    check_number("n_classes", n_classes, low=2, high=MOST_CLASSES, integer=True)
    check_number("noise", noise, low=0, high=1)
    shares = _check_shares(redundancy, uniqueness, synergy, names)
    gaps = _check_missing(missing, names)
    seed = int(check_random_state(random_state).randint(2**31 - 1))
    place = claim_folder(
        folder,
        {
            "n_samples": int(n_samples),
            "modalities": names,
            "n_classes": int(n_classes),
            "shares": shares,
            "noise": float(noise),
            "missing": gaps,
            "seed": seed,
        },
    )
    rng = np.random.default_rng(seed)
    plan = draw_plan(n_samples, names, n_classes, shares, noise, rng)
    absent = draw_missing(n_samples, gaps, rng)
    table = pd.concat(
        [
            _render_modality(name, plan, column, absent[:, column], place, seed)
            for column, name in enumerate(names)
        ],
        axis=1,
    )
    if return_X_y:
        return table, plan.y
    return Bunch(X=table, y=plan.y, source=plan.source, folder=str(place))


def _render_modality(
    name: str, plan: Plan, column: int, absent: np.ndarray, folder: Path, seed: int
) -> pd.DataFrame:
    """Columns of one modality; a cell depends on its row, its evidence and the seed alone."""
    renderer = RENDERERS[name]
    if renderer.suffix is not None:
        (folder / name).mkdir(exist_ok=True)
    rows = []
    for row, gap in enumerate(absent):
        rng = np.random.default_rng([seed, crc32(name.encode()), row])
        path = folder / name / f"{row:06d}{renderer.suffix}"
        cells = None if gap else _render_cell(renderer, plan.cell(row, column), rng, path)
        rows.append(cells or (None,) * len(renderer.columns))
    dtype = float if len(renderer.columns) > 1 else object  # object keeps None as it is
    return pd.DataFrame(rows, columns=list(renderer.columns), dtype=dtype)


def _render_cell(
    renderer: Renderer, evidence: Evidence, rng: np.random.Generator, path: Path
) -> tuple[Any, ...]:
    if renderer.suffix is not None:
        renderer.render(evidence, rng, path)
        return (str(path),)
    cells = renderer.render(evidence, rng)
    return cells if isinstance(cells, tuple) else (cells,)


def _check_modalities(modalities: Sequence[str]) -> list[str]:
    names = [modalities] if isinstance(modalities, str) else list(modalities)
    for name in names:
        check_choice("modalities", name, list(RENDERERS))
    if not names or len(set(names)) < len(names):
        raise ValueError(f"modalities={modalities!r} must name one or more different modalities.")
    return names


def _check_shares(
    redundancy: float,
    uniqueness: float | Mapping[str, float],
    synergy: float,
    names: list[str],
) -> dict[str, float]:
    """Share of each source of information."""
    check_number("redundancy", redundancy, low=0, high=1)
    check_number("synergy", synergy, low=0, high=1)
    if not isinstance(uniqueness, Mapping):
        check_number("uniqueness", uniqueness, low=0, high=1)
        uniqueness = {name: uniqueness / len(names) for name in names}
    unique = _by_modality("uniqueness", uniqueness, names)
    total = redundancy + sum(unique) + synergy
    if abs(total - 1) > 1e-9:
        raise ValueError(
            f"redundancy={redundancy}, uniqueness={sum(unique):g} and synergy={synergy} sum to "
            f"{total:g}; the shares must sum to 1."
        )
    if synergy > 0 and len(names) < 2:
        raise ValueError(f"synergy={synergy} needs two modalities or more, got {names}.")
    each = {f"unique:{name}": share for name, share in zip(names, unique, strict=True)}
    pairs = [synergy_of(*pair) for pair in combinations(names, 2)]
    each |= {pair: synergy / len(pairs) for pair in pairs}
    return {"redundant": float(redundancy), **each}


def _check_missing(missing: float | Mapping[str, float], names: list[str]) -> list[float]:
    if not isinstance(missing, Mapping):
        check_number("missing", missing, low=0, high=1)
        missing = dict.fromkeys(names, missing)
    gaps = _by_modality("missing", missing, names)
    if sum(gaps) > len(names) - 1:
        raise ValueError(
            f"missing={missing!r} would leave rows without any modality: for {len(names)} "
            f"modalities the shares may sum to {len(names) - 1} at most, got {sum(gaps):g}."
        )
    return gaps


def _by_modality(parameter: str, shares: Mapping[str, float], names: list[str]) -> list[float]:
    for name, share in shares.items():
        check_choice(f"modality in {parameter}", name, names)
        check_number(f"{parameter}[{name!r}]", share, low=0, high=1)
    return [float(shares.get(name, 0.0)) for name in names]
