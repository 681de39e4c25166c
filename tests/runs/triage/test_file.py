from __future__ import annotations

import os
import stat
from datetime import date
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from analyzer.findings.acceptance import Acceptance
from analyzer.model.errors import InputError
from analyzer.model.finding import Severity
from analyzer.runs.triage.file import (
    HEAD,
    parse_triage,
    read_triage,
    with_entry,
    without_entry,
    write_triage,
)

PATH = Path("triage.toml")
TEXT = st.text(
    st.characters(exclude_categories=("Cs",)), min_size=1, max_size=40
).filter(lambda text: text.strip())  # fmt: skip
NAMES = st.from_regex(r"[a-z][a-z0-9_]{0,12}", fullmatch=True)
DAYS = st.dates(date(1, 1, 1), date(9999, 12, 31))
ENTRIES = st.builds(
    Acceptance,
    fingerprint=st.from_regex(r"[0-9a-f]{16}", fullmatch=True),
    reason=TEXT,
    author=TEXT,
    day=DAYS,
    expires=st.none() | DAYS,
    severity=st.none() | st.sampled_from(Severity),
    up_to=st.dictionaries(NAMES, st.integers(0, 2**255), max_size=2),
    detector=st.text(st.characters(exclude_categories=("Cs",)), max_size=20),
    chain_id=st.none() | st.integers(0, 2**53),
    deployment=st.text(st.characters(exclude_categories=("Cs",)), max_size=20),
    about=st.text(st.characters(exclude_categories=("Cs",)), max_size=20),
    scenario=st.text(st.characters(exclude_categories=("Cs",)), max_size=20),
)
MANY = st.lists(ENTRIES, min_size=1, max_size=4, unique_by=lambda entry: entry.fingerprint)


@given(MANY)
def test_what_is_written_is_read_again(entries: list[Acceptance]) -> None:
    text = ""
    for entry in entries:
        text = with_entry(text, entry)
    assert parse_triage(text, PATH) == entries


@given(MANY, st.data())
def test_an_entry_is_taken_out_and_the_others_stay_to_the_byte(
    entries: list[Acceptance], data: st.DataObject
) -> None:
    gone = data.draw(st.sampled_from(entries))
    text, without = "", HEAD
    for entry in entries:
        text = with_entry(text, entry)
        if entry != gone:
            without = with_entry(without, entry)
    assert without_entry(text, gone.fingerprint, PATH) == without


BY_HAND = """\
# ours, by hand

# the small one
[[accepted]]
fingerprint = '0123456789abcdef'   # dust
reason = "dust"
author = "A"
date = 2026-01-01

# the large one
  [[ accepted ]]
fingerprint = "fedcba9876543210"
reason = '''
it says
[[accepted]]
inside'''
author = "B"
date = 2026-01-02
"""


def test_comments_and_the_layout_of_other_entries_stay_when_one_is_withdrawn() -> None:
    left = without_entry(BY_HAND, "0123456789abcdef", PATH)
    assert (
        left
        == BY_HAND.replace(BY_HAND[BY_HAND.index("# the small") :], "")
        + BY_HAND[BY_HAND.index("# the large") :]
    )


def test_an_entry_that_cannot_be_told_from_the_rest_is_left_to_the_user() -> None:
    with pytest.raises(InputError, match="take the entry of fedcba9876543210 out by hand"):
        without_entry(BY_HAND, "fedcba9876543210", PATH)


def test_an_entry_that_is_not_there_is_refused() -> None:
    with pytest.raises(InputError, match="accepts no finding 0000000000000000"):
        without_entry(BY_HAND, "0000000000000000", PATH)


GOOD = {
    "fingerprint": '"0123456789abcdef"',
    "reason": '"r"',
    "author": '"a"',
    "date": "2026-01-01",
}


@pytest.mark.parametrize(
    ("changes", "match"),
    [
        ({"fingerprint": '"0123"'}, "is no fingerprint"),
        ({"fingerprint": None}, "fingerprint has to be a text"),
        ({"reason": None}, "reason has to be a text"),
        ({"reason": '"  "'}, "reason has to be a text"),
        ({"author": "7"}, "author has to be a text"),
        ({"date": None}, "date is missing"),
        ({"date": '"2026-01-01"'}, "date has to be a date"),
        ({"expires": "2026-01-01T10:00:00Z"}, "expires has to be a date"),
        ({"severity": '"awful"'}, "severity 'awful' is none of info, low"),
        ({"up_to": '{ shortfall_e18 = "1.5" }'}, "whole numbers in quotes"),
        ({"up_to": "5"}, "whole numbers in quotes"),
        ({"chain_id": '"ten"'}, "chain_id has to be a number"),
        ({"until": "2026-01-01"}, "'until' is not known"),
    ],
)
def test_a_mistake_in_an_entry_is_named_in_one_line(
    changes: dict[str, str | None], match: str
) -> None:
    values = {**GOOD, **changes}
    lines = [f"{name} = {value}" for name, value in values.items() if value is not None]
    with pytest.raises(InputError, match=match) as caught:
        parse_triage("\n".join(["[[accepted]]", *lines]), PATH)
    assert str(caught.value).startswith("triage.toml, entry 1: ")
    assert "\n" not in str(caught.value)


@pytest.mark.parametrize(
    ("text", "match"),
    [
        ("accepted = [", "is no triage file"),
        ("accepted = 5", "entries are expected"),
        ("accepted = [5]", "entries are expected"),
        ("[other]\n", "'other' is not known"),
    ],
)
def test_another_file_is_refused(text: str, match: str) -> None:
    with pytest.raises(InputError, match=match):
        parse_triage(text, PATH)


def test_one_finding_cannot_be_accepted_twice() -> None:
    entry = "\n".join(["[[accepted]]", *(f"{name} = {value}" for name, value in GOOD.items())])
    with pytest.raises(InputError, match="0123456789abcdef is accepted twice"):
        parse_triage(f"{entry}\n{entry}\n", PATH)


def test_only_a_file_that_the_user_named_has_to_be_there(tmp_path: Path) -> None:
    assert read_triage(tmp_path / "triage.toml", named=False) == []
    with pytest.raises(InputError, match="there is no triage file"):
        read_triage(tmp_path / "triage.toml", named=True)


def test_a_folder_in_the_way_is_one_line(tmp_path: Path) -> None:
    with pytest.raises(InputError, match="cannot be read"):
        read_triage(tmp_path, named=False)
    with pytest.raises(InputError, match="cannot be written"):
        write_triage(tmp_path, "")
    assert list(tmp_path.parent.glob(".*.part")) == []


def test_the_file_is_replaced_as_a_whole(tmp_path: Path) -> None:
    path = tmp_path / "out" / "triage.toml"
    path.parent.mkdir()
    write_triage(path, BY_HAND)
    assert path.read_text() == BY_HAND
    assert [p.name for p in path.parent.iterdir()] == ["triage.toml"]
    assert stat.S_IMODE(path.stat().st_mode) == 0o666 & ~_umask()


def _umask() -> int:
    mask = os.umask(0)
    os.umask(mask)
    return mask
