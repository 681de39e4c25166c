"""What all protocols on the local chain share: the chain, its clock, its addresses, its queue.

A protocol's module queues transactions and mines them as one block. Addresses of owners and of
contracts are known before anything is mined, so that a whole deployment fits into a few blocks.
"""

from __future__ import annotations

import contextlib
import random
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field

from analyzer.abi.codec import decode_revert, encode_values
from analyzer.abi.contract import ContractAbi
from analyzer.abi.keccak import address_bytes, checksum, keccak
from analyzer.devnet.chain import Anvil, Call, Mined, Receipt, RpcRefusedError
from analyzer.devnet.clock import Clock
from analyzer.devnet.packages import OPENZEPPELIN, Artifact, Packages
from analyzer.model.errors import UnreadError

CHAIN_ID_BASE = 31_000_000
SEEDS = 1_000_000
BLOCK_SECONDS = 12

Progress = Callable[[str, int, int], None]
"""Called as (what, done, total) while the chain is built."""


def chain_id_of(seed: int) -> int:
    """The chain id of the local chain of that seed."""
    return CHAIN_ID_BASE + seed % SEEDS


@dataclass(frozen=True, slots=True)
class Contract:
    """A deployed contract: calls to it are built here."""

    address: str
    abi: ContractAbi

    def send(self, sender: str, function: str, *args: object, label: str = "") -> Call:
        """A transaction (or a call) of `sender` to `function` (a name or a full signature)."""
        found = self.abi.function(function)
        data = bytes.fromhex(found.selector[2:]) + encode_values(found.input_types, args)
        return Call(sender, self.address, data, label or f"{self.abi.name}.{found.name}")


@dataclass(frozen=True, slots=True)
class View:
    """A question to a contract, with the types of its answer."""

    contract: Contract
    function: str
    args: tuple[object, ...] = ()


@dataclass
class World:
    """A local chain in the making."""

    anvil: Anvil
    packages: Packages
    seed: int
    clock: Clock = field(default_factory=Clock)
    progress: Progress = lambda what, done, total: None
    _queue: list[Call] = field(default_factory=list, repr=False)
    _expected: list[tuple[str, str]] = field(default_factory=list, repr=False)
    _funded: set[str] = field(default_factory=set, repr=False)

    def random(self, purpose: str) -> random.Random:
        """A generator of its own for each purpose, so that one phase does not shift another."""
        return random.Random(f"analyzer devnet {self.seed} {purpose}")

    def address(self, role: str, index: int = 0) -> str:
        """The address of a person on this chain; anvil lets it send without a key."""
        return checksum(keccak(f"analyzer devnet {self.seed} {role} {index}".encode())[12:])

    def queued(self) -> int:
        """How many transactions wait for the next block."""
        return len(self._queue)

    def queue(self, *calls: Call) -> None:
        """Adds transactions to the next block."""
        self._queue += calls

    def deploy(self, artifact: Artifact, *args: object, sender: str) -> Contract:
        """Queues the creation of a contract and returns it at the address that it will have."""
        nonce = self.anvil.nonce(sender) + sum(call.sender == sender for call in self._queue)
        address = created_address(sender, nonce)
        data = artifact.bytecode + encode_values(artifact.constructor_types, args)
        self.queue(Call(sender, None, data, f"create {artifact.name}"))
        self._expected.append((f"create {artifact.name}", address))
        return Contract(address, artifact.abi)

    def deploy_proxied(
        self, artifact: Artifact, *args: object, sender: str, admin: str, initializer: str
    ) -> Contract:
        """Queues an implementation and its EIP-1967 proxy, initialised in its constructor."""
        implementation = self.deploy(artifact, sender=sender)
        proxy = self.packages.artifact(OPENZEPPELIN, "TransparentUpgradeableProxy")
        call = implementation.send(sender, initializer, *args)
        made = self.deploy(proxy, implementation.address, admin, call.data, sender=sender)
        return Contract(made.address, artifact.abi)

    @contextlib.contextmanager
    def undone(self) -> Iterator[None]:
        """Whatever happens inside has never been, in the end: blocks, time, what is queued."""
        now, queue, funded = self.clock.now, list(self._queue), set(self._funded)
        with self.anvil.undone():
            try:
                yield
            finally:
                self.clock.now, self._queue, self._funded = now, queue, funded

    def mine(self, seconds: int = BLOCK_SECONDS, *, must_succeed: bool = False) -> Mined:
        """Mines the queue as one block, `seconds` after the last one.

        Raises UnreadError when a creation failed or, with `must_succeed`, any transaction.
        """
        calls, self._queue = self._queue, []
        self._fund(calls)
        mined = self.anvil.mine(self.clock.forward(seconds), calls)
        made = {r.contract for r in mined.receipts if r.contract and r.ok}
        for label, address in self._expected:
            if address.lower() not in {str(m).lower() for m in made}:
                raise UnreadError(f"{label} failed in block {mined.number}")
        self._expected.clear()
        if must_succeed:
            self._require_success(mined)
        return mined

    def ask(
        self, views: Sequence[View], block: int | None = None
    ) -> list[tuple[object, ...] | None]:
        """The answers of `views` at `block` (default: the last one); None for a revert."""
        nobody = self.address("nobody")
        calls = [v.contract.send(nobody, v.function, *v.args) for v in views]
        return [
            None if isinstance(data, RpcRefusedError) else v.contract.abi.decode(v.function, data)
            for v, data in zip(views, self.anvil.call(calls, block), strict=True)
        ]

    def refusal(self, call: Call) -> str | None:
        """Why `call` would revert on the last block's state at the last block's time; None if it
        would not."""
        (answer,) = self.anvil.call([call])
        return revert_text(answer) if isinstance(answer, RpcRefusedError) else None

    def _fund(self, calls: Sequence[Call]) -> None:
        new = sorted({c.sender for c in calls} - self._funded)
        if new:
            self.anvil.fund(new)
            self._funded.update(new)

    def _require_success(self, mined: Mined) -> None:
        for receipt in mined.receipts:
            if not receipt.ok:
                raise UnreadError(f"{receipt.call.label} failed: {self.why(receipt)}")

    def why(self, receipt: Receipt) -> str:
        """The revert text of a transaction, by calling it again on the state after its block."""
        (answer,) = self.anvil.call([receipt.call], receipt.block - 1)
        return revert_text(answer) if isinstance(answer, RpcRefusedError) else "not repeatable"


def revert_text(error: RpcRefusedError) -> str:
    """What the contract said when it reverted, else anvil's own words."""
    if isinstance(error.data, str) and error.data.startswith("0x"):
        text = decode_revert(bytes.fromhex(error.data[2:]))
        if text:
            return text
    return error.message


def created_address(sender: str, nonce: int) -> str:
    """The address of the contract that `sender` creates with that nonce: keccak(rlp([..]))."""
    number = b"" if nonce == 0 else nonce.to_bytes((nonce.bit_length() + 7) // 8, "big")
    item = number if len(number) == 1 and number[0] < 0x80 else bytes([0x80 + len(number)]) + number
    body = b"\x94" + address_bytes(sender) + item
    return checksum(keccak(bytes([0xC0 + len(body)]) + body)[12:])
