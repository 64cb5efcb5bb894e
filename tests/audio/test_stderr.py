import os
import random

import pytest

from mmsk.audio import AudioReader
from mmsk.audio._stderr import quiet_mpeg
from mmsk.exceptions import ReadError


def test_damaged_files_leave_nothing_on_standard_error(encode, capfd):
    generator = random.Random(0)
    for kind in ("MP3", "AIFF", "WAV", "OGG"):
        whole = encode(kind)
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
