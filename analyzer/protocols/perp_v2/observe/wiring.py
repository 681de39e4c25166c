"""Whether the contracts of a deployment belong together: each is asked for its neighbours.

An insurance fund, a Vault or a config of another market answers every question, and every number
that it gives is right, of something else. So what the contracts name themselves has to be what the
deployment names. A neighbour that was not read, or that a contract does not name, says nothing.
"""

from __future__ import annotations

from collections.abc import Mapping

from analyzer.model.errors import InputError
from analyzer.model.reads import Reading
from analyzer.protocols.perp_v2.observe.batch import Batch

_NO_CONTRACT = "0x" + "0" * 40
_NAMED_BY = {
    "vault": ("ClearingHouse", "clearing_house", "getVault"),
    "insurance_fund": ("ClearingHouse", "clearing_house", "getInsuranceFund"),
    "account_balance": ("ClearingHouse", "clearing_house", "getAccountBalance"),
    "exchange": ("ClearingHouse", "clearing_house", "getExchange"),
    "order_book": ("ClearingHouse", "clearing_house", "getOrderBook"),
    "clearing_house_config": ("ClearingHouse", "clearing_house", "getClearingHouseConfig"),
    "collateral_manager": ("Vault", "vault", "getCollateralManager"),
    "market_registry": ("Exchange", "exchange", "getMarketRegistry"),
}
"""Role -> (ABI, role, getter) of the contract that names it."""


def check_wiring(contracts: Mapping[str, str]) -> Reading[None]:
    """One batch; none of it is needed for a number.

    Raises: InputError naming the first role whose address is not the one that its neighbour names.
    """
    batch = Batch()
    asked = {
        role: batch.call(abi, contracts[of], getter, evidence=True)
        for role, (abi, of, getter) in _NAMED_BY.items()
    }
    replies = batch.replies((yield batch.requests))
    for role, ticket in asked.items():
        named = replies.optional_text(ticket)
        if named not in (None, _NO_CONTRACT) and str(named).lower() != contracts[role].lower():
            of = _NAMED_BY[role][1]
            raise InputError(
                f"the {of} {contracts[of]} names {named} as its {role}, not {contracts[role]}:"
                " check [contracts] of the deployment"
            )
