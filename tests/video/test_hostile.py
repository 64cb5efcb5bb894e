"""Files made to lead elsewhere: nothing is fetched, no other file is opened, nothing crashes."""

import io
import struct
import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import av
import numpy as np
import pytest
from made_videos import moving_square, write_video

from mmsk.exceptions import ReadError
from mmsk.video import SoundTrackReader, VideoReader

READERS = [VideoReader(), SoundTrackReader()]


class Counting(BaseHTTPRequestHandler):
    """Serves the same content for every address and notes who asked."""

    def do_GET(self):
        self.server.asked.append(self.path)
        self.send_response(200)
        self.send_header("Content-Length", str(len(self.server.content)))
        self.end_headers()
        self.wfile.write(self.server.content)

    do_HEAD = do_GET

    def log_message(self, *arguments):
        pass


@pytest.fixture(scope="module")
def server(square_file):
    server = ThreadingHTTPServer(("127.0.0.1", 0), Counting)
    server.content, server.asked = square_file.read_bytes(), []
    thread = threading.Thread(target=server.serve_forever)
    thread.start()
    yield server
    server.shutdown()
    thread.join()
    server.server_close()


def playlists(url, other):
    """Texts that FFmpeg would read as lists of other addresses, files or devices."""
    hls = "#EXTM3U\n#EXT-X-TARGETDURATION:10\n#EXTINF:10,\n{}\n#EXT-X-ENDLIST\n"
    dash = (
        '<?xml version="1.0"?><MPD xmlns="urn:mpeg:dash:schema:mpd:2011" type="static" '
        'mediaPresentationDuration="PT10S"><Period><AdaptationSet><Representation id="0" '
        'mimeType="video/mp4" bandwidth="1"><BaseURL>{}</BaseURL></Representation>'
        "</AdaptationSet></Period></MPD>"
    )
    texts = {
        "hls-http.m3u8": hls.format(f"{url}/a.ts"),
        "hls-file.m3u8": hls.format(f"file://{other}"),
        "hls-path.m3u8": hls.format(other),
        "hls-key.m3u8": f'#EXTM3U\n#EXT-X-KEY:METHOD=AES-128,URI="{url}/key"\n'
        + hls.format(f"{url}/a.ts").partition("\n")[2],
        "hls-map.m3u8": f'#EXTM3U\n#EXT-X-MAP:URI="{url}/init"\n'
        + hls.format(f"{url}/a.mp4").partition("\n")[2],
        "hls-master.m3u8": f"#EXTM3U\n#EXT-X-STREAM-INF:BANDWIDTH=1\n{url}/b.m3u8\n",
        "hls-concat.m3u8": hls.format(f"concat:{other}|{url}/a"),
        "hls-crypto.m3u8": hls.format(f"crypto+{url}/a"),
        "concat-http.ffconcat": f"ffconcat version 1.0\nfile '{url}/a.mp4'\n",
        "concat-file.ffconcat": f"ffconcat version 1.0\nfile '{other}'\n",
        "concat-unnamed.txt": f"file '{other}'\n",
        "dash.mpd": dash.format(f"{url}/a.mp4"),
        "dash-file.mpd": dash.format(f"file://{other}"),
        "ism.ism": f'<?xml version="1.0"?><smil><video src="{url}/a.mp4"/></smil>',
        "sdp.sdp": "v=0\no=- 0 0 IN IP4 127.0.0.1\nc=IN IP4 127.0.0.1\nm=video 9 RTP/AVP 96\n",
        "pls.pls": f"[playlist]\nFile1={url}/a.mp4\nNumberOfEntries=1\n",
        "asx.asx": f'<asx version="3.0"><entry><ref href="{url}/a.mp4"/></entry></asx>',
        "image.svg": f'<svg xmlns="http://www.w3.org/2000/svg"><image href="{url}/a.png"/></svg>',
    }
    return {name: text.encode() for name, text in texts.items()}


def atom(name, content):
    return struct.pack(">I", 8 + len(content)) + name + content


def containers(url, other, mp4, avi):
    """Files of accepted formats that refer to something else, or carry a playlist."""
    playlist = playlists(url, other)["hls-http.m3u8"]
    kept = mp4.find(b"dref") + 12
    reference = atom(b"rdrf", bytes(4) + b"url " + struct.pack(">I", len(url)) + url.encode())
    files = {
        f"dref-{kind.decode().strip()}.mp4": mp4[:kept] + kind + bytes(4) + mp4[kept + 8 :]
        for kind in (b"url ", b"alis", b"rsrc")
    }
    files["reference.mov"] = atom(b"moov", atom(b"rmra", atom(b"rmda", reference)))
    for head in (b"ftypisom", b"freemoov", b"skipmdat", b"wide0000"):
        files[f"behind-{head[:4].decode()}.mp4"] = struct.pack(">I", 12) + head + playlist
    files["after-ebml.mkv"] = b"\x1aE\xdf\xa3\x80" + playlist
    files["after-pack.mpg"] = b"\0\0\1\xba" + playlist
    files["in-transport.ts"] = b"G" + playlist.ljust(187) + b"G" + playlist.ljust(187)
    # Subtitles in an AVI file are opened as a file of their own, of whatever format they look.
    gab2 = b"GAB2\0" + struct.pack("<HI", 2, 2) + b"\0\0" + struct.pack("<HI", 4, len(playlist))
    chunk = b"00tx" + struct.pack("<I", len(gab2 + playlist)) + gab2 + playlist
    first = avi.find(b"movi") + 4
    files["subtitles.avi"] = avi[:first] + chunk + avi[first:]
    return files


def read_anyway(cell):
    """Read frames and sound; return what was refused."""
    refused = []
    for reader in READERS:
        try:
            reader.read(cell)
        except ReadError as error:
            refused.append(str(error))
    return refused


def test_playlists_are_refused_and_fetch_nothing(tmp_path, server, square_file):
    url = f"http://127.0.0.1:{server.server_port}"
    for name, content in playlists(url, square_file).items():
        renamed = tmp_path / f"{name}.mp4"
        for path in (tmp_path / name, renamed):
            path.write_bytes(content)
        for cell in (tmp_path / name, renamed, content, io.BytesIO(content)):
            refused = read_anyway(cell)
            assert ["not a video file" in reason for reason in refused] == [True, True], name
    assert server.asked == []


def test_containers_that_refer_elsewhere_fetch_nothing(tmp_path, server, square, square_file):
    url = f"http://127.0.0.1:{server.server_port}"
    avi = write_video(tmp_path / "a.avi", square, codec="mpeg4").read_bytes()
    for name, content in containers(url, square_file, square_file.read_bytes(), avi).items():
        path = tmp_path / name
        path.write_bytes(content)
        for cell in (path, io.BytesIO(content)):
            read_anyway(cell)
    assert server.asked == []


def test_the_server_counts_what_ffmpeg_fetches_without_the_reader(tmp_path, server):
    url = f"http://127.0.0.1:{server.server_port}"
    path = tmp_path / "list.ffconcat"
    path.write_text(f"ffconcat version 1.0\nfile '{url}/a.mp4'\n")
    try:
        with av.open(str(path), options={"safe": "0", "protocol_whitelist": "file,http,tcp"}):
            pass
        assert server.asked
    finally:
        server.asked.clear()


@pytest.mark.parametrize(
    ("name", "codec"),
    [
        ("a.mp4", "libx264"),
        ("a.mkv", "libx264"),
        ("a.webm", "libvpx-vp9"),
        ("a.avi", "mpeg4"),
        ("a.ts", "libx264"),
        ("a.mpg", "mpeg2video"),
    ],
)
def test_mutations_are_read_or_refused(tmp_path, name, codec):
    """300 changed files each; a crash would end the tests, and other errors fail."""
    content = write_video(tmp_path / name, moving_square(8, 32, 32), codec=codec).read_bytes()
    reader = VideoReader(max_seconds=60, max_pixels=10_000)
    generator = np.random.default_rng(0)
    outcomes = set()
    for _ in range(300):
        changed = np.frombuffer(content, np.uint8).copy()
        n_places = generator.integers(1, 20)
        changed[generator.integers(0, len(changed), n_places)] = generator.integers(
            0, 256, n_places, dtype=np.uint8
        )
        kept = len(changed) if generator.random() < 0.7 else generator.integers(1, len(changed))
        try:
            clip = reader.read(changed[:kept].tobytes(), 4)
            assert clip.height * clip.width < 100_000
            outcomes.add("read")
        except ReadError:
            outcomes.add("refused")
    assert outcomes == {"read", "refused"}
