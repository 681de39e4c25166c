"""One account's sums over its markets and tokens, each with the contract's rounding.

What the contract tests and allows with these numbers is `limits`.
Source: `Vault.sol`, `AccountBalance.sol` of `@perp/curie-contract` 2.8.4.
"""

from __future__ import annotations

from analyzer.protocols.kit.once import once
from analyzer.protocols.perp_v2.fixed_point import from_settlement
from analyzer.protocols.perp_v2.records import Account
from analyzer.protocols.perp_v2.value.position import MarketMath, StillMarket, TokenMath
from analyzer.protocols.perp_v2.value.valuation import Valuation


class StillAccount:
    """What of one account stays while prices move, 18 decimals: fees, funding, its settlement
    balance, and how many of each other token it holds."""

    def __init__(self, valuation: Valuation, account: Account) -> None:
        self.valuation = valuation
        self.account = account
        settlement = valuation.state.settlement_token
        self.markets = {
            base: StillMarket(valuation, base, held) for base, held in account.markets.items()
        }
        self.tokens = {
            token: balance
            for token, balance in account.balances.items()
            if token != settlement and balance != 0
        }
        self.balance = account.balances.get(settlement, 0)

    @once
    def pending_fee(self) -> int:
        """Maker fees not yet collected, all markets."""
        return sum(market.pending_fee for market in self.markets.values())

    @once
    def pending_funding(self) -> int:
        """Funding owed, all markets, positive = pays; each market truncated on its own."""
        return sum(market.pending_funding for market in self.markets.values())

    @once
    def settlement_balance(self) -> int:
        """Settlement token with fees, funding and realized PnL counted in, no unrealized PnL."""
        return (
            from_settlement(self.balance, self.valuation.state.settlement_decimals)
            + self.pending_fee
            - self.pending_funding
            + self.account.owed_realized_pnl
        )


def still_account(valuation: Valuation, account: Account) -> StillAccount:
    """What of the account stays. Of an account of the valuation's own state it is kept there, for
    all valuations of the block: such an account is replaced, never changed."""
    found = valuation.still.get(account.address)
    if isinstance(found, StillAccount) and found.account is account:
        return found
    made = StillAccount(valuation, account)
    if valuation.state.accounts.get(account.address) is account:
        valuation.still[account.address] = made
    return made


class AccountMath:
    """One account across all its markets and tokens; 18 decimals unless said otherwise."""

    def __init__(self, valuation: Valuation, account: Account) -> None:
        self.valuation = valuation
        self.account = account
        self.still = still = still_account(valuation, account)
        self.markets = {
            base: MarketMath(valuation, market) for base, market in still.markets.items()
        }
        self.tokens = {
            token: TokenMath(valuation, token, balance) for token, balance in still.tokens.items()
        }
        self.balance = still.balance

    @property
    def pending_fee(self) -> int:
        """Maker fees not yet collected, all markets."""
        return self.still.pending_fee

    @property
    def pending_funding(self) -> int:
        """Funding owed, all markets, positive = pays; each market truncated on its own."""
        return self.still.pending_funding

    @once
    def settlement_balance(self) -> int:
        """Settlement token with fees, funding and realized PnL counted in, no unrealized PnL."""
        return self.still.settlement_balance

    @once
    def unrealized_pnl(self) -> int:
        """Position values and open notionals of all markets."""
        return sum(market.unrealized_pnl for market in self.markets.values())

    @once
    def settlement_value(self) -> int:
        """Settlement balance plus unrealized PnL."""
        return self.settlement_balance + self.unrealized_pnl

    @once
    def token_value(self) -> int:
        """All other tokens at full value."""
        return sum(token.value for token in self.tokens.values())

    @once
    def token_margin_value(self) -> int:
        """All other tokens after their collateral ratios."""
        return sum(token.margin_value for token in self.tokens.values())

    @once
    def total_collateral(self) -> int:
        """Tokens after haircut plus settlement balance."""
        return self.token_margin_value + self.settlement_balance

    @once
    def account_value(self) -> int:
        """Total collateral plus unrealized PnL, before any floor."""
        return self.total_collateral + self.unrealized_pnl

    @once
    def equity(self) -> int:
        """Account value with every token counted at 100 %."""
        return self.settlement_value + self.token_value

    @once
    def total_abs_position_value(self) -> int:
        """Sum of the absolute position values."""
        return sum(abs(market.value) for market in self.markets.values())

    @once
    def total_debt_value(self) -> int:
        """Quote debt netted over the markets, plus the value of each negative base balance."""
        quote = sum(market.quote for market in self.markets.values())
        return abs(min(quote, 0) + sum(market.base_debt_value for market in self.markets.values()))
