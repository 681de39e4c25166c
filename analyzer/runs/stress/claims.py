"""What deployments are owed by each other, and what the claims are worth after a cascade."""

from __future__ import annotations

from collections.abc import Sequence

from analyzer.contagion.cascade import CascadeResult, Venue
from analyzer.contagion.networks.claims import (
    Pool,
    claims_between,
    held_as_accounts,
    pools_of,
    recover,
)
from analyzer.documents.contagion import AccountClaim, Claims, TokenClaim


def claims_between_venues(venues: Sequence[Venue], result: CascadeResult) -> Claims:
    """Claims between the venues: by token, and by account.

    venues: at the block, before the cascade. A token's recovery is what clearing leaves after the
    losses that the cascade handed to its holders (Eisenberg-Noe); problem: why it could not be
    worked out, else None.
    """
    accounts = tuple(
        AccountClaim(held.debtor, held.creditor, held.role, held.account_id, held.equity_e18)
        for held in held_as_accounts(venues)
    )
    try:
        pools = _pools(venues, result)
        found = claims_between(venues, pools)
        recovered = recover(pools, found.claims)
    except ValueError as error:
        return Claims((), accounts, {}, str(error))
    tokens = tuple(
        TokenClaim(
            debtor=claim.debtor[0],
            creditor=claim.creditor[0],
            token=claim.token,
            amount_e18=claim.amount_e18,
            recovery=recovered.recovery[claim.debtor],
        )
        for claim in found.claims
    )
    return Claims(tokens, accounts, dict(found.unknown), None)


def _pools(venues: Sequence[Venue], result: CascadeResult) -> list[Pool]:
    """Every venue's pools with the losses that the cascade left them."""
    pools = []
    for venue in venues:
        borne = {asset: loss for (name, asset), loss in result.borne_e18.items()
                 if name == venue.name}  # fmt: skip
        kept = {receipt.backed_by for receipt in venue.simulation.receipts()}
        # Losses that everybody bears are those of the venue's only pool.
        losses: dict[str | None, int] = borne if kept else {None: sum(borne.values())}
        pools += pools_of(venue, losses)
    return pools
