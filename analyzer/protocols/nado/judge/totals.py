"""Control totals: sums over all rebuilt accounts against what the chain holds.

Each states its identity, what may be left over, and why. The protocol's own accounts are in every
one of them: tokens and open interest do not know them apart.
Source: spec section 15.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

from analyzer.model.integers import WAD, ceil_div
from analyzer.model.rows import Proves, TotalRow
from analyzer.protocols.nado.account_ids import SYSTEM
from analyzer.protocols.nado.judge.totals_tokens import token_totals
from analyzer.protocols.nado.state.balances import perp_now
from analyzer.protocols.nado.state.compare import logged_sizes
from analyzer.protocols.nado.state.state import NLP, QUOTE, NadoState

if TYPE_CHECKING:
    from analyzer.protocols.nado.state.evidence import Comparison, Evidence
    from analyzer.protocols.nado.value.value import NadoValued

E18 = "e18"
EXACT = "every operation moves both sides by the same integer"
_WEI_AN_UPDATE = 1


def totals(valued: NadoValued) -> list[TotalRow]:
    """Every control total of the venue: accounts, products, tokens, and the rules themselves."""
    state = valued.state
    evidence = state.evidence
    if evidence is None:
        return []
    return [
        *_accounts(state, evidence),
        *_engines(state, evidence),
        *_deposits(state, evidence),
        *_nlp(state),
        *_sizes(state),
        *_traded(state, evidence),
        *_funding(state, evidence),
        *_interest(state, evidence),
        *_quotes(state, evidence),
        *_builders(state, evidence),
        *token_totals(state, evidence),
        *_logs(evidence),
        _rules(evidence),
    ]


def _accounts(state: NadoState, evidence: Evidence) -> Iterator[TotalRow]:
    """The list is whole, and no log names an account beside it."""
    listed = [name for name in state.accounts if name not in SYSTEM]
    yield TotalRow(
        name="accounts",
        identity="accounts of the Endpoint's list = its count",
        unit="accounts",
        rebuilt=len(listed),
        on_chain=evidence.listed,
        allowed=0,
        why="accounts are numbered from 1 and never removed",
        proves=Proves.ACCOUNTS,
    )
    strangers = [name for name in evidence.ledger.accounts if name not in state.accounts]
    yield TotalRow(
        name="accounts of the logs",
        identity="accounts that logs name = those of them that the list has",
        unit="accounts",
        rebuilt=len(evidence.ledger.accounts) - len(strangers),
        on_chain=len(evidence.ledger.accounts),
        allowed=0,
        why=f"not listed: {', '.join(strangers[:3])}" if strangers else "one by one",
        proves=Proves.LIST,
    )


def _engines(state: NadoState, evidence: Evidence) -> Iterator[TotalRow]:
    """The engines that the Clearinghouse uses are those that were read, and every product that a
    log names is listed."""
    read = (state.contracts["SpotEngine"], state.contracts["PerpEngine"])
    named = evidence.engines
    same = sum(a is not None and a.lower() == b.lower() for a, b in zip(named, read, strict=True))
    yield TotalRow(
        name="engines",
        identity="engines of the deployment = engines of the Clearinghouse",
        unit="engines",
        rebuilt=len(read),
        on_chain=None if None in named else same,
        allowed=0,
        why="one by one, by address",
        proves=Proves.LIST,
    )
    logged = {
        "SpotEngine": evidence.ledger.products.get("SpotEngine", []),
        "PerpEngine": evidence.ledger.products.get("PerpEngine", []),
    }
    # The quote product comes with the engine; it has no log where it was never changed.
    missing = [p for p in state.spots if p and p not in logged["SpotEngine"]]
    missing += [p for p in state.perps if p not in logged["PerpEngine"]]
    yield TotalRow(
        name="products",
        identity="products of the engines that their logs added = products of the engines",
        unit="products",
        rebuilt=len(state.spots) + len(state.perps) - len(missing),
        on_chain=len(state.spots) + len(state.perps),
        allowed=0,
        why=f"without a log: {missing}" if missing else "one by one",
        proves=Proves.LIST,
    )


def _deposits(state: NadoState, evidence: Evidence) -> Iterator[TotalRow]:
    """Normalised balances of either side against the engine's sums."""
    for product, spot in state.spots.items():
        if product in state.problems:
            continue
        balances = [account.spot.get(product, 0) for account in state.accounts.values()]
        cuts = _cuts(state, evidence, product)
        yield TotalRow(
            name=f"deposits of {spot.symbol}",
            identity="sum of positive normalised balances = total deposits",
            unit=E18,
            rebuilt=sum(n for n in balances if n > 0) if state.is_whole() else None,
            on_chain=spot.deposits,
            allowed=0,
            why=EXACT,
            proves=Proves.ACCOUNTS,
        )
        yield TotalRow(
            name=f"borrows of {spot.symbol}",
            identity="sum of negative normalised balances = total borrows",
            unit=E18,
            rebuilt=-sum(n for n in balances if n < 0) if state.is_whole() else None,
            on_chain=spot.borrows,
            allowed=cuts,
            why=EXACT if not cuts else "a debt that depositors took over leaves up to a wei",
            proves=Proves.ACCOUNTS,
        )


def _cuts(state: NadoState, evidence: Evidence, product: int) -> int:
    """How many debts depositors can have taken over: none where their multiplier is what the ticks
    made of it, else as many as there are accounts that were ever seen there."""
    logged = evidence.ledger.interest.get(product)
    by_ticks = WAD if logged is None else logged.deposit_multiplier
    if state.spots[product].deposit_multiplier >= by_ticks:
        return 0
    return sum(1 for _, p in evidence.ledger.spot if p == product)


def _nlp(state: NadoState) -> Iterator[TotalRow]:
    """What is minted is owed: holders and the NLP's main account."""
    if NLP not in state.spots or NLP in state.problems:
        return
    yield TotalRow(
        name="NLP tokens",
        identity="sum of all normalised balances = 0",
        unit=E18,
        rebuilt=sum(account.spot.get(NLP, 0) for account in state.accounts.values())
        if state.is_whole()
        else None,
        on_chain=0,
        allowed=0,
        why=EXACT,
    )


def _sizes(state: NadoState) -> Iterator[TotalRow]:
    """Sizes against open interest, and against each other."""
    for product, perp in state.perps.items():
        if product in state.problems:
            continue
        sizes = [
            held.amount
            for account in state.accounts.values()
            for number, held in account.perps.items()
            if number == product
        ]
        yield TotalRow(
            name=f"open interest of {perp.symbol}",
            identity="sum of sizes without sign = open interest",
            unit=E18,
            rebuilt=sum(map(abs, sizes)) if state.is_whole() else None,
            on_chain=perp.open_interest,
            allowed=0,
            why=EXACT,
            proves=Proves.ACCOUNTS,
        )
        yield TotalRow(
            name=f"sizes of {perp.symbol}",
            identity="sum of sizes = 0",
            unit=E18,
            rebuilt=sum(sizes) if state.is_whole() else None,
            on_chain=0,
            allowed=0,
            why="every position has another side",
        )


def _traded(state: NadoState, evidence: Evidence) -> Iterator[TotalRow]:
    """What one side of a trade got the other gave, and both have a log."""
    moved = dict(evidence.ledger.closed_sizes)
    for (_, product), size in logged_sizes(state, evidence).items():
        moved[product] = moved.get(product, 0) + size
    for product, size in sorted(moved.items()):
        yield TotalRow(
            name=f"traded sizes of {state.symbol(product)}",
            identity="sum of what orders and liquidations moved = 0",
            unit=E18,
            rebuilt=size,
            on_chain=0,
            allowed=0,
            why="every trade has another side, and a log of its own",
        )


def _builders(state: NadoState, evidence: Evidence) -> Iterator[TotalRow]:
    """What builders were charged for and paid, against what they may claim."""
    charged: dict[int, int] = {}
    for product, fee in evidence.ledger.builder_fees.items():
        spot = state.spots.get(product)
        quote = QUOTE if spot is None or spot.quote_id is None else spot.quote_id
        charged[quote] = charged.get(quote, 0) + fee
    claims = evidence.ledger.builder_claims
    for quote, claimable in evidence.builder_fees.items():
        if claimable or quote in charged or quote in claims:
            yield TotalRow(
                name=f"fees of builders in {state.symbol(quote)}",
                identity="fees charged - fees claimed = what builders may claim",
                unit=E18,
                rebuilt=charged.get(quote, 0) - claims.get(quote, 0),
                on_chain=claimable,
                allowed=0,
                why=EXACT,
            )


def _funding(state: NadoState, evidence: Evidence) -> Iterator[TotalRow]:
    """No tick's log is missing: a shared loss moves the two sides apart, and leaves their sum."""
    for product, perp in state.perps.items():
        if product in state.problems:
            continue
        yield TotalRow(
            name=f"funding of {perp.symbol}",
            identity="twice the payments of the ticks = cumulative funding of longs + of shorts",
            unit=E18,
            rebuilt=2 * evidence.ledger.funding.get(product, 0),
            on_chain=perp.funding_long + perp.funding_short,
            allowed=0,
            why=EXACT,
        )


def _interest(state: NadoState, evidence: Evidence) -> Iterator[TotalRow]:
    """No tick's log is missing: the borrow multiplier, which no loss touches."""
    for product, spot in state.spots.items():
        if product in state.problems:
            continue
        logged = evidence.ledger.interest.get(product)
        found = WAD if logged is None else logged.borrow_multiplier
        steps = 0 if logged is None or not spot.config.min_deposit_rate else logged.steps
        yield TotalRow(
            name=f"interest of {spot.symbol}",
            identity="product of the ticks' factors = borrow multiplier",
            unit=E18,
            rebuilt=found,
            on_chain=spot.borrow_multiplier,
            allowed=3 * steps * ceil_div(max(found, WAD), WAD),
            why="a yield without income is a second factor, which the log has multiplied in"
            if steps
            else EXACT,
        )


def _quotes(state: NadoState, evidence: Evidence) -> Iterator[TotalRow]:
    """What perps owe and are owed in quote adds up, with the fees that were taken out of it."""
    updates = evidence.ledger.events + _WEI_AN_UPDATE
    for product, perp in state.perps.items():
        if product in state.problems:
            continue
        quotes = sum(
            perp_now(perp, held)[1]
            for account in state.accounts.values()
            for number, held in account.perps.items()
            if number == product
        )
        losses = _shared_losses(state, evidence, product)
        charged = evidence.ledger.builder_fees.get(product, 0)
        yield TotalRow(
            name=f"quote of {perp.symbol}",
            identity="sum of quotes + fees collected + fees of builders = available for settlement",
            unit=E18,
            rebuilt=quotes + perp.collected_fees + charged if state.is_whole() else None,
            on_chain=perp.available,
            allowed=updates + losses,
            why="a wei an update, and of a shared loss one a contract",
        )


def _shared_losses(state: NadoState, evidence: Evidence, product: int) -> int:
    """What the truncation of shared losses can come to: a wei a contract of the largest open
    interest that the logs allow, for each of them; as many as there were accounts."""
    perp = state.perps[product]
    if perp.funding_long == perp.funding_short:
        return 0
    contracts = max(
        perp.open_interest,
        sum(abs(size) for (_, number), size in evidence.ledger.sizes.items() if number == product),
    )
    return (1 + ceil_div(contracts, WAD)) * len(evidence.ledger.accounts)


def _logs(evidence: Evidence) -> Iterator[TotalRow]:
    """The logs against storage, number by number."""
    kinds: tuple[tuple[str, str, Comparison], ...] = (
        ("spot balances of the logs", "balance", evidence.balances),
        ("perp sizes of the logs", "size", evidence.sizes),
    )
    for name, what, found in kinds:
        silent = f"; {found.silent} changed without a log" if found.silent else ""
        yield TotalRow(
            name=name,
            identity=f"every stored {what} is what the logs say of it",
            unit="balances",
            rebuilt=found.equal,
            on_chain=found.compared,
            allowed=0,
            why=("; ".join(found.examples) or "one by one") + silent,
        )


def _rules(evidence: Evidence) -> TotalRow:
    """Nothing in the logs was passed over."""
    notes = evidence.ledger.notes
    examples = "; ".join(f"{n.kind} at {n.block_number}.{n.log_index}: {n.text}" for n in notes[:3])
    return TotalRow(
        name="logs that no rule explains",
        identity="events that the fold does not explain = 0",
        unit="events",
        rebuilt=len(notes),
        on_chain=0,
        allowed=0,
        why=examples or f"{evidence.ledger.events} events were folded",
    )
