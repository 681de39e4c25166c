from __future__ import annotations

from pathlib import Path

import pytest
from soak import soak

ROUNDS = 5
SEED = 11


@pytest.mark.long
def test_some_rounds_of_faults_lies_kills_and_reorgs_end_with_the_right_rows(
    tmp_path: Path,
) -> None:
    tally = soak(tmp_path, seconds=120.0, seed=SEED, rounds=ROUNDS)
    assert tally.wrong == []
    assert tally.rounds == ROUNDS
    assert tally.hits.total() >= 10
