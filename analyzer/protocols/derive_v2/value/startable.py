"""Who can be auctioned now: by the margin that `startAuction` sees once all is settled.

`startAuction` settles interest and perps before it asks for maintenance margin, so an account is
startable when the view's margin plus the interest not yet settled is below zero. A disabled perp
changes that: its settlement deletes the position, and its requirement with it.
Source: v2-core `DutchAuction.sol`, `BaseManager.sol`.
"""

from __future__ import annotations

from dataclasses import replace

from analyzer.protocols.derive_v2.records.accounts import Account, Holding
from analyzer.protocols.derive_v2.value.account import ManagerMargin, Valuation
from analyzer.protocols.kit.unreadable import (
    Unreadable,
    UnreadableNumberError,
    attempt,
    known,
    reverts,
)


def scenario_count(valuation: Valuation, number: int) -> int:
    """How many scenarios an auction of this account can be started under (1 under the
    StandardManager, which ignores the number). Raises: UnreadableNumberError when they were not
    read."""
    manager = valuation.state.pmrms.get(valuation.state.accounts[number].manager)
    return 1 if manager is None else len(known(manager.scenarios))


def startable(valuation: Valuation, number: int, scenario: int) -> str | None:
    """None when startAuction(number, scenario) succeeds now, else the error it reverts with."""
    account = valuation.state.accounts[number]
    margin = attempt(lambda: _margin_after_settlement(valuation, account, scenario))
    if isinstance(margin, Unreadable):
        return margin.reason
    if margin >= 0:
        return "DA_AccountIsAboveMaintenanceMargin"
    return "DA_AuctionAlreadyStarted" if live(valuation, number) else None


def startable_scenarios(valuation: Valuation, number: int) -> list[int]:
    """The scenarios under which an auction can be started now. Raises: UnreadableNumberError when
    the manager's scenarios were not read."""
    count = scenario_count(valuation, number)
    return [i for i in range(count) if startable(valuation, number, i) is None]


def live(valuation: Valuation, number: int) -> bool:
    """Whether the account is in an auction: it is frozen then."""
    found = valuation.state.auction_house.auctions.get(number)
    return found is not None and found.ongoing


def _margin_after_settlement(valuation: Valuation, account: Account, scenario: int) -> int:
    """Maintenance margin under `scenario` once interest and perps are settled."""
    with_interest = valuation.cash_with_interest(account)
    disabled = _settle_perps(valuation, account)
    if disabled:
        account = _without(valuation, account, disabled, with_interest)
        return _margin(valuation, account, scenario).margin
    stored = account.cash(valuation.state.cash.address)
    view = valuation.margin(account, initial=False, scenario=scenario)
    return view.margin + with_interest - stored


def settled_margin(valuation: Valuation, number: int, scenario: int) -> ManagerMargin:
    """Maintenance margin and mark to market once interest and perps are settled, as an auction
    and every bid see them. Raises: UnreadableNumberError as the settlement or the view does."""
    account = valuation.state.accounts[number]
    with_interest = valuation.cash_with_interest(account)
    disabled = _settle_perps(valuation, account)
    if disabled:
        account = _without(valuation, account, disabled, with_interest)
    else:
        account = _with_cash(valuation, account, [], with_interest)
    return _margin(valuation, account, scenario)


def _settle_perps(valuation: Valuation, account: Account) -> list[Holding]:
    """The balances in disabled perps; every other perp's settlement only has to be readable.

    A PMRM_2 settles its perp whether the account holds it or not.
    """
    state = valuation.state
    held = [h for h in account.balances if h.asset in state.perps]
    manager = state.pmrms.get(account.manager)
    if manager is not None and not any(h.asset == manager.perp for h in held):
        valuation.unsettled(account, Holding(manager.perp, 0, 0))
    for holding in held:
        valuation.unsettled(account, holding)
    return [h for h in held if state.perps[h.asset].disabled]


def _without(valuation: Valuation, account: Account, disabled: list[Holding], cash: int) -> Account:
    """The account after its disabled perps were settled. The manager's hook runs between the
    deletion and the credit. Raises: UnreadableNumberError as that hook does."""
    if live(valuation, account.number):
        raise UnreadableNumberError(
            reverts(f"account {account.number}", "BM_AccountUnderLiquidation")
        )
    kept = _with_cash(valuation, account, disabled, cash)
    if account.manager in valuation.state.pmrms:
        initial = valuation.assess(kept).margin(initial=True).margin
        if initial < 0:
            raise UnreadableNumberError(
                reverts(f"account {account.number}", "PMRM_2_InsufficientMargin")
            )
    cash += sum(valuation.unsettled(account, holding) for holding in disabled)
    return _with_cash(valuation, account, disabled, cash)


def _with_cash(valuation: Valuation, account: Account, gone: list[Holding], cash: int) -> Account:
    """The account without some balances and with other cash."""
    address = valuation.state.cash.address
    kept = [h for h in account.balances if h not in gone and h.asset != address]
    return replace(account, balances=[*kept, Holding(address, 0, cash)])


def _margin(valuation: Valuation, account: Account, scenario: int) -> ManagerMargin:
    """Maintenance margin of an account with other balances than the state's."""
    if account.manager in valuation.state.pmrms:
        found = valuation.assess(account).margin(initial=False, scenarios=(scenario,))
        return valuation.required(ManagerMargin(found.margin, found.mark_to_market))
    return valuation.margin(account, initial=False)
