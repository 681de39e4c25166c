"""Risk factors: the chain-independent name of what a token's price depends on.

The same asset has one factor under every wrapping and in every protocol (vETH, WETH, aWETH are
`ETH`). A staking token's factor is its ratio (`stETH/ETH`), because its price moves with ETH and
with its own depeg. What no table names is its own factor.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping

_BY_SYMBOL = {
    "ETH": "ETH",
    "WETH": "ETH",
    "WETH.e": "ETH",
    "BTC": "BTC",
    "WBTC": "BTC",
    "WBTC.e": "BTC",
    "BTC.b": "BTC",
    "BTCB": "BTC",
    "cbBTC": "BTC",
    "tBTC": "BTC",
    "kBTC": "BTC",
    "LBTC": "LBTC/BTC",
    "USDC": "USDC",
    "USDC.e": "USDC",
    "USDbC": "USDC",
    "USDCn": "USDC",
    "USDT": "USDT",
    "USD₮0": "USDT",
    "USDT0": "USDT",
    "USDt": "USDT",
    "DAI": "DAI",
    "DAI.e": "DAI",
    "stETH": "stETH/ETH",
    "wstETH": "stETH/ETH",
    "rETH": "rETH/ETH",
    "cbETH": "cbETH/ETH",
    "weETH": "weETH/ETH",
    "eETH": "weETH/ETH",
    "rsETH": "rsETH/ETH",
    "wrsETH": "rsETH/ETH",
    "ezETH": "ezETH/ETH",
    "osETH": "osETH/ETH",
    "frxETH": "frxETH/ETH",
    "sfrxETH": "frxETH/ETH",
    "ETHx": "ETHx/ETH",
    "WMATIC": "POL",
    "MATIC": "POL",
    "WPOL": "POL",
    "POL": "POL",
    "WAVAX": "AVAX",
    "AVAX": "AVAX",
    "sAVAX": "sAVAX/AVAX",
    "WBNB": "BNB",
    "BNB": "BNB",
}
"""Token symbol -> factor."""

_WRAPPERS = ("a", "v", "variableDebt", "stableDebt")
"""What protocols put before the symbol of the token that they wrap."""


NAMED_FACTORS = frozenset(_BY_SYMBOL.values())
"""Every factor that the table names; a token whose factor is none of these stands for itself."""


def default_factor(symbol: str) -> str:
    """The factor of a token by its symbol: the table's, with a wrapper's prefix taken off where
    what is left is in the table or is all capitals (`vLINK`), else the symbol itself."""
    if symbol in _BY_SYMBOL:
        return _BY_SYMBOL[symbol]
    for prefix in _WRAPPERS:
        bare = symbol[len(prefix) :]
        if symbol.startswith(prefix) and (bare in _BY_SYMBOL or _is_ticker(bare)):
            return _BY_SYMBOL.get(bare, bare)
    return symbol


def _is_ticker(text: str) -> bool:
    """Whether `text` looks like a whole ticker: capitals and digits, a capital first."""
    return text.isascii() and text.isalnum() and text.isupper() and not text[0].isdigit()


def own_factors(used: Iterable[str], factors: Mapping[str, str]) -> list[str]:
    """Those of `used` that neither the table nor a deployment's `[factors]` names, sorted: assets
    that nothing connects with any other, whatever they may be worth a part of."""
    return sorted(set(used) - NAMED_FACTORS - set(factors.values()))


def factor_of(factors: Mapping[str, str], asset_id: str, symbol: str) -> str:
    """The factor that a deployment's `[factors]` names by asset id or symbol, else the default."""
    return factors.get(asset_id) or factors.get(symbol) or default_factor(symbol)
