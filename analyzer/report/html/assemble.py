"""The sections of a report in the order in which they answer."""

from __future__ import annotations

from analyzer.report.html.content import Content
from analyzer.report.html.material import Material
from analyzer.report.html.sections.accounts import accounts, statements
from analyzer.report.html.sections.answer import answer, foot, lead, title
from analyzer.report.html.sections.contagion import contagion
from analyzer.report.html.sections.decisions import decisions
from analyzer.report.html.sections.evidence import basis, oracles, totals, unread, verification
from analyzer.report.html.sections.findings import findings
from analyzer.report.html.sections.losses import losses
from analyzer.report.html.sections.over_time import changed, over_time
from analyzer.report.html.sections.pictures import equity, planes, ratios
from analyzer.report.html.sections.risk import risk
from analyzer.report.html.sections.stress import stress, wall


def assemble(material: Material) -> Content:
    """The whole content: the answer, what is wrong, what may come, who, and what it rests on."""
    where = planes(material)
    profile, decided = risk(material), decisions(material)
    sections = (
        answer(material),
        *([changed(material)] if material.since is not None else []),
        *([over_time(material)] if material.series else []),
        findings(material),
        equity(material, where),
        ratios(material),
        wall(material),
        stress(material),
        contagion(material),
        *([profile] if profile is not None else []),
        *([decided] if decided is not None else []),
        losses(material),
        accounts(material, where),
        statements(material),
        oracles(material),
        totals(material),
        verification(material),
        unread(material),
        basis(material),
    )
    return Content(title(material), lead(material), sections, foot(material))
