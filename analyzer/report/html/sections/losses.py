"""Who would bear the bad debt that there is now, in which order, with how much."""

from __future__ import annotations

from analyzer.findings.shortfall import BEARING
from analyzer.model.rows import BackstopRow
from analyzer.report.html.charts.bars import Bar, amounts
from analyzer.report.html.charts.scale import whole_units
from analyzer.report.html.content import (
    Block,
    Cell,
    DataTable,
    Figure,
    Prose,
    Row,
    Section,
    columns,
    money,
    row,
)
from analyzer.report.html.material import Material, of_deployment
from analyzer.report.money import short


def losses(material: Material) -> Section:
    """The loss waterfall a deployment: bad debt against each layer's capacity."""
    blocks: list[Block] = [
        Prose(
            "Losses reach the layers from top to bottom. Only funds, treasuries and LP vaults that"
            " have to pay count as capacity; what the debtors have left is in their equity already."
        )
    ]
    for number in range(len(material.scans)):
        blocks.append(_waterfall(material, number))
    return Section("losses", "Loss waterfall at this block", "Losses", tuple(blocks))


def _waterfall(material: Material, number: int) -> Block:
    """One deployment's layers, drawn and as a table."""
    scan = material.scans[number]
    solvency = material.document.scans[number].solvency
    debt = solvency.hidden_bad_debt_e18
    shortfall = solvency.shortfall_e18
    title = scan.deployment
    text = f"bad debt {short(debt)}; capacity {short(solvency.backstop_capacity_e18)}; "
    text += f"beyond it {short(shortfall)}."
    rows = tuple(_row(layer) for layer in scan.backstops)
    key = f"losses-{number + 1}"
    table = DataTable(
        f"{key}-table", f"Layers{of_deployment(material, number)}",
        columns("layer|who|kind|capacity|counts|rule", "layer|capacity"), rows,
    )  # fmt: skip
    first = Bar("bad debt", whole_units(debt), "danger", f"bad debt {short(debt)}", short(debt))
    layers = [_bar(layer) for layer in scan.backstops if layer.capacity_e18 is not None]
    svg = amounts(key, [first, *layers], f"Bad debt against what stands behind it, {title}. {text}")
    legend = (("danger", "bad debt"), ("calm", "capacity that counts"), ("faint", "does not count"))
    return Figure(key, title, text, svg, legend, table)


def _bar(layer: BackstopRow) -> Bar:
    """A layer's capacity."""
    capacity = layer.capacity_e18 or 0
    name = f"{layer.order}. {layer.name}"
    kind = "calm" if _counts(layer) else "faint"
    return Bar(name, whole_units(capacity), kind, f"{name}: {short(capacity)}", short(capacity))


def _row(layer: BackstopRow) -> Row:
    """A layer in words and numbers."""
    capacity = Cell("without bound") if layer.unlimited else money(layer.capacity_e18)
    counts = "yes" if _counts(layer) else "no, voluntary" if layer.voluntary else "no"
    kind = layer.kind.value.replace("_", " ")
    return row(Cell(str(layer.order)), layer.name, kind, capacity, counts, layer.rule)


def _counts(layer: BackstopRow) -> bool:
    """Whether the layer's capacity is part of what can bear losses."""
    return layer.kind in BEARING and not layer.voluntary and not layer.unlimited
