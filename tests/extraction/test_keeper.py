import numpy as np
import pytest
from letter_counts import LetterCounts

from mmsk import config_context
from mmsk._config import Config, current_config
from mmsk.exceptions import CacheWarning
from mmsk.extraction import _keeper
from mmsk.extraction._keeper import Keeper

ITEMS = [bytes([number]) * 16 for number in range(3)]
ROWS = np.arange(9, dtype=np.float32).reshape(3, 3)


@pytest.fixture(autouse=True)
def warned(monkeypatch):
    monkeypatch.setattr(_keeper, "_warned", set())


def keep(config, rows=ROWS):
    with Keeper(config, LetterCounts()) as keeper:
        found, values = keeper.read(ITEMS)
        claimed = keeper.claim([d for d, there in zip(ITEMS, found, strict=True) if not there])
        keeper.write(claimed, rows[: len(claimed)])
        keeper.release()
    return found.tolist(), values, claimed


def test_what_is_kept_is_found(store):
    assert keep(current_config())[2] == ITEMS
    found, values, claimed = keep(current_config())
    assert (found, claimed) == ([True] * 3, [])
    np.testing.assert_array_equal(values, ROWS)


def test_without_a_store_everything_is_new():
    for _ in range(2):
        found, values, claimed = keep(Config(cache=False))
        assert (found, values.shape, claimed) == ([False] * 3, (0, 3), ITEMS)


def test_an_extractor_without_features_keeps_nothing(store):
    with Keeper(current_config(), LetterCounts("")) as keeper:
        assert keeper.session is None


@pytest.mark.parametrize("method", ["__init__", "read", "claim", "write", "release", "close"])
@pytest.mark.parametrize("error", [OSError(5, "broken"), NotImplementedError("broken")])
def test_what_goes_wrong_on_disk_gives_one_warning(store, monkeypatch, method, error):
    def fail(*_):
        raise error

    monkeypatch.setattr(_keeper.Session, method, fail)
    with pytest.warns(CacheWarning, match=r"store in '.*' cannot be used: .*broken"):
        assert keep(current_config())[2] == ITEMS
    found, _, claimed = keep(current_config())  # without a second warning, which would be raised
    assert (found, claimed) in [([False] * 3, ITEMS), ([True] * 3, [])]


def test_an_error_of_ours_is_not_hidden(store, monkeypatch):
    def fail(*_):
        raise KeyError("a fault in the code")

    monkeypatch.setattr(_keeper.Session, "read", fail)
    with pytest.raises(KeyError, match="a fault"):
        keep(current_config())


def test_a_parameter_that_is_not_plain_is_told(store):
    message = r"cannot be used: factor=<function .* is no plain value"
    with (
        pytest.warns(CacheWarning, match=message),
        Keeper(current_config(), LetterCounts(factor=lambda: 1)) as keeper,
    ):
        assert keeper.session is None
    assert not store.exists()


def test_a_user_without_home_is_told(monkeypatch):
    def no_home():
        raise RuntimeError("Could not determine home directory.")

    monkeypatch.delenv("XDG_CACHE_HOME", raising=False)
    monkeypatch.delenv("MMSK_CACHE_DIR")
    monkeypatch.setattr("pathlib.Path.home", no_home)
    with pytest.warns(CacheWarning, match="cannot be used: this user has no home folder: set MM"):
        assert keep(Config())[2] == ITEMS


def test_the_setting_at_the_start_of_a_pass_holds(store, tmp_path):
    keeper = Keeper(current_config(), LetterCounts())
    with keeper, config_context(cache_dir=tmp_path / "other"):
        keeper.write(keeper.claim(ITEMS), ROWS)
    assert list(store.glob("*/keys.bin"))
    assert not (tmp_path / "other").exists()
