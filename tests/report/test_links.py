"""Addresses lead to the explorer of their chain; nothing else becomes a link."""

from __future__ import annotations

import re
from dataclasses import replace
from pathlib import Path

import pytest
from page_parts import parts_of
from scan_results import account_id, clean_result, judged
from told import material_of, scan_of

from analyzer.findings import run_detectors
from analyzer.model.deployment import Deployment
from analyzer.report.html.assemble import assemble
from analyzer.report.html.render import html
from analyzer.report.html.text import markdown_report
from analyzer.report.links import link_of
from analyzer.report.render import render
from analyzer.solvency.result import ScanResult

EXPLORER = "https://optimistic.etherscan.io/address/"
NAMED = f"{account_id(7)} [x](https://evil.example/{account_id(7)})"


def on_optimism(chain: int = 10) -> ScanResult:
    """An insolvent account, and one whose name is no address but holds one."""
    rows = [judged(0), judged(1, equity=-50), judged(2, equity=-20, account=NAMED)]
    place = Deployment("local", "perp-v2", chain, 1, {"vault": account_id(900)})
    result = clean_result(rows, deployment=place)
    result.findings = run_detectors(result)
    return result


@pytest.mark.parametrize(
    ("explorer", "text", "link"),
    [
        (EXPLORER, account_id(1), EXPLORER + account_id(1)),
        (None, account_id(1), ""),
        ("", account_id(1), ""),
        (EXPLORER, f"{account_id(1)} ", ""),
        (EXPLORER, f"{account_id(1)}0", ""),
        (EXPLORER, "12", ""),
        (EXPLORER, NAMED, ""),
    ],
)
def test_only_an_address_alone_has_a_link(explorer: str | None, text: str, link: str) -> None:
    assert link_of(explorer, text) == link


def test_markdown_of_a_scan_links_accounts_and_no_name_of_a_stranger() -> None:
    made = render(scan_of([on_optimism()]), "markdown")
    assert f"[{account_id(1)}]({EXPLORER}{account_id(1)})" in made
    assert "](https://evil" not in made


def test_the_page_and_its_markdown_link_accounts_and_contracts() -> None:
    result = on_optimism()
    content = assemble(material_of([result]))
    parts = parts_of(html(content))
    out = {a.attributes["href"] for a in parts.all("a") if a.attributes["href"][0] != "#"}
    assert out == {EXPLORER + account_id(n) for n in (0, 1, 900, 901)}
    assert {
        a.attributes["rel"] for a in parts.all("a") if a.attributes["href"].startswith("http")
    } == {"noreferrer noopener"}
    made = markdown_report(content)
    assert f"[{account_id(900)}]({EXPLORER}{account_id(900)})" in made
    assert "](https://evil" not in made


def test_a_local_chain_has_no_links() -> None:
    result = on_optimism(31_337)
    content = assemble(material_of([result]))
    assert 'href="http' not in html(content)
    assert not re.search(r"(?<!\\)\]\(http", markdown_report(content))


def test_an_explorer_of_ones_own_is_used(tmp_path: Path) -> None:
    scan = replace(scan_of([on_optimism()]).scans[0], explorer="http://localhost:4000/a/")
    document = replace(scan_of([on_optimism()]), scans=(scan,))
    assert f"](http://localhost:4000/a/{account_id(1)})" in render(document, "markdown")
