"""The code behind each contract at the block. No rules are tied to a code hash: the contracts
are not published as packages, so a hash that is read is shown and is `unknown`."""

from __future__ import annotations

from collections.abc import Mapping

from analyzer.model.deployment import Deployment
from analyzer.model.reads import Reading
from analyzer.model.rows import FEED_ROLE, ImplementationRow
from analyzer.protocols.derive_v2.deployments import kind_of
from analyzer.protocols.derive_v2.state.observe.feeds import FEED_KINDS
from analyzer.protocols.kit.code import CodeAt, read_code


def read_implementations(
    deployment: Deployment, upgraded: Mapping[str, str]
) -> Reading[list[ImplementationRow]]:
    """One row per contract of a kind that is read, feeds as `price_feed NAME`.

    `upgraded`: proxy -> implementation as its `Upgraded` logs last said.
    """
    contracts = []
    for name, address in deployment.contracts.items():
        kind = kind_of(name)
        if kind is not None:
            role = f"{FEED_ROLE} {name}" if kind in FEED_KINDS else name
            contracts.append(CodeAt(role, kind, address, upgraded.get(address)))
    rows = yield from read_code(contracts, _no_version)
    return rows


def _no_version(kind: str, code_hash: str) -> None:
    """No code is known."""
