"""What a detector is: a class that states what its finding proves, and what it does not."""

from __future__ import annotations

import re
from abc import ABC, abstractmethod
from collections.abc import Iterable, Mapping
from typing import ClassVar

from analyzer.model.finding import Finding, Severity
from analyzer.model.identity import fingerprint
from analyzer.solvency.result import ScanResult

_ID = re.compile(r"[a-z][a-z0-9]*(-[a-z0-9]+)*")
_TEXTS = ("title", "proves", "does_not_prove", "remedy")


class Described(ABC):
    """What every kind of detector states. A concrete subclass without all of it cannot be defined.

    id: kebab-case, stable for ever (it is part of every fingerprint). title: what is wrong, in
    few words. severity: of its findings, unless one finding says otherwise. proves: what a
    finding establishes. does_not_prove: what it leaves open. remedy: what to do next.

    Optional: about: what a finding's `market` names. measures: names of the amounts that say how
    bad it is, the weightiest first; two runs are compared by them. cause_in: entries of the
    evidence, the first that is there says a cause which many findings may share. needs_comparison:
    whether a scan that did not ask the contract's views cannot have found it. adds_accounts:
    whether it is about a sum over accounts, so that unknown ones may hide it.
    """

    id: ClassVar[str]
    title: ClassVar[str]
    severity: ClassVar[Severity]
    proves: ClassVar[str]
    does_not_prove: ClassVar[str]
    remedy: ClassVar[str]
    about: ClassVar[str] = "market"
    measures: ClassVar[tuple[str, ...]] = ()
    cause_in: ClassVar[tuple[str, ...]] = ("cause",)
    needs_comparison: ClassVar[bool] = False
    adds_accounts: ClassVar[bool] = False

    @classmethod
    def measure(cls, amounts: Mapping[str, int]) -> dict[str, int]:
        """How bad a finding with these amounts is, by name, the weightiest first; never negative,
        more is worse. Empty where findings of this kind have no size."""
        return {name: abs(amounts[name]) for name in cls.measures if name in amounts}

    def __init_subclass__(cls) -> None:
        """Refuses a detector whose metadata is missing or empty. Raises: TypeError.

        A class that stands directly below this one is a kind of detector, and has none.
        """
        if Described in cls.__bases__:
            return
        if not _ID.fullmatch(str(getattr(cls, "id", ""))):
            raise TypeError(f"detector {cls.__name__}: id must be kebab-case text")
        if not isinstance(getattr(cls, "severity", None), Severity):
            raise TypeError(f"detector {cls.__name__}: severity must be a Severity")
        for name in _TEXTS:
            text = getattr(cls, name, None)
            if not isinstance(text, str) or not text.strip():
                raise TypeError(f"detector {cls.__name__}: {name} must be text")


class Detector(Described):
    """One kind of finding in one scan."""

    @abstractmethod
    def detect(self, result: ScanResult) -> Iterable[Finding]:
        """The findings of this kind in `result`; reads it only, asks no node."""

    def finding(
        self,
        result: ScanResult,
        *,
        title: str,
        account_id: str | None = None,
        market: str | None = None,
        amounts: Mapping[str, int | None] | None = None,
        evidence: Mapping[str, str] | None = None,
        severity: Severity | None = None,
    ) -> Finding:
        """A finding of this kind, with its fingerprint and the block as evidence.

        Amounts that are None (unknown) are left out: a finding never shows an unknown as 0.
        `market` may name another thing (a token, a control total, a contract role) where the
        finding is about that; with `account_id` it says which of several findings this is.
        """
        deployment = result.deployment
        block = f"{result.block.number} ({result.block.hash})"
        return Finding(
            fingerprint=fingerprint(
                self.id, deployment.chain_id, deployment.name, account_id, market
            ),
            detector=self.id,
            severity=self.severity if severity is None else severity,
            scan_id=result.scan_id,
            account_id=account_id,
            market=market,
            title=title,
            amounts={k: v for k, v in (amounts or {}).items() if v is not None},
            evidence={"block": block, **(evidence or {})},
        )

    def of_cautions(
        self, result: ScanResult, kinds: Mapping[str, Severity | None]
    ) -> Iterable[Finding]:
        """One finding for each caution of one of these kinds, as the protocol words it.

        kinds: kind of caution -> severity of its findings, None = the detector's own. The kind is
        in the evidence as the cause.
        """
        for caution in result.cautions:
            if caution.kind in kinds:
                yield self.finding(
                    result,
                    title=caution.text,
                    account_id=caution.account_id,
                    market=caution.market_id,
                    amounts=caution.amounts,
                    evidence={"cause": caution.kind, **caution.evidence},
                    severity=kinds[caution.kind],
                )
