"""Blocks of a report as HTML. Whatever is not a tag of ours goes through `safe`."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from itertools import groupby

from analyzer.report.html.charts.spark import spark
from analyzer.report.html.content import (
    Block,
    Cell,
    Column,
    DataTable,
    Fact,
    Facts,
    Figure,
    Fold,
    Group,
    Listed,
    Prose,
    Row,
    Section,
    Title,
)
from analyzer.report.html.escape import safe
from analyzer.report.links import ADDRESS_LENGTH

_OUT = 'rel="noreferrer noopener" target="_blank"'
"""Of a link out of the page: whoever is there learns nothing of it."""


def section(part: Section, *, unfolded: bool) -> str:
    """A section with its heading."""
    inner = "".join(_rows_of_pictures(part.blocks, unfolded=unfolded))
    name = f"{part.key}-title"
    return (
        f'<section id="{safe(part.key)}" aria-labelledby="{safe(name)}">'
        f'<h2 id="{safe(name)}">{safe(part.title)}</h2>{inner}</section>\n'
    )


def _rows_of_pictures(blocks: Sequence[Block], *, unfolded: bool) -> Iterator[str]:
    """The blocks; pictures that follow each other stand side by side where there is room."""
    for together, group in groupby(blocks, lambda b: isinstance(b, Figure) and not b.graph):
        drawn = "".join(block(item, unfolded=unfolded) for item in group)
        yield f'<div class="pictures">{drawn}</div>' if together else drawn


def block(item: Block, *, unfolded: bool) -> str:
    """One block. unfolded: what can be opened is open."""
    if isinstance(item, DataTable):
        return table(item)
    if isinstance(item, Figure):
        return _figure(item, unfolded=unfolded)
    if isinstance(item, Fold):
        inner = "".join(block(part, unfolded=unfolded) for part in item.blocks)
        mark = f' class="{safe(item.tone)}"' if item.tone else ""
        summary = f"<summary{mark}>{safe(item.title)}</summary>"
        return f'<details id="{safe(item.key)}"{_open(unfolded)}>{summary}{inner}</details>\n'
    if isinstance(item, Facts):
        return _facts(item)
    if isinstance(item, Title):
        return f"<h3>{safe(item.text)}</h3>"
    if isinstance(item, Group):
        inner = "".join(block(part, unfolded=unfolded) for part in item.blocks)
        return f'<div class="group">{inner}</div>'
    if isinstance(item, Listed):
        return f"<ol>{''.join(f'<li>{safe(text)}</li>' for text in item.items)}</ol>"
    return _prose(item)


def table(item: DataTable) -> str:
    """A table in a region that scrolls by itself; its title stands above it."""
    name = f"{safe(item.key)}-name"
    heads = "".join(_head(column) for column in item.columns)
    rows = "".join(_row(row, item.columns) for row in item.rows)
    note = f'<p class="note">{safe(item.note)}</p>' if item.note else ""
    tools = _tools(item) if item.live else ""
    return (
        f'<figure class="table"><figcaption id="{name}">{safe(item.title)}</figcaption>{tools}'
        f'<div class="scroll" role="region" aria-labelledby="{name}" tabindex="0">'
        f'<table id="{safe(item.key)}" aria-labelledby="{name}"'
        f"{' data-live' if item.live else ''}>"
        f"<thead><tr>{heads}</thead><tbody>{rows}</tbody></table></div>{note}</figure>\n"
    )


def _head(column: Column) -> str:
    """A column's head."""
    return f'<th scope="col"{_class(column)}>{safe(column.name)}'


def _row(row: Row, columns: tuple[Column, ...]) -> str:
    """A row; its first cell is its head. Closing tags that HTML does not need are left out."""
    attributes = f' id="{safe(row.key)}"' if row.key else ""
    if row.point:
        figure, x, y = row.point
        attributes += f' data-point="{safe(figure)} {x} {y}"'
    if row.path:
        attributes += f' data-path="{safe(" ".join(row.path))}"'
    pairs = list(zip(row.cells, columns, strict=True))
    cells = "".join(_cell(cell, column, first=n == 0) for n, (cell, column) in enumerate(pairs))
    return f"<tr{attributes}>{cells}\n"


def _cell(cell: Cell, column: Column, *, first: bool) -> str:
    """A cell: its text, the exact amount as its title, its second line."""
    classes = [_kind(column), *([safe(cell.tone)] if cell.tone else [])]
    named = " ".join(name for name in classes if name)
    mark = f' class="{named}"' if named else ""
    exact = f' title="{safe(cell.exact)}"' if cell.exact else ""
    text = _linked(cell.text, "" if cell.target else cell.link)
    if cell.target:
        text = f'<a href="#{safe(cell.target)}">{text}</a>'
        text += f' <a class="out" href="{safe(cell.link)}" {_OUT}>↗</a>' if cell.link else ""
    if cell.note:
        text += f"<small>{safe(cell.note)}</small>"
    tag = '<th scope="row"' if first else "<td"
    return f"{tag}{mark}{exact}>{text}"


def _kind(column: Column) -> str:
    """The class of a column's cells."""
    return {"number": "n", "id": "id", "name": "w", "long": "l"}.get(column.kind, "")


def _class(column: Column) -> str:
    """The class of a column's head, as an attribute."""
    return f' class="{_kind(column)}"' if _kind(column) else ""


def _tools(item: DataTable) -> str:
    """Search and filters, hidden until the script that serves them runs."""
    key = safe(item.key)
    names = [column.name for column in item.columns]
    filters = "".join(
        f'<label>{safe(name)} <select data-column="{names.index(name)}">'
        f'<option value="">all</option>{_options(item, names.index(name))}</select></label>'
        for name in item.filters
    )
    return (
        f'<div class="tools" data-for="{key}" hidden><label>search '
        f'<input type="search" autocomplete="off" spellcheck="false"></label>{filters}'
        '<output role="status"></output></div>'
    )


def _options(item: DataTable, place: int) -> str:
    """The values of a column, in the order in which they first appear."""
    values = dict.fromkeys(row.cells[place].text for row in item.rows)
    return "".join(f"<option>{safe(value)}</option>" for value in values)


def _facts(item: Facts) -> str:
    """Questions with answers."""
    pairs = "".join(
        f"<div><dt>{safe(fact.label)}</dt>"
        f'<dd class="{safe(fact.tone)}">{_linked(fact.text, fact.link)}{_line(fact)}</dd></div>'
        for fact in item.items
    )
    return f'<dl class="{"facts headline" if item.headline else "facts"}">{pairs}</dl>'


def _linked(text: str, link: str) -> str:
    """A text, the address that it ends with as a link where there is one."""
    if not link:
        return safe(text)
    start, address = text[:-ADDRESS_LENGTH], text[-ADDRESS_LENGTH:]
    return f'{safe(start)}<a href="{safe(link)}" {_OUT}>{safe(address)}</a>'


def _line(fact: Fact) -> str:
    """The small line behind a fact."""
    return f" {spark(fact.spark, f'{fact.label}: {fact.text}')}" if fact.spark else ""


def _prose(item: Prose) -> str:
    """A paragraph, with the command to type below it."""
    mark = f' class="{safe(item.tone)}"' if item.tone else ""
    code = f"<pre><code>{safe(item.code)}</code></pre>" if item.code else ""
    return f"<p{mark}>{safe(item.text)}</p>{code}"


def _figure(item: Figure, *, unfolded: bool) -> str:
    """A picture with its caption, its legend and the same in numbers."""
    legend = "".join(
        f'<li><span class="key {safe(kind)}" aria-hidden="true"></span>{safe(name)}</li>'
        for kind, name in item.legend
    )
    legend = f'<ul class="legend">{legend}</ul>' if legend else ""
    numbers = ""
    if item.table is not None:
        numbers = (
            f"<details{_open(unfolded)}><summary>The same in numbers</summary>"
            f"{table(item.table)}</details>"
        )
    told = '<p class="told" role="status"></p>' if item.graph else ""
    return (
        f'<figure class="picture{" graph" if item.graph else ""}">'
        f"<figcaption><strong>{safe(item.title)}</strong> <span>{safe(item.text)}</span>"
        f'</figcaption>{legend}<div class="plot">{item.svg}</div>{told}{numbers}</figure>\n'
    )


def _open(unfolded: bool) -> str:
    return " open" if unfolded else ""
