"""A table of ten rows with a bit of everything, in files that a test may change"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from click.testing import CliRunner, Result

from analyzer.cli import main

POSITIONS = """\
account,owner,kind,asset,amount,entry,threshold
alice,,collateral,WETH,10,,
alice,,debt,USDC,12000,,
bob,ann,collateral,WETH,1.5,,
bob,ann,debt,USDC,2500,,
carol,,collateral,WETH,2,,0
carol,,collateral,USDC,500,,
carol,,debt,USDC,460,,
dan,ann,position,ETH-PERP,-3,2100,
dan,ann,collateral,USDC,900,,
eve,,debt,USDC,10,,
"""
PRICES = "asset,price,decimals\nWETH,2000,18\nUSDC,1,6\nETH-PERP,2000,18\n"
RULES = """\
unit = "USD"
[default]
threshold = 0.8
maintenance = 0.05
initial = 0.1
bonus = 0.05
[asset.USDC]
threshold = 0.9
[losses]
fund = 100
[factors]
ETH-PERP = "ETH"
"""


@dataclass(frozen=True)
class Tables:
    """A folder with the three files, and the command on them."""

    folder: Path

    @property
    def db(self) -> Path:
        return self.folder / "book.duckdb"

    def write(self, name: str, text: str) -> None:
        (self.folder / name).write_text(text, encoding="utf-8")

    def book(self, *words: str, positions: str = "positions.csv") -> Result:
        given = ("--prices", str(self.folder / "prices.csv"), "--rules")
        rules = (str(self.folder / "rules.toml"), "--db", str(self.db))
        return run("book", "import", str(self.folder / positions), *given, *rules, *words)


def run(*words: str) -> Result:
    """A command in this process."""
    return CliRunner().invoke(main, list(words))
