"""SubAccounts' logs: owners, managers, and every balance in the contract's own order."""

from __future__ import annotations

from analyzer.abi.keccak import checksum
from analyzer.model.logs import Event
from analyzer.protocols.derive_v2.logs.fold.cash import on_cash_moved
from analyzer.protocols.derive_v2.logs.fold.ledger import DeriveLedger
from analyzer.protocols.derive_v2.records.accounts import Holding
from analyzer.protocols.kit.arguments import FoldNote, integer, text

_ADDRESS_BYTES = 20


def on_created(ledger: DeriveLedger, event: Event) -> None:
    """A new account under a manager."""
    account = ledger.account(integer(event, "accountId"), event)
    account.owner, account.manager = text(event, "owner"), text(event, "manager")


def on_transfer(ledger: DeriveLedger, event: Event) -> None:
    """The NFT has another owner (a mint comes before the account's own event)."""
    ledger.account(integer(event, "tokenId"), event).owner = text(event, "to")


def on_manager_changed(ledger: DeriveLedger, event: Event) -> None:
    """The account has another manager. No recording has met one: `cautions` say so."""
    number = integer(event, "accountId")
    ledger.account(number, event).manager = text(event, "newManager")
    ledger.manager_changes.append(number)


def on_balance_adjusted(ledger: DeriveLedger, event: Event) -> None:
    """One balance is now `postBalance`.

    assetAndSubId is the asset's address (20 bytes) and the sub id (12 bytes). A balance that goes
    to 0 leaves its place to the last one, as in the contract's list.
    """
    number = integer(event, "accountId")
    account = ledger.account(number, event)
    packed = event.args["assetAndSubId"]
    if not isinstance(packed, bytes):
        raise TypeError("BalanceAdjusted.assetAndSubId is not bytes")
    asset = checksum(packed[:_ADDRESS_BYTES])
    sub_id = int.from_bytes(packed[_ADDRESS_BYTES:], "big")
    before, after = integer(event, "preBalance"), integer(event, "postBalance")
    held = account.balances
    place = next((i for i, h in enumerate(held) if (h.asset, h.sub_id) == (asset, sub_id)), None)
    rebuilt = 0 if place is None else held[place].balance
    if rebuilt != before:
        words = f"account {number}, asset {asset} {sub_id}: {rebuilt} rebuilt, {before} in the log"
        ledger.notes.append(FoldNote("balance differs", event.block_number, event.log_index, words))
    if asset == ledger.cash_asset:
        on_cash_moved(ledger, number, before, after)
    perp = ledger.perps.get(asset)
    if perp is not None and perp.disabled and after == 0:
        perp.cleared[account.manager] = perp.cleared.get(account.manager, 0) + abs(before)
    if place is None:
        if after:
            held.append(Holding(asset, sub_id, after))
    elif after:
        held[place].balance = after
    else:
        last = held.pop()
        if place < len(held):
            held[place] = last
