"""Control totals: sums over all rebuilt accounts against what the chain holds.

Each states its identity, what may be left over, and why. The derivations are in the README of
this folder.
"""

from __future__ import annotations

from collections.abc import Iterator

from analyzer.model.rows import Proves, TotalRow
from analyzer.protocols.derive_v2.records.cash import CashState
from analyzer.protocols.derive_v2.records.options import decode_sub_id
from analyzer.protocols.derive_v2.state.evidence import Evidence
from analyzer.protocols.derive_v2.state.state import DeriveState
from analyzer.protocols.derive_v2.value.account import Valuation
from analyzer.protocols.derive_v2.value.interest import Accrued
from analyzer.protocols.derive_v2.value.value import DeriveValued
from analyzer.protocols.kit.unreadable import Unreadable, attempt

EXACT = "every operation moves both sides by the same integer"
E18 = "e18"


def totals(valued: DeriveValued) -> list[TotalRow]:
    """Every control total of the book: cash, positions, accounts, and the rules themselves."""
    state, valuation = valued.state, valued.valuation
    evidence = state.evidence
    if evidence is None:
        return []
    return [
        _markets(state, evidence),
        _assets(state, evidence),
        _backing(state.cash),
        *_cash_stored(state.cash, evidence),
        *_cash_sums(state, valuation, evidence),
        *_zero_sums(state),
        *_positions(state, evidence),
        _accounts(state, evidence),
        *_funding(state, evidence),
        _auctions(state, evidence),
        *_signed(state, evidence),
        _rules(evidence),
    ]


def _markets(state: DeriveState, evidence: Evidence) -> TotalRow:
    """Every market of the StandardManager was seen."""
    return TotalRow(
        name="markets",
        identity="markets in the logs = lastMarketId",
        unit="markets",
        rebuilt=len(evidence.ledger.market_names),
        on_chain=len(state.srm.markets),
        allowed=0,
        why="every market is created with a log",
        proves=Proves.LIST,
    )


def _assets(state: DeriveState, evidence: Evidence) -> TotalRow:
    """Every asset of every market was seen, and is indexed."""
    listed = evidence.must_exist.assets
    known = {asset for asset in evidence.ledger.assets if asset.lower() in state.names}
    missing = [asset for asset in listed or () if asset not in known]
    return TotalRow(
        name="assets",
        identity="assets of assetMap that the logs whitelisted and the deployment names"
        " = assets of assetMap",
        unit="assets",
        rebuilt=None if listed is None else len(listed) - len(missing),
        on_chain=None if listed is None else len(listed),
        allowed=0,
        why=f"not known: {', '.join(missing)}" if missing else "one by one, by address",
        proves=Proves.LIST,
    )


def _cash_stored(cash: CashState, evidence: Evidence) -> Iterator[TotalRow]:
    """The totals that logs tell against the same as CashAsset stores them."""
    folded = {
        "totalSupply": cash.total_supply,
        "totalBorrow": cash.total_borrow,
        "netSettledCash": cash.net_settled_cash,
    }
    for name, rebuilt in folded.items():
        settled = name == "netSettledCash"
        yield TotalRow(
            name=f"CashAsset.{name}",
            identity=f"{name} by the logs = {name} as stored",
            unit=E18,
            rebuilt=rebuilt,
            on_chain=evidence.must_exist.cash.get(name),
            allowed=0,
            why=EXACT,
            proves=Proves.NOTHING if settled else Proves.ACCOUNTS,
        )


def _backing(cash: CashState) -> TotalRow:
    """USDC behind the cash. A socialised loss is cash that nothing backs, and the contract's own
    flag says so."""
    owed = cash.total_supply + cash.accrued_sm_fees - cash.total_borrow - cash.net_settled_cash
    held = None if isinstance(cash.stable_held, Unreadable) else cash.stable_held
    hole = 0
    why = f"{EXACT}; more USDC than that is a gift"
    if cash.withdraw_fee_enabled and held is not None:
        hole = max(0, owed - held)
        why = "a socialised loss: cash was printed for a bidder, and withdrawals pay a fee for it"
    return TotalRow(
        name="USDC behind cash",
        identity="total supply + fees kept for the security module - total borrow"
        " - net settled cash = USDC of CashAsset",
        unit=E18,
        rebuilt=owed,
        on_chain=held,
        allowed=hole,
        why=why,
        surplus_ok=True,
    )


def _cash_sums(state: DeriveState, valuation: Valuation, evidence: Evidence) -> Iterator[TotalRow]:
    """Positive and negative balances with interest against the accrued totals."""
    accrued: Accrued | Unreadable = attempt(valuation.accrued)
    if isinstance(accrued, Unreadable):
        for side in ("supplied", "borrowed"):
            identity = f"sum of cash {side} with interest = the total with interest"
            yield TotalRow(f"cash {side}", identity, E18, None, None, 0, str(accrued))
        return
    balances = [valuation.cash_with_interest(account) for account in state.accounts.values()]
    why = "each accrual truncates the index twice, each touch of an account its balance"
    last = 2 * (accrued.total_supply // 10**18 + len(balances) + 1)
    yield TotalRow(
        name="cash supplied",
        identity="sum of positive cash balances with interest = total supply with interest",
        unit=E18,
        rebuilt=sum(balance for balance in balances if balance > 0),
        on_chain=accrued.total_supply,
        allowed=evidence.ledger.cash.supply_allowed + last,
        why=why,
    )
    last = 2 * (accrued.total_borrow // 10**18 + len(balances) + 1)
    yield TotalRow(
        name="cash borrowed",
        identity="sum of negative cash balances with interest = total borrow with interest",
        unit=E18,
        rebuilt=-sum(balance for balance in balances if balance < 0),
        on_chain=accrued.total_borrow,
        allowed=evidence.ledger.cash.borrow_allowed + last,
        why=why,
    )


def _zero_sums(state: DeriveState) -> Iterator[TotalRow]:
    """Perps and options before expiry are zero-sum: somebody is the other side."""
    for address, perp in state.perps.items():
        if perp.disabled:
            # Settlements delete one side at a time: no sum holds between them.
            continue
        sizes = [
            h.balance for a in state.accounts.values() for h in a.balances if h.asset == address
        ]
        yield TotalRow(
            name=f"size of {perp.symbol}",
            identity="sum of sizes = 0",
            unit=E18,
            rebuilt=sum(sizes),
            on_chain=0,
            allowed=0,
            why=EXACT,
        )
    for address in state.options:
        running = [
            h.balance
            for a in state.accounts.values()
            for h in a.balances
            if h.asset == address and decode_sub_id(h.sub_id).expiry > state.block_time
        ]
        yield TotalRow(
            name=f"size of {state.names.get(address.lower(), address)}",
            identity="sum of option balances before expiry = 0",
            unit=E18,
            rebuilt=sum(running),
            on_chain=0,
            allowed=0,
            why=EXACT,
        )


def _positions(state: DeriveState, evidence: Evidence) -> Iterator[TotalRow]:
    """Sizes without sign per asset, over all managers, against the asset's own totals."""
    held: dict[tuple[str, str], int] = {}
    for account in state.accounts.values():
        for holding in account.balances:
            key = (holding.asset, account.manager)
            held[key] = held.get(key, 0) + abs(holding.balance)
    for address in (*state.perps, *state.options, *state.bases):
        name = state.names.get(address.lower(), address)
        parts = {m: n for (asset, m), n in evidence.total_positions.items() if asset == address}
        known = [n for n in parts.values() if n is not None]
        ledger = evidence.ledger.perps.get(address)
        cleared = sum(ledger.cleared.values()) if ledger is not None else 0
        yield TotalRow(
            name=f"positions in {name}",
            identity="sum of |balance| + sizes deleted after the market was disabled"
            " = totalPosition of all managers",
            unit=E18,
            rebuilt=sum(n for (asset, _), n in held.items() if asset == address) + cleared,
            on_chain=sum(known) if parts and len(known) == len(parts) else None,
            allowed=0,
            why=EXACT,
            proves=Proves.ACCOUNTS,
        )


def _accounts(state: DeriveState, evidence: Evidence) -> TotalRow:
    """Every account was seen."""
    return TotalRow(
        name="accounts",
        identity="accounts in the logs = lastAccountId",
        unit="accounts",
        rebuilt=len(state.accounts),
        on_chain=evidence.last_account,
        allowed=0,
        why="every account is created with a log, and ids are never skipped",
        proves=Proves.ACCOUNTS,
    )


def _funding(state: DeriveState, evidence: Evidence) -> Iterator[TotalRow]:
    """No funding log of a perp is missing: its growth, and when it was last paid."""
    for address, perp in state.perps.items():
        growth, paid_at = evidence.must_exist.funding.get(address, (None, None))
        for name, unit, rebuilt, stored in (
            ("aggregatedFunding", E18, perp.aggregated_funding, growth),
            ("lastFundingPaidAt", "unix seconds", perp.last_funding_paid_at, paid_at),
        ):
            identity = f"{name} by the logs = {name} as stored"
            title = f"{perp.symbol}.{name}"
            yield TotalRow(title, identity, unit, rebuilt, stored, 0, EXACT)


def _auctions(state: DeriveState, evidence: Evidence) -> TotalRow:
    """No insolvent auction is missing."""
    return TotalRow(
        name="insolvent auctions",
        identity="-MM of the insolvent auctions of the logs = totalInsolventMM",
        unit=E18,
        rebuilt=state.auction_house.total_insolvent_mm,
        on_chain=evidence.must_exist.insolvent_mm,
        allowed=0,
        why=EXACT,
    )


def _signed(state: DeriveState, evidence: Evidence) -> Iterator[TotalRow]:
    """The signed prices of the logs against those that the feeds store."""
    found, words = evidence.must_exist.diffs, evidence.must_exist.words
    stored = [found.get(feed.address) for feed in state.feeds.diff.values()]
    logged = [(f.diff, f.confidence, f.timestamp) for f in state.feeds.diff.values()]
    same = sum(a == b for a, b in zip(stored, logged, strict=True))
    yield TotalRow(
        name="signed differences",
        identity="differences to spot of the logs = spotDiffDetails of every such feed",
        unit="feeds",
        rebuilt=len(logged),
        on_chain=None if None in stored else same,
        allowed=0,
        why="the last log of a feed is what it stores",
    )
    yield TotalRow(
        name="signed prices",
        identity="words of the spot, forward, volatility and rate feeds by the logs"
        " = the same in storage",
        unit="words",
        rebuilt=words.compared + words.unread,
        on_chain=None if words.unread else words.equal,
        allowed=0,
        why="; ".join(words.examples) or "the last log of a feed is what it stores",
    )


def _rules(evidence: Evidence) -> TotalRow:
    """Nothing in the logs was passed over."""
    notes = evidence.ledger.notes
    examples = "; ".join(f"{n.kind} at {n.block_number}.{n.log_index}: {n.text}" for n in notes[:3])
    return TotalRow(
        name="logs that no rule explains",
        identity="events that the fold does not explain = 0",
        unit="events",
        rebuilt=len(notes),
        on_chain=0,
        allowed=0,
        why=examples or f"{evidence.ledger.events} events were folded",
    )
