import sys

import pytest

from mmsk._optional import import_optional
from mmsk.exceptions import MissingDependencyError


def test_installed_package_is_imported():
    import json.decoder

    module = import_optional("json.decoder", needed_for="this test", extra="plot")
    assert module is json.decoder


def test_missing_package_is_explained():
    message = (
        r"stemming needs the package 'no_such_package', which could not be imported .*"
        r"Install it with: pip install 'mmsk\[stemming\]'"
    )
    with pytest.raises(MissingDependencyError, match=message) as caught:
        import_optional("no_such_package.part", needed_for="stemming", extra="stemming")
    assert caught.value.name == "no_such_package"
    assert isinstance(caught.value.__cause__, ImportError)


def test_package_that_is_broken_is_explained(monkeypatch):
    monkeypatch.setitem(sys.modules, "json.decoder", None)
    with pytest.raises(MissingDependencyError, match="the package 'json', which could not be"):
        import_optional("json.decoder", needed_for="this test", extra="plot")
