"""Reading a network's weights from a file, or saying what is wrong with it."""

from __future__ import annotations

import os
import re
from collections.abc import Callable
from functools import lru_cache
from pathlib import Path
from types import ModuleType
from typing import Any, TypeVar
from urllib.error import URLError

import torch
from torch import nn

from mmsk._compact import expand, has_codes
from mmsk._nets.backbones import (
    build_hollow,
    build_trained,
    did_you_mean,
    import_models,
    weight_names,
)
from mmsk._optional import import_optional

Result = TypeVar("Result")

SUFFIXES = (".safetensors", ".pth", ".pt")
MOST_SHOWN = 5
ORIGIN = "mmsk.origin"  # in a compact file: the name of the weights that were made smaller
_DIGEST = re.compile(r"-([a-f0-9]{8,})\.")  # the beginning of the SHA-256 is in the file's name
_OLD_DENSENET = re.compile(r"(denselayer\d+\.(?:norm|relu|conv))\.([12]\.)")


def is_file_name(weights: Any) -> bool:
    """Tell whether `weights` names a file and not one of torchvision's weights."""
    return isinstance(weights, os.PathLike) or (
        isinstance(weights, str) and weights.endswith(SUFFIXES)
    )


def check_weights(backbone: str, weights: Any) -> None:
    """Raise unless `weights` is None, a file that exists, or a weight name of `backbone`.

    Raises
    ------
    ValueError
        If the name or the kind of file is not known.
    FileNotFoundError
        If there is no such file.
    """
    if weights is None:
        return
    if is_file_name(weights):
        if Path(weights).suffix not in SUFFIXES:
            raise ValueError(f"weights={str(weights)!r} does not end in {', '.join(SUFFIXES)}.")
        if not Path(weights).is_file():
            raise FileNotFoundError(f"weights={str(weights)!r}: no such file.")
    elif weights not in weight_names(backbone):
        raise ValueError(
            f"weights={weights!r} is neither None, nor a file ending in {', '.join(SUFFIXES)}, nor "
            f"trained weights of {backbone!r}. {did_you_mean(weights, weight_names(backbone))}"
        )


def trained_file(backbone: str, weights: Any) -> tuple[str, Path]:
    """Return where torchvision fetches its named weights, and the file in which it keeps them."""
    url = import_models().get_model_weights(backbone)[weights].url
    return url, Path(torch.hub.get_dir()) / "checkpoints" / Path(url).name


def weights_name(weights: Any) -> str | None:
    """Return torchvision's name of weights, also of a file made of named ones by compressing.

    None for other files and for random weights.
    """
    if weights is None or not is_file_name(weights):
        return weights
    path = str(weights)
    return _origin(path, Path(path).stat().st_mtime_ns) if path.endswith(".safetensors") else None


@lru_cache(maxsize=64)
def _origin(path: str, modified_ns: int) -> str | None:
    def read() -> str | None:
        with safetensors("safetensors").safe_open(path, "numpy") as file:
            return (file.metadata() or {}).get(ORIGIN)

    return _tried(path, read)


def weights_with_version(weights: Any, seed: int) -> tuple[Any, tuple[int, ...]]:
    """Return weights, a file by its full path, and what changes when the loaded ones would.

    That is the state of a file, the seed of random weights, and nothing for named ones.
    """
    if is_file_name(weights):
        status = Path(weights).stat()
        return str(Path(weights).resolve()), (status.st_size, status.st_mtime_ns)
    return weights, (seed,) if weights is None else ()


def load_weights(backbone: str, weights: Any, image_size: int, final: str) -> nn.Module:
    """Build a network with the weights of a file, as `load_file`, or named ones."""
    if is_file_name(weights):
        return load_file(backbone, str(weights), image_size, final)
    return load_named(backbone, weights)


def load_named(backbone: str, weights: str) -> nn.Module:
    """Build a network with torchvision's named weights.

    Raises
    ------
    FileNotFoundError
        If they are not on disk and cannot be downloaded; the message says which file to put
        where.
    """
    url, file = trained_file(backbone, weights)
    try:
        if not file.exists():
            _download(url, file)
        return build_trained(backbone, weights)
    except (URLError, TimeoutError, ConnectionError) as error:
        raise FileNotFoundError(
            f"weights={weights!r} of {backbone!r} are not on disk and cannot be downloaded "
            f"({getattr(error, 'reason', error)}). Fetch {url} and put it at "
            f"{str(file)!r}, or give the file's path as weights."
        ) from error


def _download(url: str, file: Path) -> None:
    """Put the file where torchvision looks for it; torchvision itself would print that it does."""
    file.parent.mkdir(parents=True, exist_ok=True)
    digest = _DIGEST.search(file.name)
    torch.hub.download_url_to_file(url, str(file), digest and digest[1], progress=False)


def load_file(backbone: str, path: str, image_size: int, final: str) -> nn.Module:
    """Build a network with the weights of a file in torchvision's own key layout.

    Parameters
    ----------
    backbone : str
        Name of the network.
    path : str
        A .safetensors file, or a .pth or .pt file that holds tensors only.
    image_size : int
        Side of the pictures in pixels, for networks that fix it.
    final : str
        Name of the layer that gives the class scores. Its number of classes may differ.

    Raises
    ------
    ValueError
        If the file holds anything but the weights of this network.
    """
    state = {_current_key(key): _float32(value) for key, value in read_state(path).items()}
    options: dict[str, Any] = {}
    if f"{final}.weight" in state:
        options["num_classes"] = len(state[f"{final}.weight"])
    if backbone in ("inception_v3", "googlenet"):
        options["transform_input"] = True  # as torchvision does for its own weights
        state = {key: value for key, value in state.items() if not key.lower().startswith("aux")}
    network = build_hollow(backbone, image_size, **options)
    _check_state(network, state, backbone, path)
    network.load_state_dict(state, assign=True)
    return network


def read_state(path: str) -> dict[str, Any]:
    """Return the tensors of a file by their names; compact ones are expanded."""
    if path.endswith(".safetensors"):
        return _tried(path, lambda: _expanded(safetensors("safetensors.torch").load_file(path)))
    state = _tried(path, lambda: torch.load(path, map_location="cpu", weights_only=True))
    if not isinstance(state, dict) or not all(torch.is_tensor(value) for value in state.values()):
        raise ValueError(
            f"weights={path!r} does not hold a plain dict of tensors. Save the network's "
            "state_dict() by itself."
        )
    return state


def safetensors(module: str) -> ModuleType:
    """Import a module of the package safetensors, or say how to install it."""
    needed_for = "weights in a .safetensors file"
    return import_optional(module, needed_for=needed_for, extra="safe")


def _tried(path: str, read: Callable[[], Result]) -> Result:
    try:
        return read()
    except ImportError:
        raise
    except Exception as error:
        raise ValueError(
            f"weights={path!r} cannot be read as a file of tensors only. A checkpoint that holds "
            "other objects is refused, because loading it may run code: save the network's "
            f"state_dict() by itself. ({type(error).__name__}: {_first_sentence(error)})"
        ) from error


def _expanded(state: dict[str, torch.Tensor]) -> dict[str, torch.Tensor]:
    """Expand what is compact; other tensors may be of types that NumPy does not have."""
    if not has_codes(state):
        return state
    arrays = expand({name: value.numpy() for name, value in state.items()})
    return {name: torch.from_numpy(value) for name, value in arrays.items()}


def _first_sentence(error: Exception) -> str:
    """Cut torch's message, which goes on for a page and in colours."""
    return str(error).partition("\n")[0].partition(". ")[0]


def _current_key(key: str) -> str:
    return _OLD_DENSENET.sub(r"\1\2", key.removeprefix("module."))


def _float32(value: torch.Tensor) -> torch.Tensor:
    return value.float() if value.is_floating_point() else value


def _check_state(network: nn.Module, state: dict[str, Any], backbone: str, path: str) -> None:
    wanted = network.state_dict()
    counters = {key for key in wanted if key.endswith("num_batches_tracked")}
    shapes = [
        f"{key} {tuple(state[key].shape)} instead of {tuple(wanted[key].shape)}"
        for key in wanted.keys() & state.keys()
        if state[key].shape != wanted[key].shape
    ]
    problems = {
        "missing": sorted(wanted.keys() - state.keys() - counters),
        "unexpected": sorted(state.keys() - wanted.keys()),
        "of another shape": sorted(shapes),
    }
    found = [f"{len(keys)} {kind}: {_shown(keys)}" for kind, keys in problems.items() if keys]
    if found:
        raise ValueError(
            f"weights={path!r} do not fit backbone={backbone!r} in torchvision's key layout. "
            f"Keys {'; '.join(found)}."
        )


def _shown(keys: list[str]) -> str:
    return ", ".join(keys[:MOST_SHOWN]) + (", ..." if len(keys) > MOST_SHOWN else "")
