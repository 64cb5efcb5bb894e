import os
import random
import struct

import pytest

from mmsk.audio import AudioReader
from mmsk.audio._stderr import quiet_mpeg
from mmsk.exceptions import ReadError


def in_wav(mp3):
    """Wrap an MP3 file of 16 kHz, as few programs still do: the reader takes it for a WAV."""
    extra = struct.pack("<HIHHH", 1, 0, 200, 1, 0)
    head = struct.pack("<HHIIHHH", 0x55, 1, 16_000, 4000, 1, 0, len(extra)) + extra
    chunks = b"fmt " + struct.pack("<I", len(head)) + head
    chunks += b"data" + struct.pack("<I", len(mp3)) + mp3
    return b"RIFF" + struct.pack("<I", 4 + len(chunks)) + b"WAVE" + chunks


def test_damaged_files_leave_nothing_on_standard_error(encode, capfd):
    generator = random.Random(0)
    sounds = {kind: encode(kind) for kind in ("MP3", "AIFF", "WAV", "OGG", "FLAC")}
    sounds["MP3 in WAV"] = in_wav(sounds["MP3"])
    assert len(AudioReader().read(sounds["MP3 in WAV"]).samples) == 16_000
    for whole in sounds.values():
        for _ in range(40):
            damaged = bytearray(whole[: generator.randrange(100, len(whole))])
            for _ in range(20):
                damaged[generator.randrange(len(damaged))] = generator.randrange(256)
            try:
                AudioReader().read(bytes(damaged))
            except ReadError:
                continue
    assert capfd.readouterr() == ("", "")


def test_what_others_write_arrives(capfd):
    with quiet_mpeg:
        os.write(2, b"progress 50%\n")
        os.write(2, b"[src/libmpg123/layer3.c:1] error: dequantization failed!\n")
        with quiet_mpeg:
            os.write(2, b"Note: Trying to resync...\nanother\n")
        assert capfd.readouterr().err == "progress 50%\nanother\n"
        os.write(2, b"last")
    os.write(2, b" and after")
    assert capfd.readouterr().err == "last and after"


def test_an_error_inside_puts_standard_error_back(capfd):
    with pytest.raises(RuntimeError, match="inside"), quiet_mpeg:
        raise RuntimeError("inside")
    os.write(2, b"after")
    assert capfd.readouterr().err == "after"


def test_without_standard_error_nothing_is_done(monkeypatch):
    def refuse(descriptor):
        raise OSError("closed")

    monkeypatch.setattr(os, "dup", refuse)
    with quiet_mpeg:
        pass
