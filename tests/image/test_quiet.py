import logging
import pickle
import threading
import warnings

import pytest

from mmsk.image._quiet import quiet_decoder


def warn_as_pillow():
    code = compile("import warnings; warnings.warn('bad EXIF')", "plugin.py", "exec")
    exec(code, {"__name__": "PIL.JpegImagePlugin"})


def test_pillow_is_quiet_inside_and_not_outside():
    with quiet_decoder():
        warn_as_pillow()
        with quiet_decoder():
            warn_as_pillow()
        warn_as_pillow()
    with pytest.warns(UserWarning, match="bad EXIF"):
        warn_as_pillow()


def test_others_are_heard_inside():
    with pytest.warns(UserWarning, match="mine"), quiet_decoder():
        warnings.warn("mine")


def test_other_threads_are_heard():
    heard = []

    def warn_here():
        try:
            warn_as_pillow()
        except UserWarning as error:
            heard.append(error)

    with quiet_decoder():
        thread = threading.Thread(target=warn_here)
        thread.start()
        thread.join()
    assert len(heard) == 1


def test_filter_is_set_once_and_travels_to_workers():
    with quiet_decoder(), quiet_decoder():
        first, second = warnings.filters[:2]
        assert first != second
        assert pickle.loads(pickle.dumps(first)) == first


def test_log_entries(caplog):
    logger = logging.getLogger("PIL.TiffImagePlugin")
    with quiet_decoder():
        logger.error("inside")
    logger.error("outside")
    assert caplog.messages == ["outside"]
