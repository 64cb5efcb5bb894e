"""Sounds: the reader and the extractors."""

from mmsk.audio._descriptors import AudioDescriptors
from mmsk.audio._log_mel import LogMelEmbedder
from mmsk.audio._mfcc import MFCC
from mmsk.audio._reader import AudioReader
from mmsk.audio._stft import STFTEmbedder

__all__ = ["MFCC", "AudioDescriptors", "AudioReader", "LogMelEmbedder", "STFTEmbedder"]
