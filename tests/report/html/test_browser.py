"""The report in a real browser: a headless Chromium with an empty profile."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from browser import Browser, chromium
from demands import missing
from large_snapshot import large_result, write_large

from analyzer.report.html.fit import LIMIT
from analyzer.runs.snapshot.pdf import find_chromium
from analyzer.runs.snapshot.report import report

pytestmark = pytest.mark.browser

ACCOUNTS = 10_000
PHONE, DESK = 360, 1280
PAGE = 50
"""Rows of a live table that are shown at a time."""
HEADS = "Array.from(document.querySelectorAll('#accounts-table thead th button'))"
TOOLS = '.tools[data-for="accounts-table"]'
ROWS = "Array.from(document.querySelectorAll('#accounts-table tbody tr'))"
SHOWN = "Array.from(document.querySelectorAll('#accounts-table tbody tr')).filter(r => !r.hidden)"


@pytest.fixture(scope="module")
def page(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The report of a snapshot of 10,000 accounts."""
    folder = tmp_path_factory.mktemp("browser")
    if find_chromium() is None:
        missing("there is no Chromium or Chrome (ANALYZER_CHROMIUM)", "REQUIRE_BROWSER")
    write_large(folder / "large.duckdb", ACCOUNTS)
    return report(folder / "large.duckdb", folder / "report.html").report


@pytest.fixture(scope="module")
def running(page: Path) -> Iterator[Browser]:
    """One browser for all tests."""
    with chromium() as browser:
        yield browser


@pytest.fixture
def browser(running: Browser, page: Path) -> Browser:
    """The browser with the report freshly open on a desk."""
    running.scripts(True)
    running.prefer("light")
    running.size(DESK, 900)
    running.go(page.as_uri())
    return running


def column(browser: Browser, place: int) -> list[str]:
    """What one column of the accounts shows, from top to bottom, hidden rows left out."""
    found: list[str] = browser.run(f"{SHOWN}.map(r => r.cells[{place}].firstChild.textContent)")
    return found


def click(browser: Browser, what: str) -> None:
    browser.run(f"{what}.click()")


def test_it_opens_without_a_complaint_or_a_request_and_is_small(
    browser: Browser, page: Path
) -> None:
    browser.wait(lambda: browser.run("'ready' in document.documentElement.dataset"))
    assert browser.complaints() == []
    assert browser.requests() == [page.as_uri()]
    assert page.stat().st_size < LIMIT
    assert "NOT PROVEN SOLVENT: 104 of 10000" in browser.run("document.body.innerText")


def test_the_policy_stops_a_script_that_is_not_the_pages_own(browser: Browser) -> None:
    browser.run(
        "(() => { const s = document.createElement('script'); s.textContent = 'window.ran = 1';"
        " document.body.append(s); const i = document.createElement('img');"
        " i.src = 'https://example.org/x'; document.body.append(i); })()"
    )
    assert browser.run("'ran' in window") is False
    assert len(browser.complaints()) >= 2
    browser.wait(lambda: browser.refused() != [])
    assert browser.refused() == ["csp"]


def test_accounts_are_sorted_exactly_whatever_their_size_and_unknown_ones_come_last(
    browser: Browser,
) -> None:
    names = browser.run(f"{HEADS}.map(b => b.textContent)")
    assert names[:3] == ["account", "verdict", "equity"]
    click(browser, f"{HEADS}[2]")
    equities = browser.run(f"{ROWS}.map(r => r.cells[2].title)")
    assert column(browser, 0) == browser.run(
        f"{ROWS}.slice(0, {PAGE}).map(r => r.cells[0].firstChild.textContent)"
    )
    known = [text for text in equities if text]
    unknown = equities.count("")
    assert known == sorted(known, key=lambda text: int(text.replace(".", "")))
    assert equities[len(known) :] == [""] * unknown
    assert len(known[-1]) == 60, "the account with 10**40 is the largest"
    click(browser, f"{HEADS}[2]")
    turned = browser.run(f"{ROWS}.map(r => r.cells[2].title)")
    assert turned == [*reversed(known), *[""] * unknown] or sorted(turned) == sorted(equities)
    assert turned[0] == known[-1]
    heads = "#accounts-table thead th"
    assert browser.run(f"document.querySelectorAll('{heads}')[2].ariaSort") == "descending"


def test_the_search_finds_an_account_by_any_part_of_it_and_says_how_many_rows_there_are(
    browser: Browser,
) -> None:
    listed = browser.run(f"{ROWS}.map(r => r.cells[0].firstChild.textContent)")
    assert len(listed) == 1_000
    browser.run(f"document.querySelector('{TOOLS} input').focus()")
    browser.type(listed[700][5:20].upper())
    assert column(browser, 0) == [listed[700]]
    told = browser.run(f"document.querySelector('{TOOLS} output').textContent")
    assert told == "1 of 1,000 rows"
    browser.run(
        f"(() => {{ const i = document.querySelector('{TOOLS} input'); i.value = '';"
        f" i.dispatchEvent(new Event('input')); const s = document.querySelector('{TOOLS} select');"
        " s.value = 'below initial'; s.dispatchEvent(new Event('change')); })()"
    )
    assert set(column(browser, 1)) == {"below initial"}


def test_the_accounts_are_paged_and_every_page_is_reached(browser: Browser) -> None:
    pager = "document.querySelector('#accounts .pager')"
    whole = browser.run(f"{ROWS}.map(r => r.cells[0].firstChild.textContent)")
    assert column(browser, 0) == whole[:PAGE]
    assert browser.run(f"{pager}.querySelector('span').textContent") == "1 to 50 of 1,000"
    back, on = (f"{pager}.querySelectorAll('button')[{n}]" for n in (0, 1))
    assert browser.run(f"{back}.disabled") is True
    seen = column(browser, 0)
    for _ in range(len(whole) // PAGE - 1):
        click(browser, on)
        seen += column(browser, 0)
    assert seen == whole
    assert browser.run(f"{on}.disabled") is True
    click(browser, back)
    assert column(browser, 0) == whole[-2 * PAGE : -PAGE]


def test_no_label_of_a_picture_touches_another_on_a_desk_or_a_phone(
    browser: Browser, page: Path
) -> None:
    for width in (DESK, 390):
        browser.size(width, 900, mobile=width < DESK)
        browser.go(page.as_uri())
        assert browser.run(COLLISIONS) == []


def test_no_table_of_stress_is_cut_off_at_1280(browser: Browser) -> None:
    wider = (
        "Array.from(document.querySelectorAll('#stress .scroll'))"
        ".filter(s => s.offsetParent && s.scrollWidth > s.clientWidth).length"
    )
    browser.run("document.querySelectorAll('#stress details').forEach(d => d.open = true)")
    assert browser.run(wider) == 0


def test_a_path_is_followed_by_pointer_and_left_by_escape(browser: Browser) -> None:
    click(browser, "document.querySelector('#cascade-1-paths tbody button')")
    lit = browser.run("Array.from(document.querySelectorAll('#cascade-1 .on'), e => e.id)")
    named = browser.run("document.querySelector('#cascade-1-paths tbody tr').dataset.path")
    assert sorted(lit) == sorted(named.split()[1:])
    assert browser.run("document.querySelector('.told').textContent").startswith("shock → ")
    browser.key("Escape")
    assert browser.run("document.querySelectorAll('#cascade-1 .on').length") == 0


def test_a_node_of_the_graph_is_followed_by_keyboard(browser: Browser) -> None:
    browser.run("document.querySelector('#cascade-1 .node.fund').focus()")
    browser.key("Enter", "\r")
    assert browser.run("document.activeElement.getAttribute('aria-pressed')") == "true"
    lit = browser.run("document.querySelectorAll('#cascade-1 .node.on').length")
    # Everything that is drawn leads to the fund.
    assert lit == browser.run("document.querySelectorAll('#cascade-1 .node').length")
    assert browser.run("document.activeElement.ariaLabel").startswith("fund:large/insurance fund")
    browser.key("Enter", "\r")
    assert browser.run("document.querySelectorAll('#cascade-1 .on').length") == 0


def test_the_first_tab_leads_past_the_navigation(browser: Browser) -> None:
    browser.key("Tab")
    assert browser.run("document.activeElement.textContent") == "Skip to the report"
    browser.key("Enter", "\r")
    browser.wait(lambda: browser.run("document.activeElement.id") == "main")


def test_the_theme_follows_the_system_and_can_be_switched(browser: Browser) -> None:
    paper = "getComputedStyle(document.body).backgroundColor"
    light = browser.run(paper)
    browser.prefer("dark")
    dark = browser.run(paper)
    assert (light, dark) == ("rgb(255, 255, 255)", "rgb(20, 22, 26)")
    click(browser, "document.getElementById('theme')")
    assert browser.run(paper) == light
    assert browser.run("document.getElementById('theme').textContent") == "Theme: light"
    click(browser, "document.getElementById('theme')")
    browser.prefer("light")
    assert browser.run(paper) == dark


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_text_has_enough_contrast_in_both_themes(browser: Browser, scheme: str) -> None:
    browser.prefer(scheme)
    ratios: dict[str, float] = browser.run(CONTRAST)
    assert {name: ratio for name, ratio in ratios.items() if ratio < 4.5} == {}
    assert len(ratios) >= 8


def test_an_account_under_the_pointer_is_named_and_a_link_opens_its_statement(
    browser: Browser,
) -> None:
    browser.run("document.getElementById('equity-1').scrollIntoView({behavior: 'instant'})")
    where = browser.run(
        "(() => { const [, x, y] = document.getElementById('a1').dataset.point.split(' ');"
        " const s = document.getElementById('equity-1'), b = s.getBoundingClientRect();"
        " const k = b.width / s.viewBox.baseVal.width;"
        " return [b.left + x * k, b.top + y * k]; })()"
    )
    browser.ask("Input.dispatchMouseEvent", type="mouseMoved", x=where[0], y=where[1])
    browser.wait(lambda: not browser.run("document.getElementById('tip').hidden"))
    assert "insolvent" in browser.run("document.getElementById('tip').textContent")
    click(browser, "document.querySelector('#a1 a')")
    browser.wait(lambda: bool(browser.run("document.getElementById('s1').open")))
    assert browser.complaints() == []


def test_a_phone_scrolls_down_only_and_every_wide_thing_scrolls_by_itself(
    browser: Browser, page: Path
) -> None:
    browser.size(PHONE, 740, mobile=True)
    browser.go(page.as_uri())
    assert browser.run("document.documentElement.scrollWidth") == PHONE
    browser.run("document.querySelectorAll('details').forEach(d => d.open = true)")
    assert browser.run("document.documentElement.scrollWidth") == PHONE
    smallest = browser.run(
        "Math.min(...Array.from(document.querySelectorAll('#equity-1 .tick:not(.minor)'),"
        " t => t.getBoundingClientRect().height))"
    )
    assert smallest >= 11


def test_it_prints_on_paper_in_light_without_controls(browser: Browser) -> None:
    browser.prefer("dark", paper=True)
    assert browser.run("getComputedStyle(document.body).backgroundColor") == "rgb(255, 255, 255)"
    for control in ("nav", "#theme", ".tools"):
        shown = f"getComputedStyle(document.querySelector('{control}')).display"
        assert browser.run(shown) == "none"
    assert browser.print().startswith(b"%PDF-")


def test_with_scripts_off_the_answer_the_tables_and_the_pictures_are_all_there(
    browser: Browser, page: Path
) -> None:
    browser.scripts(False)
    browser.go(page.as_uri())
    # The page's own script did not run; the test's questions still may.
    assert browser.run("document.documentElement.className") == ""
    text = browser.run("document.body.innerText")
    assert "NOT PROVEN SOLVENT" in text
    assert len(column(browser, 0)) == 1_000
    assert browser.run("document.querySelectorAll('svg').length") >= 6
    assert browser.run("document.getElementById('theme').offsetParent") is None
    assert browser.run("document.querySelector('.tools').offsetParent") is None
    click(browser, "document.querySelector('#s1 summary')")
    assert browser.run("document.getElementById('s1').open") is True
    assert browser.complaints() == []


def test_the_table_beside_it_has_all_accounts(page: Path) -> None:
    lines = page.with_name("accounts.csv").read_text(encoding="utf-8").splitlines()
    assert len(lines) == 1 + len(large_result(ACCOUNTS).margin) == 1 + ACCOUNTS


COLLISIONS = """
(() => {
  const out = [];
  for (const svg of document.querySelectorAll('.picture:not(.graph) svg')) {
    const texts = Array.from(svg.querySelectorAll('.tick, .mark'))
      .filter(t => getComputedStyle(t).display !== 'none');
    const boxes = texts.map(t => t.getBoundingClientRect());
    for (let i = 0; i < texts.length; i++) for (let j = i + 1; j < texts.length; j++) {
      const [a, b] = [boxes[i], boxes[j]];
      if (a.left < b.right - 1 && b.left < a.right - 1
          && a.top < b.bottom - 3 && b.top < a.bottom - 3)
        out.push(svg.id + ': ' + texts[i].textContent + ' / ' + texts[j].textContent);
    }
  }
  return out;
})()
"""
"""Pairs of labels whose boxes overlap, by picture."""

CONTRAST = """
(() => {
  const channel = (v) => (v /= 255) <= 0.04045 ? v / 12.92 : ((v + 0.055) / 1.055) ** 2.4;
  const light = (c) => { const [r, g, b] = c.match(/[\\d.]+/g).map(Number).map(channel);
    return 0.2126 * r + 0.7152 * g + 0.0722 * b; };
  const paper = light(getComputedStyle(document.body).backgroundColor);
  const out = {};
  for (const what of ['p', 'a', '.note', 'dt', 'thead th', 'td.insolvent', 'td.liquidatable',
      'td.unknown', 'td.high', 'td.medium', 'figcaption span', 'footer', '#theme',
      'dl.headline dd']) {
    const found = document.querySelector('main ' + what) || document.querySelector(what);
    if (!found) continue;
    const ink = light(getComputedStyle(found).color);
    out[what] = (Math.max(ink, paper) + 0.05) / (Math.min(ink, paper) + 0.05);
  }
  return out;
})()
"""
"""The contrast (WCAG 2: relative luminance) of each kind of text against the page."""
