"""Embeddings of texts by pretrained transformers."""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import AbstractContextManager
from typing import Any

import numpy as np

from mmsk._device import resolve_device
from mmsk._validation import check_choice, check_number
from mmsk.exceptions import ReadError
from mmsk.extraction import CellExtractor
from mmsk.extraction._network_threads import device_of_thread, network_threads
from mmsk.extraction._stream import Threads
from mmsk.text._documents import attempt
from mmsk.text._word_reader import WordReader


class TransformerEmbedder(CellExtractor):
    """Embed texts with a pretrained encoder of Hugging Face: BERT, MiniLM, MPNet, E5 and others.

    The encoder is frozen: nothing is learned from the texts. It is loaded at the first transform,
    once per process, and shared by all clones. Weights are read from .safetensors files only, and
    no code that comes with a model is run.

    Parameters
    ----------
    model : str or path
        A folder with config.json, tokenizer.json and .safetensors weights, as ``save_pretrained``
        writes it; or the name of a model on the Hugging Face hub, such as
        ``"sentence-transformers/all-MiniLM-L6-v2"``, which is downloaded at the first transform
        where it is not on disk yet.
    revision : str, default=None
        For a name, the commit of the model, 40 hexadecimal digits: names can be given new
        contents, commits cannot. Not used for a folder.
    pooling : {"mean", "cls", "max"}, default="mean"
        What becomes of the tokens: the mean or the maximum of all, or the first one, which BERT
        and its kin reserve for the whole. What suits is what the model was trained with, mostly
        the mean.
    window_length : int, default=None
        Tokens in a window, with the special ones that the model puts around it, mostly two. A
        text longer than a window is cut into several, and its row is the mean of theirs by their
        numbers of tokens, with ``"max"`` the maximum. None is what the model takes, mostly 512,
        which is also the most; fewer are faster.
    hop_length : int, default=None
        Tokens of the text from the start of one window to the start of the next, as in
        SlidingWindows; None is half of `window_length`. Without overlap, at 510 of 512, a long
        text takes half the time.
    precision : {"float32", "bfloat16", "float16"}, default="float32"
        Type in which the network computes. The others are faster on GPUs and on some CPUs, and
        change rows by about 1 %.
    max_chars : int, default=1_000_000
        Longer texts are cut to this many characters.
    on_error : {"raise", "missing"}, default="raise"
        Whether a cell that is no text raises, or is taken as missing with a warning.
    max_bad_fraction : float, default=0.1
        Under ``on_error="missing"``, the share of bad cells above which it raises all the same.
    batch_size : int, default=32
        Texts that are handed to a thread or GPU at a time; those of alike lengths are computed
        together.
    n_jobs : int, default=None
        Threads that compute on the CPU, each its own texts. None is as many as torch would use.
    device : {"auto", "cpu", "cuda", "cuda:N", "mps"}, default="auto"
        Where the network runs. ``"auto"`` is every CUDA GPU, else the CPU.

    Raises
    ------
    MissingDependencyError
        If transformers is not installed: ``pip install "mmsk[transformers]"``.

    See Also
    --------
    SlidingWindows : Long texts in windows of words, with more ways of pooling.
    WordVectorEmbedder : Means of word vectors, thousands of texts a second on a CPU.
    TfidfEmbedder : Words as such; with enough training texts often as good.

    Notes
    -----
    An empty text is one without words, and has the row of the special tokens alone. Beside other
    texts a row may differ by rounding (1e-6), as padding changes the order of sums.

    References
    ----------
    .. [1] A. Vaswani et al., "Attention is all you need", NeurIPS 2017.
    .. [2] N. Reimers, I. Gurevych, "Sentence-BERT: sentence embeddings using siamese
       BERT-networks", EMNLP 2019.

    Examples
    --------
    >>> from mmsk import TransformerEmbedder
    >>> embedder = TransformerEmbedder("sentence-transformers/all-MiniLM-L6-v2")
    >>> embedder.fit()
    Traceback (most recent call last):
        ...
    ValueError: model='sentence-transformers/all-MiniLM-L6-v2' is no folder. To have a model of
    that name downloaded, pin it: revision=None is not the 40 hexadecimal digits of one of its
    commits.
    """

    _strings_are = "text"

    def __init__(
        self,
        model: str | os.PathLike,
        *,
        revision: str | None = None,
        pooling: str = "mean",
        window_length: int | None = None,
        hop_length: int | None = None,
        precision: str = "float32",
        max_chars: int = 1_000_000,
        on_error: str = "raise",
        max_bad_fraction: float = 0.1,
        batch_size: int = 32,
        n_jobs: int | None = None,
        device: str = "auto",
    ) -> None:
        self.model = model
        self.revision = revision
        self.pooling = pooling
        self.window_length = window_length
        self.hop_length = hop_length
        self.precision = precision
        self.max_chars = max_chars
        self.on_error = on_error
        self.max_bad_fraction = max_bad_fraction
        self.batch_size = batch_size
        self.n_jobs = n_jobs
        self.device = device

    def _check_parameters(self) -> None:
        from mmsk._nets.transformer import check_source

        check_source(self.model, self.revision)
        check_choice("pooling", self.pooling, ["mean", "cls", "max"])
        check_choice("precision", self.precision, ["float32", "bfloat16", "float16"])
        check_number("max_chars", self.max_chars, low=1, integer=True)
        if self.window_length is not None:
            # Two special tokens and one of the text.
            check_number("window_length", self.window_length, low=3, integer=True)
        if self.hop_length is not None:
            check_number("hop_length", self.hop_length, low=1, integer=True)
        resolve_device(self.device)

    def _used_reader(self) -> WordReader:
        return WordReader(lowercase=False, max_chars=self.max_chars)

    def _feature_names(self) -> Iterator[str]:
        from mmsk._nets.transformer import check_source, width_of

        check_source(self.model, self.revision)
        return (f"transformer{i}" for i in range(width_of(str(self.model), self.revision)))

    def _threads(self) -> AbstractContextManager[Threads]:
        return network_threads(self.device, self.n_jobs, n_reading=1)

    def _fingerprint_state(self) -> dict[str, Any]:
        from mmsk._nets.transformer import identify_text_network

        return identify_text_network(str(self.model), self.revision)

    def _prepare(self, cell: Any) -> str:
        text = attempt(cell, self.max_chars)
        if isinstance(text, ReadError):
            raise text
        # Tokenizers refuse a surrogate without its other half; it becomes U+FFFD.
        return text.encode("utf-16-le", "surrogatepass").decode("utf-16-le", "replace")

    def _extract(self, samples: list[str]) -> np.ndarray:
        from mmsk._nets.transformer import get_text_network

        network = get_text_network(str(self.model), self.revision, self.precision)
        return network.embed(
            samples,
            pooling=self.pooling,
            window_length=self.window_length,
            hop_length=self.hop_length,
            device=device_of_thread(self.device),
        )
