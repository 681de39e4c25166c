from __future__ import annotations

import gc

import pytest

from analyzer.model.collector import without_collector


@pytest.mark.parametrize("ran", [True, False])
def test_the_collector_is_afterwards_as_it_was_before_whatever_is_raised(ran: bool) -> None:
    before = gc.isenabled()
    try:
        (gc.enable if ran else gc.disable)()
        with without_collector(), without_collector():
            assert not gc.isenabled()
        assert gc.isenabled() is ran
        with pytest.raises(KeyError), without_collector():
            raise KeyError
        assert gc.isenabled() is ran
    finally:
        (gc.enable if before else gc.disable)()
