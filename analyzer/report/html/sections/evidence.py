"""What the answer rests on: prices, control totals, comparisons, reads, code, identity."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from analyzer.documents.scan import Block as BlockFacts
from analyzer.documents.scan import Mismatch, Read, Total
from analyzer.model.book import Price
from analyzer.report.blocks import Line
from analyzer.report.html.content import (
    Block,
    Cell,
    DataTable,
    Fact,
    Facts,
    Fold,
    Prose,
    Row,
    Section,
    columns,
    count,
    money,
    row,
)
from analyzer.report.html.material import Material, of_deployment, place_of, when
from analyzer.report.page import not_looked_for, not_read
from analyzer.report.places import AS_THE_TABLE_SAYS, chain_text, is_table, moment_text
from analyzer.report.proofs import proof_lines

MISMATCHES = 200
"""How many divergences a report lists."""
_STATUS_TONE = {"fresh": "", "fixed": ""}


def oracles(material: Material) -> Section:
    """Every reference price with its age, those to be doubted first, then the oldest."""
    blocks: list[Block] = []
    for number, scan in enumerate(material.scans):
        now = scan.block.time
        prices = sorted(scan.prices, key=lambda p: _doubt(p, now))
        aged = [p for p in prices if p.updated_at is not None]
        text = f"{count(len(prices), 'price')}"
        if len(aged) < len(prices):
            text += f"; {len(prices) - len(aged):,} from a source without a time of its own"
        blocks.append(
            DataTable(
                f"oracles-{number + 1}",
                f"Reference prices{of_deployment(material, number)}: {text}",
                columns("asset|risk factor|price|status|age|source|note", "price|age"),
                tuple(_price(price, now) for price in prices),
            )
        )
    return Section("oracles", "Oracle ages", "Oracles", tuple(blocks))


def totals(material: Material) -> Section:
    """The control totals that are not met to the last unit; then, folded, those that are."""
    blocks: list[Block] = []
    for number, scan in enumerate(material.document.scans):
        rows = sorted(scan.totals, key=_total_order)
        exact = [total for total in rows if total.difference == 0]
        others = [total for total in rows if total.difference != 0]
        hold = sum(1 for total in rows if total.holds)
        whose = of_deployment(material, number)
        blocks.append(
            Prose(f"{hold:,} of {count(len(rows), 'control total')}{whose} hold, {len(exact):,} of"
                  " them to the last unit.", "" if hold == len(rows) else "bad")
        )  # fmt: skip
        if others:
            blocks.append(_other_totals(number, whose, others))
        if exact:
            blocks.append(_exact_totals(number, whose, exact))
    return Section("totals", "Control totals", "Totals", tuple(blocks))


def _other_totals(number: int, whose: str, others: Sequence[Total]) -> DataTable:
    """Totals off, not read, or within the roundings that are named."""
    return DataTable(
        f"totals-{number + 1}", f"Not to the last unit{whose}: {len(others):,}",
        columns(
            "total|state|rebuilt|on chain|difference|allowed|unit|identity|roundings",
            "rebuilt|on chain|difference|allowed",
        ),
        tuple(_total(total) for total in others),
        "Exact integers in the unit named; difference = rebuilt - on chain.",
    )  # fmt: skip


def _exact_totals(number: int, whose: str, exact: Sequence[Total]) -> Fold:
    """Totals without any difference."""
    key = f"exact-{number + 1}"
    rows = tuple(
        row(total.name, Cell(_grouped(total.rebuilt)), total.unit, total.identity)
        for total in exact
    )
    title = f"To the last unit{whose}: {len(exact):,}"
    table = DataTable(f"{key}-table", title, columns("total|value|unit|identity", "value"), rows)
    return Fold(key, title, (table,))


def verification(material: Material) -> Section:
    """What was compared with the contract's own views, and every divergence."""
    blocks: list[Block] = []
    for number, scan in enumerate(material.document.scans):
        done = scan.verification
        title = (
            f"Comparisons{of_deployment(material, number)}: {done.checks:,} made for "
            f"{count(done.accounts, 'account')} (--verify {done.mode}), "
            f"{done.mismatches:,} differ, {done.not_compared:,} could not be made"
        )
        rows = tuple(row(kind, made) for kind, made in done.kinds.items())
        blocks.append(
            DataTable(f"verification-{number + 1}", title,
                      columns("kind|comparisons", "comparisons"), rows)
        )  # fmt: skip
        if done.details:
            blocks.append(_mismatches(material, number, done.details))
    return Section("verification", "Verification", "Verification", tuple(blocks))


def unread(material: Material) -> Section:
    """What was not read; then, folded, everything that was."""
    blocks: list[Block] = []
    for number, scan in enumerate(material.document.scans):
        texts = not_read(scan)
        whose = of_deployment(material, number)
        if texts:
            rows = tuple(row(text) for text in texts)
            title = f"Not read{whose}: {count(len(texts), 'kind of read')}"
            blocks.append(DataTable(f"unread-{number + 1}", title, columns("what"), rows))
        else:
            blocks.append(Prose(f"Everything that was asked for{whose} was answered.", "good"))
        blocks += [Prose(f"Not looked for{whose}: {text}.") for text in not_looked_for(scan)]
        own = scan.own_factors
        if own:
            blocks.append(
                Prose(f"Moves alone in every stress, being its own risk factor: {', '.join(own)}.")
            )
        reads = tuple(_read(read) for read in scan.reads)
        names = "purpose|what|requested|values|reverted|not read"
        table = DataTable(f"reads-{number + 1}-table", f"Reads at the block{whose}",
                          columns(names, "requested|values|reverted|not read"), reads)  # fmt: skip
        asked = sum(read.requested for read in scan.reads)
        fold = Fold(f"reads-{number + 1}", f"All {asked:,} reads at the block{whose}", (table,))
        blocks.append(fold)
    return Section("unread", "What was not read", "Not read", tuple(blocks))


def basis(material: Material) -> Section:
    """Which block, which contracts, which code, which rules; and how to get the same again."""
    run = material.document.run
    blocks: list[Block] = [
        Prose(
            "The same database gives this report byte for byte. The same block gives the same"
            " scan_id on every machine, and with it the same margins."
        )
    ]
    for number, scan in enumerate(material.document.scans):
        block, source = scan.block, material.scans[number].source
        facts = (
            Fact("Deployment", f"{scan.deployment} ({scan.protocol}), "
                 f"{chain_text(scan.chain_id)}; {_origin(scan.chain_id, source)}"),
            *_block(scan.chain_id, block),
            Fact("Rules", scan.methodology),
            Fact("Scan", f"{scan.scan_id} · run {run.run_id} · "
                 f"analyzer {run.analyzer_version} · answers from "
                 f"{_SOURCES.get(run.source, 'a node')}"),
            Fact("Silent changes", f"{scan.silent_changes:,} state changes that no event"
                 " carries, found by a pinned read"),
        )  # fmt: skip
        blocks += [Facts(facts), *_proofs(material, number), _code(material, number)]
    return Section("basis", "What it rests on", "Basis", tuple(blocks))


_SOURCES = {"recording": "a recording", "table": "a table, and none from a chain"}
"""Source of a run -> where its numbers are from, in words; else a node."""


def _origin(chain_id: int, source: str) -> str:
    """Where a deployment's contracts are named; a table has none."""
    return "no contracts" if is_table(chain_id) else f"addresses from {source}"


def _block(chain_id: int, block: BlockFacts) -> tuple[Fact, ...]:
    """The block, or what stands for it."""
    if not is_table(chain_id):
        return (Fact("Block", f"{block.number:,} · {block.hash} · {when(block.time)}"),)
    return (
        Fact("Content", f"{block.hash} · {moment_text(chain_id, block)}"),
        Fact("Completeness", AS_THE_TABLE_SAYS),
    )


def _proofs(material: Material, number: int) -> Iterator[Prose]:
    """What was proved of a scan, against what, and what was not; nothing where nobody asked."""
    for line in proof_lines(material.document.scans[number].certificate):
        if isinstance(line, Line):
            tone = line.tone if line.tone in ("good", "bad") else ""
            yield Prose(f"{line.label}: {line.text}.", tone)


def _code(material: Material, number: int) -> Fold:
    """The contracts and the code behind each."""
    rows = tuple(
        row(
            item.role,
            Cell(item.address, link=place_of(material, number, item.address)),
            Cell(code, link=place_of(material, number, code)),
            item.code_hash,
            Cell(item.status, tone="" if item.status == "known" else "doubt"),
            item.note,
        )
        for item in material.scans[number].implementations
        for code in [item.implementation or ""]
    )
    whose = of_deployment(material, number)
    table = DataTable(
        f"code-{number + 1}-table",
        f"Contracts and code{whose}",
        columns("role|contract|implementation|code hash|status|note", "",
                "contract|implementation|code hash"),
        rows,
    )  # fmt: skip
    return Fold(f"code-{number + 1}", f"Contracts and code{whose}: {len(rows)}", (table,))


def _doubt(price: Price, now: int) -> tuple[bool, bool, int, str]:
    """Order: what is not fresh, then what has a time, the oldest first."""
    age = 0 if price.updated_at is None else now - price.updated_at
    return price.status in _STATUS_TONE, price.updated_at is None, -age, price.asset_id


def _price(price: Price, now: int) -> Row:
    """One price; without one it is said, and is no 0."""
    if price.price_e18 is None:
        value = Cell("none", tone="bad")
    else:
        value = money(price.price_e18, places=6)
    age = "no time" if price.updated_at is None else f"{now - price.updated_at:,} s"
    status = Cell(price.status, tone=_STATUS_TONE.get(price.status, "doubt"))
    return row(price.symbol, price.factor, value, status, age, price.source, price.detail)


def _total_order(total: Total) -> tuple[int, bool]:
    """Off, not read, holding within roundings, exact."""
    return {False: 0, None: 1, True: 2}[total.holds], total.difference == 0


def _total(total: Total) -> Row:
    """One control total."""
    state = {
        True: Cell("holds"),
        False: Cell("OFF", tone="bad"),
        None: Cell("not read", tone="doubt"),
    }[total.holds]
    numbers = (total.rebuilt, total.on_chain, total.difference)
    return row(
        total.name,
        state,
        *(Cell("unknown", tone="unknown") if n is None else Cell(_grouped(n)) for n in numbers),
        Cell(_grouped(total.allowed)),
        total.unit,
        total.identity,
        total.why,
    )


def _grouped(value: int | None) -> str:
    """An exact integer with its thousands separated."""
    return "unknown" if value is None else f"{value:,}"


def _mismatches(material: Material, number: int, details: Sequence[Mismatch]) -> DataTable:
    """The divergences of one scan."""
    rows = tuple(
        row(
            check.account_id or check.market or "deployment",
            f"{check.contract}.{check.field}",
            check.expected,
            check.actual,
        )
        for check in details[:MISMATCHES]
    )
    left = len(details) - len(rows)
    note = f"{left:,} more are in the table verification of the snapshot." if left else ""
    return DataTable(
        f"mismatches-{number + 1}",
        f"Divergence from the contract{of_deployment(material, number)}",
        columns("about|field|rebuilt|contract", "rebuilt|contract", "about"),
        rows,
        note,
    )


def _read(read: Read) -> Row:
    """One kind of read."""
    missing = read.not_read
    cell = Cell(f"{missing:,}", tone="doubt" if missing else "")
    return row(read.purpose, read.what, read.requested, read.values, read.reverted, cell)
