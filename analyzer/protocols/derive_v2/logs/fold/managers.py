"""The managers' logs: markets, which asset belongs to which, collateral, implementations."""

from __future__ import annotations

from analyzer.model.logs import Event
from analyzer.protocols.derive_v2.logs.fold.ledger import DeriveLedger
from analyzer.protocols.derive_v2.records.parameters import AssetType
from analyzer.protocols.kit.arguments import integer, text


def on_market_created(ledger: DeriveLedger, event: Event) -> None:
    """A market of the StandardManager."""
    ledger.market_names[integer(event, "marketId")] = text(event, "name")


def on_asset_whitelisted(ledger: DeriveLedger, event: Event) -> None:
    """An asset of a market: option, perpetual or base."""
    kind = AssetType(integer(event, "assetType"))
    ledger.assets[text(event, "asset")] = (kind, integer(event, "marketId"))


def on_collateral_feed(ledger: DeriveLedger, event: Event) -> None:
    """A base asset that a PMRM_2 prices."""
    _add_collateral(ledger, event)


def on_collateral_parameters(ledger: DeriveLedger, event: Event) -> None:
    """A base asset that a PMRMLib_2 has parameters for."""
    _add_collateral(ledger, event)


def on_upgraded(ledger: DeriveLedger, event: Event) -> None:
    """The proxy has another implementation."""
    ledger.upgraded[event.address] = text(event, "implementation")


def _add_collateral(ledger: DeriveLedger, event: Event) -> None:
    """Remembers the asset, once."""
    assets = ledger.collateral.setdefault(event.address, [])
    asset = text(event, "asset")
    if asset not in assets:
        assets.append(asset)
