"""What every asset says that each manager's accounts hold together: for the control totals."""

from __future__ import annotations

from analyzer.model.deployment import Deployment
from analyzer.model.reads import Reading
from analyzer.protocols.derive_v2.deployments import of_kind
from analyzer.protocols.derive_v2.state.observe.batch import new_batch

ASSET_KINDS = ("PerpAsset", "OptionAsset", "WrappedERC20Asset")


def read_total_positions(deployment: Deployment) -> Reading[dict[tuple[str, str], int | None]]:
    """(asset, manager) -> totalPosition: sizes without sign, 18 decimals; None when not read."""
    contracts = deployment.contracts
    managers = [contracts["StandardManager"], *of_kind(contracts, "PMRM_2")]
    batch = new_batch()
    asked = {
        (asset, manager): batch.call(
            kind, asset, "totalPosition", manager, about=name, evidence=True
        )
        for kind in ASSET_KINDS
        for asset, name in of_kind(contracts, kind).items()
        for manager in managers
    }
    replies = yield from batch.read()
    return {key: replies.optional(ticket) for key, ticket in asked.items()}
