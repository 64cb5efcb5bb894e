"""fetch_free_spoken_digits: recordings of spoken digits."""

from __future__ import annotations

import os

import numpy as np
import pandas as pd
from sklearn.utils import Bunch

from mmsk.datasets._download import Archive, fetch_archive

# Checksum as published in tensorflow/datasets,
# tensorflow_datasets/audio/spoken_digit/checksums.tsv (11,975,353 bytes).
ARCHIVE = Archive(
    name="free_spoken_digits",
    url="https://github.com/Jakobovski/free-spoken-digit-dataset/archive/v1.0.9.tar.gz",
    file_name="free-spoken-digit-dataset-1.0.9.tar.gz",
    sha256="8bc44cde129d505cbbb6b365c09f80c663f2aa77578afc634e6141a2f87100c0",
)

DESCRIPTION = """\
Free Spoken Digit Dataset 1.0.9
===============================
2,500 recordings of the English digits zero to nine by 5 speakers, 50 of each digit by each, trimmed
to the word. WAV, 8 kHz, one channel. The usual test set are the recordings 0 to 4 of each digit and
speaker; to test on unknown speakers, use the column "speaker" as groups of a cross-validation.

Licence: Creative Commons Attribution-ShareAlike 4.0 (CC BY-SA 4.0).

Z. Jackson, C. Souza, J. Flaks, Y. Pan, H. Nicolas, A. Thite, "Free Spoken Digit Dataset", 2018.
https://github.com/Jakobovski/free-spoken-digit-dataset, doi:10.5281/zenodo.1342401
"""


def fetch_free_spoken_digits(
    *,
    data_home: str | os.PathLike | None = None,
    download_if_missing: bool = True,
    mirror: str | None = None,
    return_X_y: bool = False,
) -> Bunch | tuple[pd.DataFrame, np.ndarray]:
    """Load the Free Spoken Digit Dataset [1]_, downloading it (12 MB) where necessary.

    ================   =====================================
    Classes            10
    Samples            2,500 (5 speakers, 50 of each digit)
    Sounds             WAV, 8 kHz, one channel
    Licence            CC BY-SA 4.0
    ================   =====================================

    Parameters
    ----------
    data_home : str or path, default=None
        Folder for data sets. None is the environment variable ``MMSK_DATA_HOME``, or
        ``mmsk/datasets`` in the user's cache folder.
    download_if_missing : bool, default=True
        If False, nothing is fetched, and OSError is raised where the data are not on disk.
    mirror : str, default=None
        URL of a folder that holds ``free-spoken-digit-dataset-1.0.9.tar.gz``, to be asked instead
        of GitHub; ``file://`` works, too.
    return_X_y : bool, default=False
        Whether to return ``(data, target)`` instead of a Bunch.

    Returns
    -------
    bunch : Bunch
        With the attributes

        - `data`: DataFrame of shape (2500, 3); ``audio`` is the path of the recording, ``speaker``
          a name, ``recording`` its number for that digit and speaker, 0 to 49;
        - `target`: ndarray of shape (2500,), dtype int64, the digit;
        - `target_names`: list of str;
        - `DESCR`: str, with licence and citation.
    (data, target) : tuple
        Only with ``return_X_y=True``.

    Raises
    ------
    OSError
        If the data are not on disk and may not be or cannot be downloaded, or do not have the
        known SHA-256; the message says which file to put where.

    References
    ----------
    .. [1] Z. Jackson et al., "Free Spoken Digit Dataset", 2018, doi:10.5281/zenodo.1342401.

    Examples
    --------
    >>> from mmsk.datasets import fetch_free_spoken_digits
    >>> digits = fetch_free_spoken_digits()  # doctest: +SKIP
    >>> digits.data.columns.tolist()  # doctest: +SKIP
    ['audio', 'speaker', 'recording']
    """
    folder = fetch_archive(
        ARCHIVE, data_home=data_home, download_if_missing=download_if_missing, mirror=mirror
    )
    paths = sorted(folder.glob("*/recordings/*.wav"))
    digits, speakers, numbers = zip(*(path.stem.split("_") for path in paths), strict=True)
    data = pd.DataFrame(
        {
            "audio": pd.Series([str(path) for path in paths], dtype=object),
            "speaker": speakers,
            "recording": np.array(numbers, dtype=np.int64),
        }
    )
    target = np.array(digits, dtype=np.int64)
    if return_X_y:
        return data, target
    names = [str(digit) for digit in range(10)]
    return Bunch(data=data, target=target, target_names=names, DESCR=DESCRIPTION)
