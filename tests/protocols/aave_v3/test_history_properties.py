"""Tokens of before revision 9 told by a little model of the contracts' own rules, against the fold.

The model keeps what the contracts keep and emits what they emit; it shares no code with the fold.
Source: GhoVariableDebtToken revision 3; AToken, SupplyLogic and BorrowLogic of 3.0.0 to 3.4.
"""

from __future__ import annotations

from dataclasses import dataclass, field

import pytest
from aave_market import ALICE, BOB, asset_of
from aave_story import POOL, Story
from hypothesis import given, settings
from hypothesis import strategies as st

from analyzer.protocols.aave_v3.logs.fold import code

CAROL = "0x" + "9" * 40
PEOPLE = (ALICE, BOB, CAROL)
NOBODY = "0x" + "0" * 40
GHO, WETH = asset_of("GHO"), asset_of("WETH")
ONE = 10**27


def times(amount: int, index: int) -> int:
    """WadRayMath.rayMul."""
    return (amount * index + ONE // 2) // ONE


def over(amount: int, index: int) -> int:
    """WadRayMath.rayDiv."""
    return (amount * ONE + index // 2) // index


@dataclass
class Debtor:
    """A holder of the discounted debt token."""

    scaled: int = 0
    last: int = 0
    percent: int = 0

    def accrue(self, index: int) -> tuple[int, int]:
        """`_accrueDebtOnAction`: (interest said, scaled discount)."""
        interest = times(self.scaled, index) - times(self.scaled, self.last)
        discount = (interest * self.percent + 5_000) // 10_000
        self.last = index
        return interest - discount, over(discount, index)


@dataclass
class DiscountedToken:
    """GHO's debt token; `story` gets its events."""

    story: Story = field(default_factory=lambda: Story().begin().listed("GHO").block())
    people: dict[str, Debtor] = field(default_factory=lambda: {p: Debtor() for p in PEOPLE})
    index: int = ONE

    def borrow(self, who: str, amount: int) -> None:
        debtor = self.people[who]
        interest, discount = debtor.accrue(self.index)
        debtor.scaled += over(amount, self.index) - discount
        self.story.minted(
            "v", "GHO", who, amount + interest, interest=interest, index=self.index
        )  # fmt: skip

    def repay(self, who: str, amount: int) -> None:
        debtor = self.people[who]
        gross = times(debtor.scaled, self.index) - times(debtor.scaled, debtor.last)
        discount = (gross * debtor.percent + 5_000) // 10_000
        owed = times(debtor.scaled, self.index) - discount
        amount = min(amount, owed)
        burned = over(amount, self.index) + over(discount, self.index)
        if amount == 0 or (amount != owed and burned > debtor.scaled):
            return  # refused
        interest, _ = debtor.accrue(self.index)
        debtor.scaled -= debtor.scaled if amount == owed else burned
        tell, value = self.story.burned, amount - interest
        if interest > amount:
            tell, value = self.story.minted, interest - amount
        tell("v", "GHO", who, value, interest=interest, index=self.index)

    def rebalance(self, who: str, percent: int) -> None:
        debtor = self.people[who]
        interest, discount = debtor.accrue(self.index)
        debtor.scaled -= discount
        self.story.token(
            "v", "GHO", "Mint", caller=NOBODY, onBehalfOf=who, value=interest,
            balanceIncrease=interest, index=self.index,
        )  # fmt: skip
        debtor.percent = percent

    def grow(self, by: int) -> None:
        self.index += by
        self.story.block().updated("GHO", debt=self.index)


AMOUNTS = st.one_of(st.integers(1, 9), st.integers(10**3, 10**7), st.integers(10**18, 10**24))
GROWTH = st.one_of(st.integers(1, 10**9), st.integers(10**20, ONE))
DEBT_STEPS = st.lists(
    st.tuples(
        st.sampled_from(["borrow", "repay", "repay all", "rebalance", "grow"]),
        st.sampled_from(PEOPLE),
        AMOUNTS,
        st.sampled_from([0, 1, 333, 3_000, 9_999, 10_000]),
        GROWTH,
    ),
    max_size=25,
)


@settings(max_examples=150, deadline=None)
@given(DEBT_STEPS, st.sampled_from([3, 7]))
def test_discounted_debts_come_out_as_the_token_has_them(
    steps: list[tuple[str, str, int, int, int]], revision: int
) -> None:
    token = DiscountedToken()
    for step, who, amount, percent, growth in steps:
        if step == "borrow":
            token.borrow(who, amount)
        elif step == "grow":
            token.grow(growth)
        elif step == "rebalance":
            token.rebalance(who, percent)
        else:
            token.repay(who, amount if step == "repay" else 10**40)
    ledger = token.story.fold(revision)
    assert ledger.unknown == {}
    for who, debtor in token.people.items():
        found = ledger.accounts.get(who)
        assert (found.borrowed.get(GHO, 0) if found else 0) == debtor.scaled
    assert ledger.reserves[GHO].scaled_debt == sum(d.scaled for d in token.people.values())


@dataclass
class SupplyToken:
    """An aToken and the Pool's collateral flag on it; released: 3.0.0, or a later one."""

    first: bool
    story: Story = field(default_factory=lambda: Story().begin().listed("WETH").block())
    scaled: dict[str, int] = field(default_factory=lambda: dict.fromkeys(PEOPLE, 0))
    flags: set[str] = field(default_factory=set)
    index: int = ONE
    clears: bool = False

    def enabled(self, who: str, on: bool) -> None:
        (self.flags.add if on else self.flags.discard)(who)
        self.story.flagged("WETH", who, on=on)

    def supply(self, who: str, amount: int) -> None:
        scaled = over(amount, self.index)
        if scaled == 0:
            return
        had = self.scaled[who]
        self.scaled[who] += scaled
        self.story.minted("a", "WETH", who, amount, index=self.index)
        if not had:
            self.enabled(who, True)

    def burn(self, who: str, amount: int) -> bool:
        scaled = over(amount, self.index)
        if not 0 < scaled <= self.scaled[who]:
            return False
        self.scaled[who] -= scaled
        self.story.burned("a", "WETH", who, amount, index=self.index)
        return True

    def withdraw(self, who: str, amount: int) -> None:
        held = times(self.scaled[who], self.index)
        amount = min(amount, held)
        if self.burn(who, amount) and who in self.flags and amount == held:
            self.enabled(who, False)

    def repay(self, who: str, amount: int) -> None:
        amount = min(amount, times(self.scaled[who], self.index))
        if not self.burn(who, amount):
            return
        if self.clears and who in self.flags and not self.scaled[who]:
            self.enabled(who, False)
        self.story.pool(
            "Repay", "WETH", user=who, repayer=who, amount=amount, useATokens=True
        )  # fmt: skip

    def transfer(self, who: str, to: str, amount: int) -> None:
        held, had = (times(self.scaled[one], self.index) for one in (who, to))
        amount = min(amount, held)
        scaled = over(amount, self.index)
        if scaled > self.scaled[who]:
            return
        self.scaled[who] -= scaled
        self.scaled[to] += scaled
        if who != to and amount:
            if who in self.flags and amount == held:
                self.enabled(who, False)
            if not had:
                self.enabled(to, True)
        self.story.token(
            "a", "WETH", "BalanceTransfer", from_=who, to=to, index=self.index,
            value=amount if self.first else scaled,
        )  # fmt: skip

    def grow(self, by: int) -> None:
        self.index += by
        self.story.block().updated("WETH", supply=self.index)


SUPPLY_STEPS = st.lists(
    st.tuples(
        st.sampled_from(["supply", "withdraw", "repay", "transfer", "grow"]),
        st.sampled_from(PEOPLE),
        st.sampled_from(PEOPLE),
        st.one_of(st.integers(1, 12), st.integers(10**18, 10**20), st.just(10**40)),
        GROWTH,
    ),
    max_size=25,
)


def told(steps: list[tuple[str, str, str, int, int]], token: SupplyToken) -> SupplyToken:
    """The steps, done."""
    for step, who, to, amount, growth in steps:
        if step == "grow":
            token.grow(growth)
        elif step == "transfer":
            token.transfer(who, to, amount)
        elif amount < 10**40 or step != "supply":
            getattr(token, step)(who, amount)
    return token


@settings(max_examples=250, deadline=None)
@given(SUPPLY_STEPS, st.sampled_from([(1, True), (1, False), (3, False), (4, False), (8, False)]))
def test_supplies_and_flags_come_out_as_the_contracts_have_them(
    steps: list[tuple[str, str, str, int, int]], code_: tuple[int, bool]
) -> None:
    """A flag that the Pool left on nothing is no contradiction of the logs."""
    revision, first = code_
    token = told(steps, SupplyToken(first=first, clears=revision >= 4))
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(code, "release_of_code", lambda kind, said: "3.0.0" if first else "3.0.1")
        ledger = token.story.fold(revision)
    assert ledger.unknown == {}
    for who in PEOPLE:
        found = ledger.accounts.get(who)
        assert (found.supplied.get(WETH, 0) if found else 0) == token.scaled[who]
        assert bool(found and found.collateral_bits) == (who in token.flags)


# What the model found, by hand.


@pytest.mark.parametrize(("revision", "known"), [(1, True), (2, True), (3, True), (4, False)])
def test_before_3_1_a_repayment_with_all_atokens_leaves_the_flag(
    revision: int, known: bool
) -> None:
    story = Story().begin().listed("WETH").minted("a", "WETH", ALICE, 5).flagged("WETH", ALICE)
    story.burned("a", "WETH", ALICE, 5)
    story.pool("Repay", "WETH", user=ALICE, repayer=ALICE, amount=5, useATokens=True)
    assert (story.fold(revision).unknown == {}) is known


@pytest.mark.parametrize("revision", [1, 8])
def test_the_last_wei_may_be_no_scaled_unit_at_an_index_below_2(revision: int) -> None:
    """5 scaled at 1.3 are 7 (6.5, half up), and 6 of them are all 5 (4.6)."""
    index = 13 * ONE // 10
    story = Story().begin().listed("WETH").minted("a", "WETH", ALICE, 5).flagged("WETH", ALICE)
    ledger = story.burned("a", "WETH", ALICE, 6, index=index).fold(revision)
    assert ledger.accounts[ALICE].supplied[WETH] == 0
    assert ledger.unknown == {}


def test_two_parts_of_a_liquidation_may_be_all_of_the_scaled_balance() -> None:
    """10 scaled at 1.25 are 13; 6 (5 scaled) are taken and a fee of 6 (5 scaled) is moved: 12."""
    index = 5 * ONE // 4
    story = Story().begin().listed("WETH", "GHO").minted("a", "WETH", ALICE, 10)
    story.flagged("WETH", ALICE).burned("a", "WETH", ALICE, 6, index=index)
    story.token("a", "WETH", "BalanceTransfer", from_=ALICE, to=CAROL, value=5, index=index)
    story.add(
        "pool", POOL, "LiquidationCall", collateralAsset=WETH, debtAsset=GHO, user=ALICE,
        debtToCover=6, liquidatedCollateralAmount=6, liquidator=BOB, receiveAToken=False,
    )  # fmt: skip
    ledger = story.fold(8)
    assert ledger.accounts[ALICE].supplied[WETH] == 0
    assert ledger.unknown == {}
