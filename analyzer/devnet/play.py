"""What the scenarios of all protocols on the local chain have in common."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from analyzer.devnet.chain import Call, Mined, Receipt
from analyzer.devnet.part import Row, Story
from analyzer.devnet.roles import Actor
from analyzer.devnet.world import BLOCK_SECONDS, World, chain_id_of
from analyzer.model.deployment import Deployment


@dataclass
class BasePlay:
    """A scenario in progress: what was done and what the contracts refused, by label."""

    world: World
    done: Counter[str] = field(default_factory=Counter, kw_only=True)
    reverted: Counter[str] = field(default_factory=Counter, kw_only=True)

    def mine(self, seconds: int = BLOCK_SECONDS) -> Mined:
        """Mines what is queued and counts what was done and what the contracts refused."""
        mined = self.world.mine(seconds)
        for receipt in mined.receipts:
            (self.done if receipt.ok else self.reverted)[receipt.call.label] += 1
        return mined

    def execute_alone(self, call: Call) -> tuple[Mined, Receipt]:
        """Mines a call that `World.refusal` lets pass, alone, at the time of the last block.

        anvil allows blocks of equal time. The last block is then exactly the state that the call
        meets, so what a scan of it predicts must happen.
        """
        self.world.queue(call)
        mined = self.mine(0)
        (receipt,) = mined.receipts
        assert receipt.ok, "what eth_call accepts at the same time and state is executed"
        return mined, receipt

    def story(
        self,
        protocol: str,
        *,
        from_block: int,
        contracts: Mapping[str, str],
        people: Sequence[Actor],
        liquidations: Sequence[Row],
        refused: Sequence[Row],
    ) -> Story:
        """What was done to `protocol`, for the files that say what the chain holds."""
        roles: dict[str, list[str]] = {}
        for person in people:
            roles.setdefault(person.role, []).append(person.address)
        deployment = Deployment(
            f"{protocol}-devnet-{self.world.seed}",
            protocol,
            chain_id_of(self.world.seed),
            from_block,
            contracts,
            source="deployed on the local chain from the npm packages of its package.json",
        )
        actions = {"done": dict(self.done), "reverted": dict(self.reverted)}
        return Story(deployment, tuple(liquidations), tuple(refused), actions, roles)
