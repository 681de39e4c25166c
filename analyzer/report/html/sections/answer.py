"""The answer: solvent or not, by how much, how sure, how complete."""

from __future__ import annotations

from analyzer.model.verdict import Verdict
from analyzer.report.answer import answer_lines, matter_lines
from analyzer.report.html.content import Block, DataTable, Fact, Facts, Section, Title, columns, row
from analyzer.report.html.material import Material, when
from analyzer.report.html.sections.over_time import spark_facts
from analyzer.report.places import is_table, moment_text, place_text


def answer(material: Material) -> Section:
    """One group of facts a deployment, and its accounts by verdict."""
    blocks: list[Block] = []
    for number, scan in enumerate(material.document.scans):
        if material.several:
            blocks.append(Title(f"{scan.deployment} · {scan.protocol}"))
        lines = (*answer_lines(scan), *matter_lines(scan))
        facts = [Fact(line.label, line.text, line.tone, link=line.link) for line in lines]
        for series in material.series:
            if (series.chain_id, series.deployment) == (scan.chain_id, scan.deployment):
                facts += spark_facts(series)
        blocks += [Facts(tuple(facts), headline=True), _verdicts(material, number)]
    return Section("answer", "Answer", "Answer", tuple(blocks))


def title(material: Material) -> str:
    """What the report is about."""
    names = " and ".join(scan.deployment for scan in material.document.scans[:2])
    if len(material.document.scans) > 2:
        names = f"{len(material.document.scans)} deployments"
    return f"Solvency of {names}"


def foot(material: Material) -> tuple[str, ...]:
    """What the report was made from, and what it says nothing of."""
    scans = ", ".join(scan.scan_id for scan in material.document.scans)
    return (
        f"Made by analyzer {material.document.run.analyzer_version} from scan {scans}.",
        "It judges one block at the protocol's own prices, and says nothing of the next one.",
    )


def lead(material: Material) -> str:
    """What was judged, in one line."""
    scans = material.document.scans
    chain, block = scans[0].chain_id, scans[0].block
    names = " and ".join(f"{scan.deployment} ({scan.protocol})" for scan in scans)
    if len(scans) > 2:
        names = f"{len(scans)} deployments"
    moment = moment_text(chain, block) if is_table(chain) else when(block.time)
    return f"{names} · {place_text(chain, block)} · {moment}"


def _verdicts(material: Material, number: int) -> DataTable:
    """How many accounts have which verdict, the worst first."""
    scan = material.document.scans[number]
    order = (
        Verdict.INSOLVENT,
        Verdict.LIQUIDATABLE,
        Verdict.UNKNOWN,
        Verdict.BELOW_INITIAL,
        Verdict.HEALTHY,
    )
    names = "|".join(verdict.value.replace("_", " ") for verdict in order) + "|all accounts"
    also = scan.solvency.collateral_liquidatable_accounts
    note = "Every account that the deployment ever had is in exactly one of these."
    if also:
        note += f" Of {also:,} of them collateral alone may be seized."
    counts = [scan.verdicts[verdict.value] for verdict in order]
    return DataTable(
        f"verdicts-{number + 1}",
        "Accounts by verdict",
        columns(names, names),
        (row(*counts, scan.accounts),),
        note,
    )
