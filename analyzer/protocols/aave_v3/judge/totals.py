"""Control totals: sums over the rebuilt accounts and logs against what the chain holds.

Every identity is exact, so nothing is allowed: scaled balances, indexes, the treasury's share and
deficits are integers that the fold follows with the pool's own roundings.

The pool's list of reserves and the supplies of their tokens prove that the set is whole: a reserve
whose tokens' logs are missing has a supply that no account holds.
"""

from __future__ import annotations

from collections.abc import Iterator

from analyzer.model.rows import Proves, TotalRow
from analyzer.protocols.aave_v3.logs.fold.ledger import ReserveLedger
from analyzer.protocols.aave_v3.logs.sources import ZERO_ADDRESS
from analyzer.protocols.aave_v3.revisions import BadDebt, VirtualBalance
from analyzer.protocols.aave_v3.state.state import AaveState, ReserveState
from analyzer.protocols.aave_v3.state.sums import Sums
from analyzer.protocols.aave_v3.value.value import AaveValued

EXACT = "exact: integers followed with the pool's own roundings"
GIFTS = "the aToken may hold more than the pool counts: tokens sent to it directly"


def totals(valued: AaveValued) -> list[TotalRow]:
    """All control totals: the list of reserves, then reserve by reserve; symbols that stand twice
    carry the address."""
    state, summed = valued.state, valued.valuation.sums
    symbols = [reserve.symbol for reserve in state.reserves.values()]
    rows = [_listed(state), *_unread(state, summed)]
    for reserve in state.reserves.values():
        twice = symbols.count(reserve.symbol) > 1
        name = f"{reserve.symbol} {reserve.asset}" if twice else reserve.symbol
        rows += list(_reserve(state, summed, reserve, name))
    return rows


def _reserve(
    state: AaveState, summed: Sums, reserve: ReserveState, name: str
) -> Iterator[TotalRow]:
    """The totals of one reserve."""
    ledger = state.ledger.reserves.get(reserve.asset)
    yield from _tokens(summed, reserve, name)
    if ledger is None:
        return
    yield from _stored(state, reserve, ledger, name)
    yield from _liquidity(state, reserve, ledger, name)


def _listed(state: AaveState) -> TotalRow:
    """The reserves of the logs against the pool's own list, one by one."""
    known = {asset.lower() for asset in state.ledger.ids if asset}
    listed = None if state.listed is None else {asset.lower() for asset in state.listed}
    missing = sorted((listed or set()) - known)
    return TotalRow(
        name="reserves",
        identity="reserves that the logs initialised and did not drop = getReservesList",
        unit="reserves",
        rebuilt=len(known & listed) if listed and missing else len(known),
        on_chain=None if listed is None else len(listed),
        allowed=0,
        why=f"not in the logs: {', '.join(missing)}" if missing else "one by one, by address",
        proves=Proves.LIST,
    )


def _unread(state: AaveState, summed: Sums) -> Iterator[TotalRow]:
    """The supplies of reserves whose data was not read: nothing holds that was not compared."""
    for asset, why in state.unread_reserves.items():
        for name, amount in (("supply", summed.scaled_supply), ("debt", summed.scaled_debt)):
            yield TotalRow(
                name=f"{name} {asset}",
                identity=f"sum of scaled balances = scaledTotalSupply ({name})",
                unit=f"scaled {asset}",
                rebuilt=amount[asset],
                on_chain=None,
                allowed=0,
                why=str(why),
                proves=Proves.ACCOUNTS,
            )


def _row(
    name: str, identity: str, unit: str, rebuilt: int | None, on_chain: int | None
) -> TotalRow:
    """An exact total of one number of the reserve."""
    return TotalRow(name, identity, unit, rebuilt, on_chain, 0, EXACT)


def _sum(name: str, identity: str, unit: str, rebuilt: int, on_chain: int | None) -> TotalRow:
    """An exact total over all accounts."""
    return TotalRow(name, identity, unit, rebuilt, on_chain, 0, EXACT, proves=Proves.ACCOUNTS)


def _tokens(summed: Sums, reserve: ReserveState, name: str) -> Iterator[TotalRow]:
    """Sums of scaled balances against the tokens' scaled total supplies."""
    asset, unit = reserve.asset, f"scaled {reserve.symbol}"
    yield _sum(
        f"supply {name}",
        "sum of scaled aToken balances = aToken.scaledTotalSupply",
        unit,
        summed.scaled_supply[asset],
        reserve.scaled_supply,
    )
    yield _sum(
        f"debt {name}",
        "sum of scaled variable debts = variableDebtToken.scaledTotalSupply",
        unit,
        summed.scaled_debt[asset],
        reserve.scaled_debt,
    )


def _stored(
    state: AaveState, reserve: ReserveState, ledger: ReserveLedger, name: str
) -> Iterator[TotalRow]:
    """What the reserve's own words hold."""
    unit = f"raw {reserve.symbol}"
    yield _row(
        f"supply index {name}",
        "index after every update by rule = stored liquidityIndex",
        "ray",
        ledger.indexes.supply_ray,
        reserve.indexes.supply_ray,
    )
    yield _row(
        f"debt index {name}",
        "index after every update by rule = stored variableBorrowIndex",
        "ray",
        ledger.indexes.debt_ray,
        reserve.indexes.debt_ray,
    )
    yield _row(
        f"treasury {name}",
        "treasury's share of interest and premiums not yet minted = accruedToTreasury",
        f"scaled {reserve.symbol}",
        ledger.accrued_to_treasury,
        reserve.accrued_to_treasury,
    )
    if state.rules.bad_debt is not BadDebt.STAYS:
        yield _row(
            f"deficit {name}",
            "bad debt burned - covered = getReserveDeficit",
            unit,
            ledger.deficit,
            reserve.deficit,
        )
    if state.rules.stable_debt and reserve.stable_token not in ("", ZERO_ADDRESS):
        yield _row(
            f"stable debt {name}",
            "total after the token's last event = stableDebtToken.getSupplyData principal",
            unit,
            ledger.stable.principal,
            reserve.stable_supply,
        )


def _liquidity(
    state: AaveState, reserve: ReserveState, ledger: ReserveLedger, name: str
) -> Iterator[TotalRow]:
    """Underlying that came in less what went out, as the pool counts it and as the aToken holds."""
    unit, flows = f"raw {reserve.symbol}", "supplied + repaid + premiums - withdrawn - borrowed"
    counted = state.rules.virtual_balance is VirtualBalance.ALWAYS or (
        state.rules.virtual_balance is VirtualBalance.PER_RESERVE
        and reserve.config.virtual_accounting
    )
    if counted:
        since = " since the upgrade that began it" if ledger.anchors else ""
        yield _row(
            f"virtual balance {name}",
            f"{flows}{since} = getVirtualUnderlyingBalance",
            unit,
            ledger.virtual_balance(reserve.underlying_held),
            reserve.virtual_balance,
        )
    if counted or state.rules.virtual_balance is VirtualBalance.NONE:
        yield TotalRow(
            f"underlying {name}",
            f"{flows} <= underlying held by the aToken",
            unit,
            ledger.liquidity,
            reserve.underlying_held,
            0,
            GIFTS,
            surplus_ok=True,
        )
