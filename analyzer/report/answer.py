"""The answer of a scan in words: solvent or not, by how much, how large that is, how sure, how
complete, and the findings that matter most. Every form of a scan says these lines.

What bad debt is called depends on its grade, which documents carry (see docs/verdicts.md).
"""

from __future__ import annotations

from collections.abc import Mapping

from analyzer.documents.scan import Completeness, Matter, Scale, Scan, Share, Verification
from analyzer.findings.scale import Grade, Measure
from analyzer.report.blocks import Line
from analyzer.report.finding_blocks import count_of
from analyzer.report.links import link_of
from analyzer.report.money import amount, short
from analyzer.report.places import AS_THE_TABLE_SAYS, is_table
from analyzer.report.shares import percent

MAX_KINDS_SHOWN = 12
"""Kinds of comparison that the page counts one by one; with more of them only the sum is told."""
_EXCEEDS = "bad debt exceeds the backstops by {shortfall}{share}"
_INSOLVENT: Mapping[Grade, tuple[str, str]] = {
    Grade.TRACE: ("TRACE OF BAD DEBT", "doubt"),
    Grade.MINOR: ("MINOR DEFICIT", "doubt"),
    Grade.MATERIAL: ("MATERIAL DEFICIT", "bad"),
    Grade.SEVERE: ("INSOLVENT", "bad"),
    Grade.UNKNOWN: ("INSOLVENT", "bad"),
    Grade.NONE: ("INSOLVENT", "bad"),
}
"""Grade -> what bad debt beyond the backstops is called, and its tone."""
_NOBODY = "SOLVENT: there is no account, and the chain itself says that there is none"
ORDER = ("First", "Second", "Third")
"""What the lines of the findings that matter begin with."""


def answer_lines(scan: Scan) -> list[Line]:
    """The answer of one scan: solvent or not, by how much, how large, how sure, how complete."""
    return [
        Line("Answer", *answer_text(scan)),
        Line("By how much", how_much(scan)),
        Line("Scale", scale_text(scan.solvency.scale)),
        Line("How sure", *_how_sure(scan)),
        Line("How complete", *how_complete(scan)),
    ]


def matter_lines(scan: Scan) -> list[Line]:
    """The findings that matter most, a sentence each."""
    money = scan.solvency.scale.money
    return [
        Line(label, matter_text(matter, money), link=link_of(scan.explorer, matter.about))
        for label, matter in zip(ORDER, scan.matters, strict=False)
    ]


def answer_text(scan: Scan) -> tuple[str, str]:
    """(solvent or not, tone)."""
    solvency = scan.solvency
    money, grade = solvency.scale.money, solvency.scale.grade
    share = share_of(solvency.scale, Measure.DEPOSITS)
    said = f"; bad debt is {share} of deposits" if share else ""
    if solvency.answer == "insolvent":
        called, tone = _INSOLVENT[grade]
        text = _EXCEEDS.format(shortfall=sum_of(solvency.shortfall_e18, money), share=said)
        return f"{called}: {text}", tone
    if solvency.answer == "not_proven":
        return f"NOT PROVEN SOLVENT: {'; '.join(solvency.caveats)}", "doubt"
    if solvency.answer == "covered":
        debt = sum_of(solvency.hidden_bad_debt_e18, money)
        part = f" ({share} of deposits)" if share else ""
        return f"SOLVENT, with bad debt of {debt}{part} that the backstops can bear", "doubt"
    if not scan.accounts:
        return _NOBODY, "good"
    return "SOLVENT: no account has negative equity", "good"


def how_much(scan: Scan) -> str:
    """Bad debt in money, as a share, on how many accounts; what the backstops can bear."""
    solvency = scan.solvency
    money = solvency.scale.money
    text = f"bad debt {sum_of(solvency.hidden_bad_debt_e18, money)}"
    share = share_of(solvency.scale, Measure.EQUITY)
    text += f", {share} of equity" if share and solvency.hidden_bad_debt_e18 else ""
    text += f", {solvency.insolvent_accounts:,} of {count_of(scan.accounts, 'account')}"
    by_contract = solvency.hidden_bad_debt_by_contract_value_e18
    if by_contract is not None:
        text += f" ({short(by_contract)} by the contract's own haircut values)"
    return f"{text}; backstops can bear {sum_of(solvency.backstop_capacity_e18, money)}"


def scale_text(scale: Scale) -> str:
    """Bad debt as a share of each measure, with the measure; then those that give no share."""
    known = [s for s in scale.shares if s.share_e18 is not None]
    said = ", ".join(
        f"{percent(s.share_e18 or 0)} of {s.name} ({short(s.amount_e18)})" for s in known
    )
    if known and not any(share.share_e18 for share in known):
        sums = ", ".join(f"{share.name} {short(share.amount_e18)}" for share in known)
        parts = [f"no bad debt beside {sums}"]
    else:
        parts = [f"bad debt is {said}"] if said else []
    parts += [_no_share(share) for share in scale.shares if share.share_e18 is None]
    left = sum(share.left_out for share in scale.shares if share.of is not Measure.EQUITY)
    if left:
        parts.append(f"{count_of(left, 'part')} without a known value left out")
    return "; ".join(parts)


def share_of(scale: Scale, measure: Measure) -> str:
    """The share of a measure that bad debt is, in percent; empty where it has none."""
    found = next((share for share in scale.shares if share.of is measure), None)
    return "" if found is None or found.share_e18 is None else percent(found.share_e18)


def sum_of(value_e18: int | None, money: str | None) -> str:
    """An amount for people with its unit: `87,904.82 USD`."""
    text = short(value_e18)
    return text if money is None or value_e18 is None else f"{text} {money}"


def matter_text(matter: Matter, money: str | None) -> str:
    """What is wrong, on how many accounts, how much of it, where most of it is: one sentence."""
    parts = [f"{matter.title} ({matter.severity.label})"]
    if matter.cause and matter.cause not in matter.title:
        parts.append(matter.cause)
    several = matter.count > 1
    if several:
        alone = matter.accounts == matter.count
        parts.append(count_of(matter.count, "account" if alone else "finding"))
    if matter.measure and matter.total_e18 is not None:
        unit = f" {money}" if money else ""
        parts.append(f"{amount(matter.measure, matter.total_e18)}{unit}")
    elif matter.measure and matter.largest is not None and not several:
        parts.append(amount(matter.measure, matter.largest))
    if several and matter.total_e18 and matter.largest:
        parts.append(f"{short(matter.largest)} of it at {matter.about}")
    elif several:
        parts.append(f"e.g. {matter.about}")
    elif matter.about != "deployment":
        parts.append(matter.about)
    return f"{parts[0]}: {', '.join(parts[1:])}" if len(parts) > 1 else parts[0]


def _how_sure(scan: Scan) -> tuple[str, str]:
    """The same; of a table, that there is no contract to ask."""
    if is_table(scan.chain_id):
        return "a table has no contract: it is as sure as whoever made it", "doubt"
    return how_sure(scan.verification)


def how_sure(verification: Verification) -> tuple[str, str]:
    """(what was compared with the contract, tone)."""
    checks, mismatches = verification.checks, verification.mismatches
    if not checks:
        return "nothing was compared with the contract (--verify none, or no answer)", "doubt"
    text = (
        f"{checks:,} numbers of {count_of(verification.accounts, 'account')} compared with the "
        f"contract's own views: {mismatches:,} {'differs' if mismatches == 1 else 'differ'}"
    )
    if verification.not_compared:
        text += f"; {verification.not_compared:,} could not be compared"
    kinds = verification.kinds
    if 1 < len(kinds) <= MAX_KINDS_SHOWN:
        text += f" ({', '.join(f'{kind} {count:,}' for kind, count in kinds.items())})"
    return text, "bad" if mismatches else "good"


def _sampled(complete: Completeness) -> str:
    """That headers of finalized blocks were read by sample, where they were."""
    if complete.headers >= complete.blocks_with_logs:
        return ""
    return f" (of {complete.blocks_with_logs:,} blocks with logs: finalized ones by sample)"


def how_complete(scan: Scan) -> tuple[str, str]:
    """(what was read, tone)."""
    complete = scan.completeness
    if is_table(scan.chain_id):
        unknown = f"{scan.unknown:,} of {count_of(scan.accounts, 'account')} unknown"
        return f"{unknown}; {AS_THE_TABLE_SAYS}", "doubt" if scan.solvency.caveats else "good"
    not_read = sum(read.not_read for read in scan.reads if read.purpose == "rebuild")
    requested = sum(read.requested for read in scan.reads if read.purpose == "rebuild")
    reads = (
        f"{not_read:,} of {requested:,} reads not answered"
        if not_read
        else f"all {requested:,} reads answered"
    )
    text = (
        f"{scan.unknown:,} of {count_of(scan.accounts, 'account')} unknown; "
        f"{complete.logs:,} logs of blocks {complete.from_block:,} to "
        f"{complete.to_block:,}, {complete.headers_linked:,} of {complete.headers:,} "
        f"headers linked{_sampled(complete)}; {'; '.join([reads, *complete.doubts])}"
    )
    return text, "doubt" if scan.solvency.caveats else "good"


def _no_share(share: Share) -> str:
    """Why bad debt is no share of a measure."""
    if share.amount_e18 is None:
        return f"{share.name} unknown"
    if share.of is Measure.BACKSTOPS:
        return (
            "no backstops to bear it" if share.amount_e18 == 0 else "backstops in debt themselves"
        )
    return f"no {share.name}"
