"""The page as a file: what is in it, what can never be, and that it is always the same."""

from __future__ import annotations

import base64
import hashlib
import re
import shutil
from pathlib import Path

from large_snapshot import EVIL, write_large
from page_parts import Parts

from analyzer.report.html.fit import LIMIT
from analyzer.report.html.render import asset
from analyzer.runs.snapshot.report import Written, report

SECTIONS = [
    "answer", "findings", "equity", "ratios", "wall", "stress", "contagion", "losses", "accounts",
    "statements", "oracles", "totals", "verification", "unread", "basis",
]  # fmt: skip


def policy(parts: Parts) -> dict[str, list[str]]:
    """The directives of the content security policy."""
    [meta] = [m for m in parts.all("meta") if "http-equiv" in m.attributes]
    assert meta.attributes["http-equiv"] == "Content-Security-Policy"
    directives = [part.split() for part in meta.attributes["content"].split(";")]
    return {name: values for name, *values in directives}


def digest(text: str) -> str:
    return f"'sha256-{base64.b64encode(hashlib.sha256(text.encode()).digest()).decode()}'"


def test_the_same_snapshot_gives_the_same_bytes_under_any_name_and_in_any_folder(
    small_snapshot: Path, written: Written, tmp_path: Path
) -> None:
    copy = tmp_path / "other name.duckdb"
    shutil.copy(small_snapshot, copy)
    again = report(copy, tmp_path / "other.html")
    assert again.report.read_bytes() == written.report.read_bytes()
    assert again.accounts.read_bytes() == written.accounts.read_bytes()


def test_equal_scans_written_twice_give_the_same_bytes(written: Written, tmp_path: Path) -> None:
    write_large(tmp_path / "again.duckdb", 1_500)
    again = report(tmp_path / "again.duckdb", tmp_path / "report.html")
    assert again.report.read_bytes() == written.report.read_bytes()


def test_the_page_is_smaller_than_its_limit(page: str) -> None:
    assert len(page.encode()) < LIMIT == 1_500_000


def test_the_policy_allows_nothing_but_the_pages_own_style_and_script(parts: Parts) -> None:
    [style], [script] = parts.all("style"), parts.all("script")
    assert policy(parts) == {
        "default-src": ["'none'"],
        "style-src": [digest(style.text)],
        "script-src": [digest(script.text)],
        "base-uri": ["'none'"],
        "form-action": ["'none'"],
    }
    assert (style.text, script.text) == (asset("report.css"), asset("report.js"))


def test_no_element_carries_a_style_or_a_handler_that_the_policy_would_refuse(parts: Parts) -> None:
    refused = [
        (element.tag, name)
        for element in parts.elements
        for name in element.attributes
        if name == "style" or name.startswith("on")
    ]
    assert refused == []


def test_nothing_in_the_page_can_make_a_request(parts: Parts) -> None:
    loading = {"src", "srcset", "href", "action", "data", "poster", "xlink:href", "background"}
    leaving = [
        (element.tag, name, value)
        for element in parts.elements
        for name, value in element.attributes.items()
        # A link is followed by who clicks it; it loads nothing.
        if name in loading and not value.startswith("#") and element.tag != "a"
    ]
    assert leaving == []
    assert {e.tag for e in parts.elements} & {"link", "iframe", "object", "img"} == set()
    code = asset("report.css") + asset("report.js")
    assert re.findall(r"url\(|@import|https?:|fetch\(|XMLHttp|import\(|WebSocket", code) == []


def test_a_name_that_is_markup_stays_a_name(page: str, parts: Parts) -> None:
    assert [len(parts.all(tag)) for tag in ("script", "img", "style", "title")][:3] == [1, 0, 1]
    shown = EVIL.replace("\u202e", "\\u202e")
    assert any(shown in element.text for element in parts.all("td"))
    assert any(shown in element.text for element in parts.all("details"))
    assert EVIL not in page
    assert "<img" not in page
    assert "\u202e" not in page


def test_where_the_answers_came_from_is_no_address(page: str) -> None:
    assert "node.example" not in page
    assert "answers from a node" in page


def test_every_link_leads_to_something_in_the_page_and_no_id_is_there_twice(parts: Parts) -> None:
    ids = [e.attributes["id"] for e in parts.elements if "id" in e.attributes]
    assert len(ids) == len(set(ids))
    targets = {a.attributes["href"].removeprefix("#") for a in parts.all("a")}
    assert targets <= set(ids)


def test_the_answer_comes_first_and_every_section_is_in_the_list_of_contents(parts: Parts) -> None:
    assert [s.attributes["id"] for s in parts.all("section")] == SECTIONS
    links = [a.attributes["href"] for a in parts.all("a")]
    assert links[1 : len(SECTIONS) + 1] == [f"#{key}" for key in SECTIONS]
    first = parts.one("answer").text
    assert re.match(r"AnswerAnswerNOT PROVEN SOLVENT: \d+ of 1500 accounts unknown", first)
    for question in ("By how much", "How sure", "How complete"):
        assert question in first


def test_a_screen_reader_finds_landmarks_headings_and_a_name_for_every_region(parts: Parts) -> None:
    assert [len(parts.all(tag)) for tag in ("header", "nav", "main", "footer", "h1")] == [1] * 5
    ids = {e.attributes["id"] for e in parts.elements if "id" in e.attributes}
    for element in parts.elements:
        named = element.attributes.get("aria-labelledby")
        assert named is None or named in ids
    for table in parts.all("table"):
        assert table.attributes["aria-labelledby"] in ids
    for svg in parts.all("svg"):
        assert svg.attributes["role"] == "img"
        assert len(svg.attributes["aria-label"]) > 20
    heads = [th.attributes.get("scope") for th in parts.all("th")]
    assert set(heads) == {"col", "row"}
    assert parts.all("html")[0].attributes["lang"] == "en"


def test_every_picture_has_the_same_in_numbers(parts: Parts) -> None:
    figures = [f for f in parts.all("figure") if f.attributes["class"] == "picture"]
    assert len(figures) == 6
    assert all("The same in numbers" in figure.text for figure in figures)


def test_the_script_is_not_needed_for_any_content(parts: Parts) -> None:
    hidden = [e for e in parts.elements if "hidden" in e.attributes]
    # The controls that need the script, and nothing else.
    assert {(e.tag, e.attributes.get("id") or e.attributes["class"]) for e in hidden} == {
        ("button", "theme"),
        ("div", "tools"),
        ("p", "tip"),
    }
