"""An account is worked out once a scan, whatever asks for it: through the real pipeline."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import pytest
from derive_scan import verified

from analyzer.protocols.aave_v3.value.account import Valuation as AaveValuation
from analyzer.protocols.derive_v2.value.account import Valuation as DeriveValuation
from analyzer.protocols.kit.staged import StagedPlug
from analyzer.protocols.perp_v2.value import value as perp_value
from analyzer.protocols.registry import load_plug
from analyzer.runs.demo import RECORDING, demo_folder
from analyzer.runs.scanning.scan import ScanOptions, scan
from analyzer.solvency.result import ScanResult


def counted(
    patch: pytest.MonkeyPatch, owner: Any, name: str, key: Callable[..., Any]
) -> Counter[Any]:
    """How often `owner.name` works an account out, from now on."""
    seen: Counter[Any] = Counter()
    compute = getattr(owner, name)

    def counting(*args: Any, **named: Any) -> Any:
        seen[key(*args, **named)] += 1
        return compute(*args, **named)

    patch.setattr(owner, name, counting)
    return seen


def demo_scan(folder: Path) -> dict[str, ScanResult]:
    """Protocol -> the scan of the shipped recording, every account verified."""
    options = ScanOptions(
        db=folder / "scan.duckdb",
        recording=demo_folder() / RECORDING,
        block="stressed",
        verify="all",
        fail_on="never",
    )
    found = scan(options, lambda *_: None).results
    return {result.deployment.protocol: result for result in found}


def by_prices(valuation: AaveValuation, address: str) -> tuple[str, int]:
    """Whose numbers, and at which prices: some owners are valued again at another market's."""
    return address, id(valuation.prices._prices)


def at_own_prices(seen: Counter[Any], result: ScanResult) -> Counter[str]:
    """How often each account was worked out at the block's own prices."""
    own = id(result.prices)
    return Counter({who: times for (who, prices), times in seen.items() if prices == own})


def once_each(accounts: Sequence[str]) -> Counter[str]:
    """Every account, once."""
    return Counter(accounts)


def unmoved(seen: Counter[str], result: ScanResult) -> Counter[str]:
    """Without the accounts that may be liquidated: whether that pays anybody is asked of a book in
    motion, which works them out for itself."""
    rows = (judged.margin for judged in result.margin)
    open_ = {row.account_id for row in rows if row.liquidatable and row.closable}
    return Counter({who: times for who, times in seen.items() if who not in open_})


def test_aave_and_perp_work_every_account_out_once_a_scan(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    aave = counted(monkeypatch, AaveValuation, "computed", by_prices)
    perp = counted(
        monkeypatch, perp_value, "numbers_of", lambda a: (a.account.address, id(a.valuation.prices))
    )
    found = demo_scan(tmp_path)
    for protocol, seen in (("aave-v3", aave), ("perp-v2", perp)):
        result = found[protocol]
        own = at_own_prices(seen, result)
        assert set(own) == set(result.book.account_ids)
        assert len(unmoved(own, result)) > len(own) / 3
        assert set(unmoved(own, result).values()) == {1}
        assert max(own.values()) <= 3


def test_whoever_values_the_book_again_is_counted(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    aave = counted(monkeypatch, AaveValuation, "computed", by_prices)
    details = StagedPlug.details

    def careless(plug: StagedPlug, valued: Any) -> Any:
        return details(plug, plug.value(valued.book, valued.prices))

    monkeypatch.setattr(StagedPlug, "details", careless)
    result = demo_scan(tmp_path)["aave-v3"]
    assert set(unmoved(at_own_prices(aave, result), result).values()) == {2}


def test_asking_for_closures_works_nobody_out_again(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    aave = counted(monkeypatch, AaveValuation, "computed", by_prices)
    book = demo_scan(tmp_path)["aave-v3"].book
    aave.clear()
    plug = load_plug("aave-v3")
    valued = plug.value(book, plug.prices(book))
    rows = plug.margin(valued)
    closed = [account for account in book.account_ids if plug.liquidate(valued, account)]
    assert closed == [row.account_id for row in rows if row.liquidatable and row.closable]
    assert plug.truth(valued, rows, book.account_ids)
    assert Counter({who: times for (who, _), times in aave.items()}) == once_each(book.account_ids)


def test_derive_asks_each_manager_once_for_every_account(
    shared: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def key(self: DeriveValuation, account: Any, initial: bool, scenario: int | None) -> str:
        known = self.state.accounts.get(account.number) is account
        return f"{account.number} {initial} {scenario}" if known else f"changed {account.number}"

    asked = counted(monkeypatch, DeriveValuation, "_margin", key)
    assessed = counted(monkeypatch, DeriveValuation, "_compute", lambda _, a: str(a.number))
    result = verified(shared, "L")
    assert assessed == once_each(result.book.account_ids)
    own = {what: times for what, times in asked.items() if not what.startswith("changed")}
    assert len(own) > len(result.book.account_ids)
    assert set(own.values()) == {1}
