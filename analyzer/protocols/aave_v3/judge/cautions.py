"""Facts about the market as a whole that detectors turn into findings."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from analyzer.model.book import Prices
from analyzer.model.rows import MarginRow
from analyzer.protocols.aave_v3.state.state import AaveState
from analyzer.protocols.aave_v3.value.errors import Refusal, error_name
from analyzer.protocols.aave_v3.value.value import AaveValued
from analyzer.protocols.base import Caution
from analyzer.protocols.kit.unreadable import Unreadable


def cautions(valued: AaveValued, margin: Sequence[MarginRow]) -> list[Caution]:
    """The revision, pauses, the sentinel, blocked liquidations, deficits, prices; in this order."""
    state, prices = valued.state, valued.prices
    return [
        *_revision(state),
        *_paused(state),
        *_sentinel(state),
        *_sequencer(state),
        *_blocked(valued, margin),
        *_deficits(state, prices),
        *_bad_prices(state, prices, margin),
    ]


def _revision(state: AaveState) -> Iterator[Caution]:
    """A revision whose rules were never run against contracts, or that has none."""
    rules = state.rules
    if rules.executed:
        return
    words = (
        f"Pool revision {rules.revision} ({rules.release}): its rules were read in the source and "
        "never run against contracts"
        if rules.known
        else f"Pool revision {rules.revision} is newer than every rule here: all is unknown"
    )
    yield Caution(
        kind="revision_not_run",
        account_id=None,
        market_id="Pool",
        text=words,
        amounts={"revision_count": rules.revision},
        evidence={"source": f"Pool.POOL_REVISION() at block {state.block_number}"},
    )


def _paused(state: AaveState) -> Iterator[Caution]:
    """Paused reserves with debt or collateral in them: nobody can liquidate those."""
    for reserve in state.reserves.values():
        if not reserve.config.paused:
            continue
        borrowers = sum(account.borrows(reserve.asset) for account in state.accounts.values())
        users = sum(
            bool(account.collateral_bits >> reserve.id & 1) for account in state.accounts.values()
        )
        if borrowers or users:
            yield Caution(
                kind="paused_market",
                account_id=None,
                market_id=reserve.asset,
                text=f"{reserve.symbol} is paused: no supply, repayment, transfer or liquidation",
                amounts={"borrowers_count": borrowers, "collateral_accounts_count": users},
                evidence={"source": "configuration word, bit 60"},
            )


def _sentinel(state: AaveState) -> Iterator[Caution]:
    """The sentinel delays liquidations of accounts that are not far below."""
    if not state.rules.sentinel or state.sentinel_allows is True:
        return
    why = (
        str(state.sentinel_allows)
        if isinstance(state.sentinel_allows, Unreadable)
        else "it says that liquidations are not allowed"
    )
    yield Caution(
        kind="liquidation_reverts",
        account_id=None,
        market_id="PriceOracleSentinel",
        text="Liquidations at a health factor of 0.95 or more are refused by the sentinel",
        evidence={"sentinel": state.sentinel, "why": why},
    )


def _sequencer(state: AaveState) -> Iterator[Caution]:
    """What the feed of the chain's sequencer says, where it is not that it runs: in its rounds
    `startedAt` is when the status last changed, and an answer of 0 is up."""
    found, now = state.sequencer.round, state.block_time
    if found is None:
        return
    words = []
    if found.answer != 0:
        words.append(f"it says that the sequencer is down (answer {found.answer})")
    if found.started_at == 0:
        words.append("startedAt is 0: its round has not begun")
    if found.started_at > now:
        words.append(f"startedAt is {found.started_at - now} s after the block")
    if words:
        yield Caution(
            kind="sequencer_feed",
            account_id=None,
            market_id="SequencerFeed",
            text=f"The sequencer's feed is not to be trusted: {'; '.join(words)}",
            amounts={"started_at_s": found.started_at},
            evidence={"source": "PriceOracleSentinel.getSequencerOracle().latestRoundData"},
        )


def _blocked(valued: AaveValued, margin: Sequence[MarginRow]) -> Iterator[Caution]:
    """Liquidatable accounts of which no pair can be liquidated now."""
    for row in margin:
        if not (row.liquidatable and row.closable and row.status == "blocked"):
            continue
        yield _blocked_caution(valued, row)


def _blocked_caution(valued: AaveValued, row: MarginRow) -> Caution:
    """One account that ought to be liquidated and cannot."""
    refusals = {outcome.reverts or "" for _, _, outcome in valued.pairs(row.account_id)}
    paused = refusals == {error_name(valued.state.rules, Refusal.PAUSED)}
    amounts = {
        "margin_equity_e18": row.margin_equity_e18,
        "maintenance_margin_e18": row.maintenance_margin_e18,
    }
    return Caution(
        kind="paused_market" if paused else "liquidation_reverts",
        account_id=row.account_id,
        market_id=None,
        text="No liquidation of the account succeeds now",
        amounts={name: value for name, value in amounts.items() if value is not None},
        evidence={"reverts": ", ".join(sorted(refusals)), "note": row.note},
    )


def _deficits(state: AaveState, prices: Prices) -> Iterator[Caution]:
    """Reserves whose suppliers' claims exceed what stands behind them by burned bad debt."""
    for reserve in state.reserves.values():
        if not reserve.deficit:
            continue
        amounts = {"deficit_raw": reserve.deficit}
        price = prices.e18(reserve.asset)
        if price is not None:
            amounts["deficit_e18"] = reserve.deficit * price // reserve.unit
        yield Caution(
            kind="reserve_deficit",
            account_id=None,
            market_id=reserve.asset,
            text=f"{reserve.symbol} has a deficit that nobody has covered: its suppliers carry it",
            amounts=amounts,
            evidence={"source": "Pool.getReserveDeficit"},
        )


def _bad_prices(state: AaveState, prices: Prices, margin: Sequence[MarginRow]) -> Iterator[Caution]:
    """Prices that are invalid or missing, with how many accounts they make unknown."""
    unknown = {row.account_id for row in margin if row.unknown_reason is not None}
    for asset, price in prices.by_asset.items():
        if price.status not in ("invalid", "missing"):
            continue
        holders = [
            account.address
            for account in state.accounts.values()
            if account.borrows(asset) or account.supplied.get(asset)
        ]
        yield Caution(
            kind="invalid_oracle",
            account_id=None,
            market_id=asset,
            text=f"Price of {price.symbol} is {price.status}: {price.detail}",
            amounts={
                "accounts_count": len(holders),
                "unknown_accounts_count": sum(address in unknown for address in holders),
            },
            evidence={"source": price.source},
        )
