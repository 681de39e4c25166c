"""ERC20 tokens of the local chain: our own contract, any number of decimals, minted at will."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from analyzer.devnet.chain import Call
from analyzer.devnet.packages import own_artifact
from analyzer.devnet.world import Contract, World

UNLIMITED = (1 << 256) - 1


@dataclass(frozen=True, slots=True)
class Token:
    """A token with its decimals; `contract.address` is where it is."""

    symbol: str
    decimals: int
    contract: Contract
    minter: str

    @property
    def address(self) -> str:
        """The token's address."""
        return self.contract.address

    def units(self, amount: float) -> int:
        """`amount` whole tokens in the token's own decimals, to the sixth digit."""
        one: int = 10**self.decimals
        return round(amount * 1_000_000) * one // 1_000_000

    def mint(self, to: str, amount: int) -> Call:
        """Makes `amount` units for `to`."""
        return self.contract.send(self.minter, "mint", to, amount, label=f"mint {self.symbol}")

    def approve(self, owner: str, spender: str) -> Call:
        """Lets `spender` take any amount from `owner`."""
        return self.contract.send(owner, "approve", spender, UNLIMITED)

    def transfer(self, owner: str, to: str, amount: int) -> Call:
        """Moves `amount` units from `owner` to `to`."""
        return self.contract.send(owner, "transfer", to, amount, label=f"transfer {self.symbol}")


def deploy_tokens(world: World, decimals: Mapping[str, int]) -> dict[str, Token]:
    """Queues one token for each symbol, made and minted by the 'token minter'."""
    artifact = own_artifact("Token")
    minter = world.address("token minter")
    return {
        symbol: Token(
            symbol, places, world.deploy(artifact, symbol, symbol, places, sender=minter), minter
        )
        for symbol, places in decimals.items()
    }
