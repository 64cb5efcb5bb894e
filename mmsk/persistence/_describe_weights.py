"""Writing down, or putting in the file, the weights on which a model depends."""

from __future__ import annotations

from hashlib import sha256
from pathlib import Path
from typing import Any

from mmsk._files import digest_of
from mmsk.exceptions import ModelFileError
from mmsk.persistence._archive_writer import ArchiveWriter
from mmsk.persistence._locate import folder_of_hub
from mmsk.persistence._references import (
    FILE,
    HUB,
    NAMED,
    Reference,
    files_in,
    reference_of,
)
from mmsk.persistence._walk import estimators_in


def describe_weights(
    model: Any, archive: ArchiveWriter, embed_weights: bool
) -> dict[str, dict[str, Any]]:
    """Return the part of the manifest about weights, and put them in the file if asked.

    Parameters
    ----------
    model : estimator
        The model.
    archive : ArchiveWriter
        Where they are put.
    embed_weights : bool
        Whether they are.

    Returns
    -------
    weights : dict of str to dict
        For each reference its ``"kind"``, ``"files"`` and whether they are ``"embedded"``.

    Raises
    ------
    ModelFileError
        If weights are not on disk, so that nobody can tell which they are.
    """
    described: dict[str, dict[str, Any]] = {}
    for estimator in estimators_in(model):
        reference = reference_of(estimator)
        if reference is None or reference.key in described:
            continue
        if embed_weights and reference.kind == NAMED:
            files = [_embed_named(estimator, reference, archive)]
        else:
            files = [_entry(file) for file in _files(estimator, reference)]
        if embed_weights and reference.kind != NAMED:
            _embed(_files(estimator, reference), files, archive)
        described[reference.key] = {
            "kind": reference.kind,
            "name": _full_name(estimator, reference),
            "embedded": embed_weights,
            "files": files,
        }
    return described


def _files(estimator: Any, reference: Reference) -> list[Path]:
    if reference.kind == NAMED:
        from mmsk._nets.weights import trained_file

        files = [trained_file(estimator.backbone, estimator.weights)[1]]
    elif reference.kind == FILE:
        files = [Path(reference.key)]
    else:
        folder = folder_of_hub(reference.key) if reference.kind == HUB else Path(reference.key)
        files = files_in(folder) if folder is not None and folder.is_dir() else []
    if not files or not all(file.is_file() for file in files):
        where = f" ({str(files[0])!r})" if files else ""
        raise ModelFileError(
            f"{type(estimator).__name__} has {reference.parameter}={reference.key!r}, and they are "
            f"not on disk{where}: their content is not known, and could not be checked where the "
            "model is loaded. Use the model once, or put them there, before saving it."
        )
    return files


def _entry(file: Path) -> dict[str, Any]:
    return {"name": file.name, "bytes": file.stat().st_size, "sha256": digest_of(file)}


def _embed(files: list[Path], entries: list[dict[str, Any]], archive: ArchiveWriter) -> None:
    for file, entry in zip(files, entries, strict=True):
        entry["member"] = f"weights/{entry['sha256']}{file.suffix.lower()}"
        archive.add_file(entry["member"], file)


def _embed_named(estimator: Any, reference: Reference, archive: ArchiveWriter) -> dict[str, Any]:
    """Embed named weights under their name, with which their preprocessing goes."""
    from mmsk._nets.portable import portable_weights

    _files(estimator, reference)
    content = portable_weights(estimator.backbone, estimator.weights)
    digest = sha256(content).hexdigest()
    member = f"weights/{digest}.safetensors"
    if member not in archive.members:
        archive.add(member, content)
    name = f"{estimator.backbone}-{_full_name(estimator, reference)}.safetensors"
    return {"name": name, "bytes": len(content), "sha256": digest, "member": member}


def _full_name(estimator: Any, reference: Reference) -> str:
    """Name weights so that it holds elsewhere: "DEFAULT" may be others in another release."""
    if reference.kind != NAMED:
        return reference.key
    from mmsk._nets.backbones import full_name

    return full_name(estimator.backbone, estimator.weights)
