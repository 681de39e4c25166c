from __future__ import annotations

import pytest

from analyzer.model.errors import InputError
from analyzer.model.limits import LIMITS, UNPACKED_MB, Limit


@pytest.mark.parametrize("limit", LIMITS, ids=lambda limit: limit.option)
def test_a_limit_is_what_the_environment_says_or_its_default(
    limit: Limit, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv(limit.variable, raising=False)
    assert limit.value == limit.default
    monkeypatch.setenv(limit.variable, " 7 ")
    assert limit.value == 7


@pytest.mark.parametrize("text", ["0", "-1", "1.5", "x", "1e3", "9" * 5000, "٣", "1000001"])
def test_a_limit_that_is_no_whole_number_is_wrong_input(
    text: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv(UNPACKED_MB.variable, text)
    with pytest.raises(InputError, match=r"ANALYZER_MAX_UNPACKED_MB is '.*': it has to be a whole"):
        _ = UNPACKED_MB.value
