"""Embeddings of texts by an encoder of Hugging Face, built once and shared by all clones."""

from __future__ import annotations

import re
import threading
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from copy import deepcopy
from functools import lru_cache
from hashlib import sha256
from pathlib import Path
from typing import Any

import numpy as np
import torch

from mmsk._nets.cnn import DTYPES, halved_when_out_of_memory
from mmsk._optional import import_optional

NETWORKS_KEPT = 2
WINDOWS_PER_PASS = 8
LONGEST_WINDOW = 512  # tokens, where neither tokenizer nor network says what it takes
COMMIT = r"[0-9a-f]{40}"
ATTENTIONS = ("eager", "sdpa")
SUFFIXES = {".json", ".txt", ".model", ".safetensors"}

_building = threading.Lock()
_one_call = threading.Lock()  # a tokenizer keeps the limits of a call, which others must not change


def check_source(model: Any, revision: Any) -> None:
    """Raise ValueError unless this is a folder, or a name with a pinned revision."""
    if not isinstance(model, str | Path):
        raise ValueError(f"model={model!r} is neither a folder nor the name of a model.")
    if Path(model).is_dir():
        return
    if not isinstance(revision, str) or not re.fullmatch(COMMIT, revision):
        raise ValueError(
            f"model={str(model)!r} is no folder. To have a model of that name downloaded, pin it: "
            f"revision={revision!r} is not the 40 hexadecimal digits of one of its commits."
        )


def identify_text_network(model: str, revision: str | None) -> dict[str, Any]:
    """Return plain values that change whenever the loaded network would."""
    if not Path(model).is_dir():
        return {"name": str(model), "revision": revision}
    return {"digest": _digest(str(Path(model).resolve()), *_status(Path(model)))}


def width_of(model: str, revision: str | None) -> int:
    """Return the width of a network's features without loading its weights."""
    return int(_config(str(model), revision, *_status(Path(model))).hidden_size)


def get_text_network(model: str, revision: str | None, precision: str) -> TextNetwork:
    """Return the network, loaded on first use; a folder that changed is loaded again."""
    with _building:
        return _network(str(model), revision, precision, *_status(Path(model)))


class TextNetwork:
    """A tokenizer and its encoder, with a copy on each device where it is used.

    Parameters
    ----------
    tokenizer : transformers tokenizer
        Cuts texts into windows of tokens.
    network : Module
        The encoder in evaluation mode.
    dtype : torch.dtype
        Type in which it computes.
    """

    def __init__(self, tokenizer: Any, network: Any, dtype: torch.dtype) -> None:
        self.tokenizer = tokenizer
        self._on = {"cpu": network.eval().requires_grad_(False).to(dtype)}
        limits = [tokenizer.model_max_length, _positions(network.config)]
        self.most_tokens = min([limit for limit in limits if limit < 10**6] or [LONGEST_WINDOW])

    def embed(
        self,
        texts: Sequence[str],
        *,
        pooling: str,
        window_length: int | None,
        hop_length: int | None,
        device: str,
    ) -> np.ndarray:
        """Embed texts, long ones in windows.

        Parameters
        ----------
        texts : sequence of str
            The texts.
        pooling : {"mean", "cls", "max"}
            How tokens become one row, as TransformerEmbedder documents.
        window_length : int or None
            Tokens in a window; None is what the network takes.
        hop_length : int or None
            Tokens of the text from the start of a window to the next; None is half a window.
        device : str
            Where to compute.

        Returns
        -------
        rows : ndarray of shape (n_texts, width), dtype float32
            On the CPU.

        Raises
        ------
        ValueError
            If windows would leave tokens out.
        """
        limit = min(window_length or self.most_tokens, self.most_tokens)
        cut = self._windows(texts, limit, self._overlap(limit, hop_length))
        windows, of_text = cut["input_ids"], np.array(cut["overflow_to_sample_mapping"])
        lengths = np.array([len(window) for window in windows])
        rows = np.empty((len(windows), 0), dtype=np.float32)
        # Windows of alike lengths pass together, so that little is computed for padding.
        for places in np.array_split(np.argsort(lengths, kind="stable"), _n_passes(len(windows))):
            found = self._pass([windows[place] for place in places], pooling, device)
            if not rows.shape[1]:
                rows = np.empty((len(windows), found.shape[1]), dtype=np.float32)
            rows[places] = found
        return _joined(rows, lengths, of_text, len(texts), pooling)

    def _overlap(self, limit: int, hop_length: int | None) -> int:
        n_own = limit - self.tokenizer.num_special_tokens_to_add()
        hop = max(1, limit // 2) if hop_length is None else hop_length
        if hop > n_own:
            raise ValueError(
                f"hop_length={hop_length!r} leaves tokens out: a window of {limit} tokens holds "
                f"{n_own} of the text. Give at most that many."
            )
        return n_own - hop

    def _windows(self, texts: Sequence[str], limit: int, overlap: int) -> Any:
        with _one_call:
            return self.tokenizer(
                list(texts),
                truncation=True,
                max_length=limit,
                stride=overlap,
                return_overflowing_tokens=True,
            )

    def _pass(self, windows: list[list[int]], pooling: str, device: str) -> np.ndarray:
        lengths = torch.tensor([len(window) for window in windows])
        tokens = torch.zeros((len(windows), int(lengths.max())), dtype=torch.int64)
        for row, window in zip(tokens, windows, strict=True):
            row[: len(window)] = torch.tensor(window)
        there = (torch.arange(tokens.shape[1]) < lengths[:, None]).long()
        network = self._copy_on(device)

        def compute(part: torch.Tensor) -> torch.Tensor:
            tokens, there = part.to(device).unbind(2)
            states = network(input_ids=tokens, attention_mask=there).last_hidden_state.float()
            return _pooled(states, there.unsqueeze(2), pooling).cpu()

        with torch.inference_mode():
            return halved_when_out_of_memory(compute, torch.stack([tokens, there], 2)).numpy()

    def _copy_on(self, device: str) -> Any:
        with _building:
            if device not in self._on:
                self._on[device] = deepcopy(self._on["cpu"]).to(device)
            return self._on[device]


def _pooled(states: torch.Tensor, there: torch.Tensor, pooling: str) -> torch.Tensor:
    if pooling == "cls":
        return states[:, 0]
    if pooling == "max":
        return states.masked_fill(there == 0, -torch.inf).amax(dim=1)
    return (states * there).sum(dim=1) / there.sum(dim=1)


def _joined(
    rows: np.ndarray, lengths: np.ndarray, of_text: np.ndarray, n_texts: int, pooling: str
) -> np.ndarray:
    """One row per text: the largest of its windows, or their mean by their numbers of tokens."""
    starts = np.searchsorted(of_text, np.arange(n_texts))
    if pooling == "max":
        return np.maximum.reduceat(rows, starts)
    weights = lengths[:, None] / np.add.reduceat(lengths, starts)[of_text, None]
    return np.add.reduceat(rows * weights.astype(np.float32), starts)


def _n_passes(n_windows: int) -> int:
    return max(1, -(-n_windows // WINDOWS_PER_PASS))


def _positions(config: Any) -> int:
    """Return how many tokens the network tells apart by their place."""
    n_positions = getattr(config, "max_position_embeddings", None) or 10**6
    # RoBERTa and its kin count from the place after that of the padding.
    shifted = config.model_type in ("roberta", "xlm-roberta", "camembert", "mpnet", "longformer")
    return n_positions - (config.pad_token_id + 1) * shifted


@lru_cache(maxsize=NETWORKS_KEPT)
def _network(model: str, revision: str | None, precision: str, *status: Any) -> TextNetwork:
    transformers = _transformers()
    where = _where(model, revision)
    _check_config(model, _config(model, revision, *status))
    try:
        with _no_bars(transformers):
            tokenizer = transformers.AutoTokenizer.from_pretrained(model, **where)
            network = transformers.AutoModel.from_pretrained(
                model, **where, use_safetensors=True, dtype=torch.float32
            )
    except (OSError, ValueError) as error:
        raise ValueError(
            f"model={model!r} cannot be loaded: {str(error).partition(chr(10))[0]} A folder needs "
            "config.json, the files of a tokenizer, and weights in .safetensors files; others are "
            "refused, because loading them may run code."
        ) from error
    if not tokenizer.is_fast:
        raise ValueError(
            f"model={model!r} has no fast tokenizer (tokenizer.json), which is needed."
        )
    if network.config.is_encoder_decoder:
        network = network.get_encoder()
    return TextNetwork(tokenizer, network, DTYPES[precision])


@lru_cache(maxsize=16)
def _config(model: str, revision: str | None, *status: Any) -> Any:
    try:
        return _transformers().AutoConfig.from_pretrained(model, **_where(model, revision))
    except (OSError, ValueError) as error:
        raise ValueError(f"model={model!r} has no config.json that can be read: {error}") from error


def _check_config(model: str, config: Any) -> None:
    """Refuse what has transformers fetch code for processors, by name, from Hugging Face."""
    parts = [config, *vars(config).values()]
    attentions = {getattr(part, "_attn_implementation", None) for part in parts}
    other = attentions - {None, *ATTENTIONS}
    if other:
        raise ValueError(
            f"model={model!r} asks for attn_implementation={other.pop()!r} in its config.json, and "
            f"that may be code to download. Take that line out; {ATTENTIONS} are known."
        )
    if getattr(config, "quantization_config", None) is not None:
        raise ValueError(
            f"model={model!r} has a quantization_config in its config.json, for which code may be "
            "downloaded. Save the model without quantization."
        )


def _where(model: str, revision: str | None) -> dict[str, Any]:
    local = Path(model).is_dir()
    own = {} if local else {"revision": revision}
    return {"local_files_only": local, "trust_remote_code": False, **own}


def _transformers() -> Any:
    return import_optional("transformers", needed_for="TransformerEmbedder", extra="transformers")


@contextmanager
def _no_bars(transformers: Any) -> Iterator[None]:
    logging = transformers.utils.logging
    shown = logging.is_progress_bar_enabled()
    logging.disable_progress_bar()
    try:
        yield
    finally:
        if shown:
            logging.enable_progress_bar()


def _status(folder: Path) -> tuple[Any, ...]:
    """Return what changes when a file of the folder does; nothing for a name."""
    return tuple(
        (file.name, status.st_size, status.st_mtime_ns)
        for file in sorted(folder.glob("*"))
        if file.suffix in SUFFIXES and (status := file.stat())
    )


@lru_cache(maxsize=16)
def _digest(folder: str, *status: tuple[Any, ...]) -> str:
    state = sha256()
    for name, size, _ in status:
        state.update(f"{name} {size}\n".encode())
        with open(Path(folder) / name, "rb") as file:
            while chunk := file.read(2**20):
                state.update(chunk)
    return state.hexdigest()
