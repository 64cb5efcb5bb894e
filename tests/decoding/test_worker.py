import pickle
import socket
import threading

import numpy as np
import pytest
from hostile_decoder import obey

from mmsk import _config
from mmsk._decoding.answers import from_message
from mmsk._decoding.messages import receive, receive_block, send_block
from mmsk._decoding.worker import serve


@pytest.fixture
def ask(monkeypatch):
    """Ask a worker that runs in a thread of this process, whose settings it then changes."""
    for name in ("_global", "_set_in_process"):
        monkeypatch.setattr(_config, name, getattr(_config, name))
    ours, theirs = socket.socketpair()

    def work():
        with pytest.raises(EOFError):
            serve(theirs)

    def take(n_bytes):
        content = np.empty(n_bytes, np.uint8)
        receive(ours, content.data)
        return content

    def ask(*request):
        send_block(ours, pickle.dumps(request))
        return from_message(receive_block(ours, 10**6), take)

    thread = threading.Thread(target=work)
    thread.start()
    yield ask
    ours.close()
    thread.join()
    theirs.close()


def test_cells_are_read_with_what_was_loaded_last(ask, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    assert ask("load", str(tmp_path), pickle.dumps(len)).result() is None
    assert ask("read", "abc", 5.0).result() == 3
    ask("load", str(tmp_path), pickle.dumps(obey))
    assert ask("read", "good", 5.0).result().tolist() == [4, 1]
    assert ask("read", "refuse", 5.0).result().reason == "it is bad"
    with pytest.raises(ZeroDivisionError, match="a fault of the program"):
        ask("read", "fail", 5.0).result()


def test_what_cannot_be_loaded_is_told(ask, tmp_path):
    answer = ask("load", str(tmp_path / "absent"), b"")
    with pytest.raises(RuntimeError, match=r"FileNotFoundError: .* No such file"):
        answer.result()
    answer = ask("load", ".", b"cabsent\nname\n.")
    with pytest.raises(ModuleNotFoundError, match="absent"):
        answer.result()


def test_a_lack_of_memory_is_of_the_cell(ask):
    ask("load", ".", pickle.dumps(obey))
    error = ask("read", f"take_memory {2**50}", 5.0).result()
    assert error.reason == "more memory than the process of a decoder may take"
