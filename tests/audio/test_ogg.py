import io

import numpy as np
import pytest

from mmsk.audio._ogg import check_ogg
from mmsk.exceptions import ReadError


@pytest.fixture(scope="module", params=["VORBIS", "OPUS"])
def content(request):
    """Some seconds of noise, in pages of a few kilobytes."""
    import soundfile

    file = io.BytesIO()
    noise = np.random.default_rng(0).normal(0, 0.1, 200_000)
    soundfile.write(file, noise, 16_000, format="OGG", subtype=request.param)
    return file.getvalue()


def check(content):
    check_ogg(io.BytesIO(content), len(content))


def pages(content):
    places = [place for place in range(len(content)) if content.startswith(b"OggS", place)]
    return [content[a:b] for a, b in zip(places, [*places[1:], len(content)], strict=True)]


def test_whole_files_pass(content):
    check(content)
    check(content + content)  # one after the other
    check(content + b"what a program has left behind")


def test_every_flipped_bit_is_found(content):
    for place in np.random.default_rng(0).integers(0, len(content), 60):
        damaged = bytearray(content)
        damaged[place] ^= 4
        with pytest.raises(ReadError, match=r"damaged: page|the last page .* is missing"):
            check(bytes(damaged))


def test_a_page_that_is_missing_or_repeated_is_found(content):
    parts = pages(content)
    assert len(parts) > 6
    for other in (parts[:4] + parts[5:], parts[:5] + parts[4:]):
        with pytest.raises(
            ReadError, match=r"damaged: page \d+ of the Ogg stream follows page \d+"
        ):
            check(b"".join(other))


def test_a_recording_may_begin_in_the_midst_of_a_broadcast(content):
    parts = pages(content)
    headers = sum(not any(part[6:14]) for part in parts)
    assert headers >= 2
    check(b"".join(parts[:headers] + parts[headers + 2 :]))


def test_an_end_that_is_missing_is_told(content):
    reason = "truncated: the last page of the Ogg stream is missing"
    for cut in (b"".join(pages(content)[:-1]), content[:-1]):
        with pytest.raises(ReadError, match=f"^{reason}$"):
            check(cut)
    *parts, last = pages(content)
    with pytest.raises(ReadError, match=rf"^{reason}, sync is lost before byte [\d,]+ of [\d,]+$"):
        check(b"".join(parts) + b"...." + last[4:])
