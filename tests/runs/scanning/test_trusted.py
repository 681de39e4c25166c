"""Hashes that a user trusts, from options and files."""

from __future__ import annotations

from pathlib import Path

import pytest

from analyzer.model.errors import InputError
from analyzer.runs.scanning.trusted import trusted_hashes

ONE, TWO = "0x" + "1a" * 32, "0x" + "2b" * 32


def test_options_and_files_give_the_same_pairs(tmp_path: Path) -> None:
    file = tmp_path / "checkpoints"
    file.write_text(
        f"# mine\n\n19_000_000 = {ONE.upper().replace('X', 'x')}  # from my node\n0x10={TWO}\n"
    )
    assert trusted_hashes([f"19M={ONE}"], file) == {19_000_000: ONE, 16: TWO}
    assert trusted_hashes([]) == {}


@pytest.mark.parametrize("text", ["5", "5=", "5=0x12", f"latest={ONE}", f"={ONE}", f"x={ONE}"])
def test_what_is_no_pair_is_refused_by_name(text: str) -> None:
    with pytest.raises(InputError, match="is no"):
        trusted_hashes([text])


def test_two_hashes_for_one_block_are_refused(tmp_path: Path) -> None:
    file = tmp_path / "checkpoints"
    file.write_text(f"5={TWO}")
    with pytest.raises(InputError, match=r"block 5 is trusted under two hashes: .*line 1"):
        trusted_hashes([f"5={ONE}"], file)


def test_a_file_that_cannot_be_read_is_refused(tmp_path: Path) -> None:
    (tmp_path / "binary").write_bytes(b"\xff\xfe\x00")
    for name in ("binary", "missing"):
        with pytest.raises(InputError, match="cannot be read"):
            trusted_hashes([], tmp_path / name)
