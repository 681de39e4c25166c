"""The code behind each contract at the block, and the revision that it says it is.

Aave's code carries its market's addresses as immutables, so every deployment has its own code
hashes: the revision that a contract says names the rules, and a hash is known only where that very
deployment was compared.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace

from analyzer.model.deployment import Deployment
from analyzer.model.reads import Reading
from analyzer.model.rows import FEED_ROLE, CodeStatus, ImplementationRow
from analyzer.protocols.aave_v3.code_hashes import release_of_code
from analyzer.protocols.aave_v3.deployments import ABI_FOLDER, CONFIGURATOR, PROVIDER
from analyzer.protocols.aave_v3.logs.fold.ledger import AaveLedger
from analyzer.protocols.aave_v3.logs.sources import ZERO_ADDRESS
from analyzer.protocols.aave_v3.revisions import Rules
from analyzer.protocols.aave_v3.state.observe.market import MarketFacts
from analyzer.protocols.aave_v3.state.state import ReserveState
from analyzer.protocols.kit.batch import Batch
from analyzer.protocols.kit.code import CodeAt
from analyzer.protocols.kit.code import read_code as read_behind

_REVISION_VIEWS = {
    "pool": ("Pool", "POOL_REVISION"),
    CONFIGURATOR: ("PoolConfigurator", "CONFIGURATOR_REVISION"),
    "a_token": ("AToken", "ATOKEN_REVISION"),
    "variable_debt_token": ("VariableDebtToken", "DEBT_TOKEN_REVISION"),
}


def code_contracts(
    deployment: Deployment,
    ledger: AaveLedger,
    market: MarketFacts,
    reserves: Mapping[str, ReserveState],
) -> list[CodeAt]:
    """Every contract whose code the numbers rest on, and the sources of its prices."""
    told = ledger.implementations
    named = _named(deployment, ledger, market, reserves)
    return [CodeAt(role, kind, address, told.get(address)) for role, kind, address in named]


def _named(
    deployment: Deployment,
    ledger: AaveLedger,
    market: MarketFacts,
    reserves: Mapping[str, ReserveState],
) -> Iterator[tuple[str, str, str]]:
    """(role, kind, address) of each contract."""
    yield "pool", "pool", deployment.contracts["pool"]
    yield PROVIDER, PROVIDER, deployment.contracts[PROVIDER]
    yield "oracle", "oracle", market.oracle
    if ledger.configurator:
        yield CONFIGURATOR, CONFIGURATOR, ledger.configurator
    if market.sentinel:
        yield "price_oracle_sentinel", "price_oracle_sentinel", market.sentinel
    for reserve in reserves.values():
        for kind, address in (
            ("a_token", reserve.a_token),
            ("variable_debt_token", reserve.variable_token),
            ("stable_debt_token", reserve.stable_token),
            (FEED_ROLE, reserve.price.source),
        ):
            if address not in ("", ZERO_ADDRESS):
                yield f"{kind} {reserve.symbol}", kind, address
        if reserve.price.aggregator:
            yield f"{FEED_ROLE} {reserve.symbol} aggregator", FEED_ROLE, reserve.price.aggregator


def read_code(rules: Rules, contracts: Sequence[CodeAt]) -> Reading[list[ImplementationRow]]:
    """One row a contract, with the revision that it says it is."""
    batch = Batch(ABI_FOLDER)
    said = [
        batch.call(*_view(c.kind, c.address), about=c.role, evidence=True)
        if c.kind in _REVISION_VIEWS
        else None
        for c in contracts
    ]
    replies = yield from batch.read()
    rows = yield from read_behind(contracts, _version)
    out = []
    for contract, row, ticket in zip(contracts, rows, said, strict=True):
        revision = None if ticket is None else replies.optional(ticket)
        notes = [part for part in (_note(rules, contract.kind, revision), row.note) if part]
        unruly = contract.kind == "pool" and not rules.known and row.status == CodeStatus.KNOWN
        status = CodeStatus.UNKNOWN.value if unruly else row.status
        out.append(replace(row, status=status, note="; ".join(notes)))
    return out


def _version(kind: str, code_hash: str) -> str | None:
    """The release whose code this is to the byte; None where it was never compared."""
    release = release_of_code(kind, code_hash)
    return None if release is None else f"code of {release}"


def _view(kind: str, address: str) -> tuple[str, str, str]:
    """The revision view of a kind of contract: ABI, address, function."""
    abi, function = _REVISION_VIEWS[kind]
    return abi, address, function


def _note(rules: Rules, kind: str, revision: int | None) -> str:
    """The revision that the contract says, and for the Pool whether it was ever run here."""
    if kind == "pool":
        run = "compared with real contracts" if rules.executed else "never run against contracts"
        return f"revision {rules.revision} ({rules.release}), {run}"
    return "" if revision is None else f"revision {revision}"
