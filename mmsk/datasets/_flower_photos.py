"""fetch_flower_photos: photographs of five kinds of flowers."""

from __future__ import annotations

import os

import numpy as np
import pandas as pd
from sklearn.utils import Bunch

from mmsk.datasets._download import Archive, fetch_archive

# Checksum as published in tensorflow/datasets,
# tensorflow_datasets/url_checksums/tf_flowers.txt (228,813,984 bytes).
ARCHIVE = Archive(
    name="flower_photos",
    url="https://storage.googleapis.com/download.tensorflow.org/example_images/flower_photos.tgz",
    file_name="flower_photos.tgz",
    sha256="4c54ace7911aaffe13a365c34f650e71dd5bf1be0a58b464e5a7183e3e595d9c",
)

DESCRIPTION = """\
Flower photos
=============
3,670 photographs (JPEG, of various sizes) of daisies, dandelions, roses, sunflowers and tulips.

Licence: Creative Commons Attribution 2.0 (CC BY 2.0); the file LICENSE.txt
in the archive's folder names the photographer of each.

The TensorFlow Team, "Flowers", 2019.
http://download.tensorflow.org/example_images/flower_photos.tgz
"""


def fetch_flower_photos(
    *,
    data_home: str | os.PathLike | None = None,
    download_if_missing: bool = True,
    mirror: str | None = None,
    return_X_y: bool = False,
) -> Bunch | tuple[pd.DataFrame, np.ndarray]:
    """Load the flower photos [1]_, downloading them (229 MB) where necessary.

    ================   =====================================
    Classes            5
    Samples            3,670
    Pictures           JPEG, of various sizes
    Licence            CC BY 2.0, named for each photograph
    ================   =====================================

    Parameters
    ----------
    data_home : str or path, default=None
        Folder for data sets. None is the environment variable ``MMSK_DATA_HOME``, or
        ``mmsk/datasets`` in the user's cache folder.
    download_if_missing : bool, default=True
        If False, nothing is fetched, and OSError is raised where the data are not on disk.
    mirror : str, default=None
        URL of a folder that holds ``flower_photos.tgz``, to be asked instead of the original
        server; ``file://`` works, too.
    return_X_y : bool, default=False
        Whether to return ``(data, target)`` instead of a Bunch.

    Returns
    -------
    bunch : Bunch
        With the attributes

        - `data`: DataFrame of shape (3670, 1); ``image`` is the path of the photograph;
        - `target`: ndarray of shape (3670,), dtype int64, index into `target_names`;
        - `target_names`: list of str, sorted;
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
    .. [1] The TensorFlow Team, "Flowers", 2019,
       http://download.tensorflow.org/example_images/flower_photos.tgz

    Examples
    --------
    >>> from mmsk.datasets import fetch_flower_photos
    >>> flowers = fetch_flower_photos()  # doctest: +SKIP
    >>> flowers.target_names  # doctest: +SKIP
    ['daisy', 'dandelion', 'roses', 'sunflowers', 'tulips']
    """
    folder = fetch_archive(
        ARCHIVE, data_home=data_home, download_if_missing=download_if_missing, mirror=mirror
    )
    paths = sorted(folder.glob("flower_photos/*/*.jpg"))
    names, target = np.unique([path.parent.name for path in paths], return_inverse=True)
    data = pd.DataFrame({"image": pd.Series([str(path) for path in paths], dtype=object)})
    if return_X_y:
        return data, target
    return Bunch(data=data, target=target, target_names=names.tolist(), DESCR=DESCRIPTION)
