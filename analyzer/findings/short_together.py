"""Owners who pass in every protocol alone and are short over all of them."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from analyzer.findings.run_detector import RunDetector
from analyzer.model.book import Book, Prices
from analyzer.model.finding import Finding, Severity
from analyzer.model.rows import MarginRow
from analyzer.protocols.registry import load_plug
from analyzer.solvency.owners import Together, short_together
from analyzer.solvency.result import ScanResult
from analyzer.solvency.verdicts import decimal_text, headroom_e18


class OwnerShortTogether(RunDetector):
    """One finding an owner whose accounts are safe one by one and short at common prices."""

    id = "owner-short-together"
    title = "Owner short together"
    severity = Severity.MEDIUM
    measures = ("short_e18",)
    proves = (
        "At this block none of the owner's accounts can be liquidated by its own protocol's test "
        "at its own prices. Valued at the prices of one of these protocols for every risk factor "
        "that they share, each by its own exact rules, the accounts together have less margin "
        "equity than maintenance margin: the owner passes only because two protocols disagree "
        "about a price."
    )
    does_not_prove = (
        "That any protocol will act, or that a loss is near: no protocol sees the other's "
        "account. Nor which of the prices is right. The settlement currencies are added as one "
        "unit, and accounts of the same person under other addresses are not seen."
    )
    remedy = (
        "Compare the two prices with the market, watch the owner's accounts as one, and expect "
        "the slower price to catch up."
    )

    def detect(self, results: Sequence[ScanResult]) -> Iterable[Finding]:
        """Owners with accounts in two or more scans of one block who are short together."""
        for together in short_together(results, _margin_at):
            scans = sorted({account.scan for account in together.accounts})
            yield self.finding(
                [results[scan] for scan in scans],
                owner=together.owner,
                title="Owner passes in every protocol alone and is short together",
                amounts={
                    "short_e18": -together.headroom_e18,
                    "margin_equity_e18": together.margin_equity_e18,
                    "maintenance_margin_e18": together.maintenance_margin_e18,
                    "equity_e18": together.equity_e18,
                    "headroom_alone_e18": together.headroom_alone_e18,
                },
                evidence=_evidence(results, together),
            )


def _margin_at(result: ScanResult, book: Book, prices: Prices) -> Sequence[MarginRow]:
    """The margin of some accounts of a scan at other prices, by their protocol's rules."""
    plug = load_plug(result.deployment.protocol)
    return plug.margin(plug.value(book, prices))


def _evidence(results: Sequence[ScanResult], together: Together) -> dict[str, str]:
    """Whose prices were used, which prices they replace, and what each account has alone."""
    out = {
        "prices of": results[together.priced_by].deployment.name,
        "repriced": "; ".join(
            f"{symbol} ({factor}) {decimal_text(own)} -> {decimal_text(common)}"
            for symbol, factor, own, common in together.repriced
        ),
    }
    for account in together.accounts:
        row = account.row
        name = f"{results[account.scan].deployment.name} account {row.margin.account_id}"
        headroom = decimal_text(headroom_e18(row.margin))
        out[name] = f"{row.verdict.value}, headroom alone {headroom}"
    return out
