"""Questions to a contract's own views, with what the rebuild says that each of them answers."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cache

from analyzer.abi.contract import load_abi
from analyzer.protocols.base import Expected, Judge
from analyzer.protocols.kit.unreadable import Unreadable


def as_reason(reason: str) -> str:
    """A refusal in the words of its reason."""
    return reason


@dataclass(frozen=True, slots=True)
class Question:
    """A view of one contract. abi: its ABI file (`perp_v2/Vault`, `till:abis/Till`); function with
    its arguments.

    fields: names of the answers, by default the function's. named: what the contract is called
    in the check, by default the name of its ABI file.
    """

    abi: str
    address: str
    function: str
    args: tuple[object, ...] = ()
    fields: tuple[str, ...] = ()
    account_id: str | None = None
    market_id: str | None = None
    named: str = ""


def ask(
    question: Question,
    expected: Sequence[Expected] | Unreadable,
    revert_words: Callable[[str], str] = as_reason,
) -> Iterator[Judge]:
    """The judge for `expected`, in the order of the view's outputs (a single static struct field
    by field); where the contract should refuse, that it reverts; and nothing where the rebuild has
    no number because a read is missing. revert_words: what a node says of a refusal's reason."""
    abi = load_abi(question.abi)
    reverts: str | None = None
    if isinstance(expected, Unreadable):
        if not expected.reverted:
            return
        reverts, expected = revert_words(expected.reason), ()
    fields = question.fields or (question.function,)
    yield Judge(
        account_id=question.account_id,
        market_id=question.market_id,
        contract=question.named or question.abi.rpartition("/")[2],
        request=abi.request(question.address, question.function, *question.args),
        fields=fields,
        types=flat_types(abi.function(question.function).output_types, len(fields)),
        expected=tuple(expected) if reverts is None else (None,) * len(fields),
        expected_revert=reverts,
    )


@cache
def flat_types(outputs: tuple[str, ...], fields: int) -> tuple[str, ...]:
    """The output types, with static structs (also within structs) taken apart where that gives as
    many as there are fields: the same words either way."""
    members = tuple(word for output in outputs for word in _members(output))
    return members if len(members) == fields else outputs


def _members(output: str) -> Iterator[str]:
    """The words of a struct of single words, all the way down; any other type as it is."""
    words = output.replace("(", "").replace(")", "").split(",")
    dynamic = any(word in ("string", "bytes") or word.endswith("]") for word in words)
    yield from [output] if dynamic else words


def judge_selectors(folder: str, views: Mapping[str, Sequence[str]]) -> frozenset[str]:
    """The selectors (0x, lower case) of views by contract, each an ABI file of `folder`."""
    return frozenset(
        load_abi(f"{folder}/{contract}").function(name).selector
        for contract, names in views.items()
        for name in names
    )
