"""`analyzer risk size` on the demo: every size at its boundary, by the protocols' own integers."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from analyzer.documents.decisions import SizeDocument, SizeEntry
from analyzer.model.errors import InputError
from analyzer.runs.risk.decisions.inputs import decisions_of
from analyzer.runs.risk.decisions.size import SizeOptions, size
from analyzer.runs.snapshot.books import ScanBook
from analyzer.runs.snapshot.reader import read_books

NAMES = ("aave-v3-devnet-7", "perp-v2-devnet-7")
STILL = ("USDC", "DAI", "EURC")


@pytest.fixture(scope="module")
def scans(demo_snapshot: Path) -> dict[str, ScanBook]:
    return {scan.deployment.name: scan for scan in read_books(demo_snapshot, NAMES)}


def with_room(scan: ScanBook, count: int) -> list[str]:
    """Accounts that hold something and have free collateral, spread over the book."""
    found = [
        row.account_id
        for row in scan.plug.margin(scan.valued)
        if row.free_collateral_e18 and row.maintenance_margin_e18 and row.free_collateral_e18 > 0
    ]
    return found[:: max(1, len(found) // count)][:count]


def sized(snapshot: Path, name: str, account: str, **changed: object) -> SizeDocument:
    options = SizeOptions(**{"db": snapshot, "account": f"{name}/{account}", **changed})  # type: ignore[arg-type]
    return size(options, lambda *_: None)


def free_after(scan: ScanBook, account: str, entry: SizeEntry, amount: int) -> int:
    """Free collateral after another amount, through the plug alone."""
    decisions = decisions_of(scan.plug, scan.valued)
    [resize] = [one for one in decisions.resizes(account) if one.asset_id == entry.asset_id]
    book = decisions.resized(account, resize, -amount if entry.kind == "short" else amount)
    [row] = scan.plug.margin(scan.plug.value(book, scan.prices))
    return int(row.free_collateral_e18)


@pytest.mark.parametrize("name", NAMES)
def test_one_unit_more_than_the_largest_fails(
    demo_snapshot: Path, scans: dict[str, ScanBook], name: str
) -> None:
    seen = 0
    for account in with_room(scans[name], 6):
        for entry in sized(demo_snapshot, name, account).sizes:
            assert entry.margin_largest is not None
            # A borrowing of Aave is tested by itself (and on the contract in tests/live): it may
            # be off the account's free collateral by the rounding of the base currency.
            off = 2 * 10**10 if entry.kind == "borrow" else 0
            assert free_after(scans[name], account, entry, entry.margin_largest) >= -off
            assert free_after(scans[name], account, entry, entry.margin_largest + 1) < off
            assert entry.largest is not None
            assert entry.largest <= entry.margin_largest
            assert (entry.largest < entry.margin_largest) is (entry.bound != "initial margin")
            seen += 1
    assert seen > 12


def test_asking_changes_no_book(demo_snapshot: Path, scans: dict[str, ScanBook]) -> None:
    for name, scan in scans.items():
        before = scan.plug.pack(scan.book)
        decisions = decisions_of(scan.plug, scan.valued)
        [account, *_] = with_room(scan, 1)
        for resize in decisions.resizes(account):
            decisions.resized(account, resize, 10**6)
            unchanged = decisions.resized(account, resize, 0)
            number = list(scan.book.account_ids).index(account)
            assert scan.plug.margin(scan.plug.value(unchanged, scan.prices)) == scan.plug.margin(
                scan.plug.value(scan.book.part([number]), scan.prices)
            ), name
        assert scan.plug.pack(scan.book) == before


def test_a_distance_leaves_less_room_and_holds_exactly(
    demo_snapshot: Path, scans: dict[str, ScanBook]
) -> None:
    name = NAMES[1]
    [account, *_] = with_room(scans[name], 3)[1:]
    near = sized(demo_snapshot, name, account, distance=0.1)
    far = sized(demo_snapshot, name, account, distance=0.3)
    for one, other in zip(near.sizes, far.sizes, strict=True):
        assert one.by_distance is not None
        assert other.by_distance is not None
        assert other.by_distance <= one.by_distance


def test_an_es_budget_is_met_and_more_of_it_is_more_room(
    demo_snapshot: Path, prices: Path, scans: dict[str, ScanBook]
) -> None:
    [account, *_] = with_room(scans[NAMES[1]], 3)[1:]
    given = {"returns": prices, "still": STILL, "market": "vETH"}
    rooms = [
        sized(demo_snapshot, NAMES[1], account, es_usd=budget, **given).sizes[0].by_es_usd or 0.0
        for budget in (1e6, 2e6)
    ]
    assert 0 < rooms[0] < rooms[1]


def test_positions_sized_together_pass_and_beat_one_alone(
    demo_snapshot: Path, scans: dict[str, ScanBook]
) -> None:
    [account, *_] = with_room(scans[NAMES[1]], 3)[1:]
    document = sized(demo_snapshot, NAMES[1], account, want=("vETH=1",))
    assert document.joint is not None
    assert document.joint.free_after_e18 >= 0
    assert 0.9 < document.joint.scaled <= 1
    alone = next(e for e in document.sizes if (e.kind, e.symbol) == ("long", "vETH"))
    together = next(e for e in document.joint.entries if e.symbol == "vETH")
    assert alone.value_usd is not None
    assert together.amount_usd > 0.97 * alone.value_usd


def test_a_hedge_is_told(demo_snapshot: Path, scans: dict[str, ScanBook]) -> None:
    scan = scans[NAMES[1]]

    def hedged() -> Iterator[SizeEntry]:
        for account in with_room(scan, 8):
            yield from (e for e in sized(demo_snapshot, NAMES[1], account).sizes if e.hedges)

    entry = next(hedged())
    assert entry.kind in ("long", "short")
    assert "hedges" in " ".join(
        text
        for account in with_room(scan, 8)
        for text in sized(demo_snapshot, NAMES[1], account).sentences
    )


@pytest.mark.parametrize(
    ("changed", "words"),
    [
        ({"market": "DOGE"}, "may take on no more DOGE"),
        ({"distance": 1.5}, "--distance is a share"),
        ({"es_usd": 5.0}, "give --returns"),
        ({"level": 0.2}, "--level"),
        ({"want": ("vDOGE=1",)}, "SYMBOL=WEIGHT"),
        ({"want": ("vETH",)}, "SYMBOL=WEIGHT"),
        ({"account": "nobody"}, "no account"),
    ],
)
def test_wrong_input_is_one_line(
    demo_snapshot: Path, scans: dict[str, ScanBook], changed: dict[str, object], words: str
) -> None:
    [account, *_] = with_room(scans[NAMES[1]], 3)[1:]
    given = {"db": demo_snapshot, "account": f"{NAMES[1]}/{account}", **changed}
    with pytest.raises(InputError, match=words) as caught:
        size(SizeOptions(**given), lambda *_: None)  # type: ignore[arg-type]
    assert "\n" not in str(caught.value)
