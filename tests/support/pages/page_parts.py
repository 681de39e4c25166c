"""An HTML page taken apart by the standard library's parser, which is none of ours."""

from __future__ import annotations

from dataclasses import dataclass, field
from html.parser import HTMLParser


@dataclass
class Element:
    """One element: its tag, its attributes, the text directly or deeper inside it."""

    tag: str
    attributes: dict[str, str]
    text: str = ""


@dataclass
class Parts:
    """Every element of a page in order."""

    elements: list[Element] = field(default_factory=list)

    def all(self, tag: str) -> list[Element]:
        """The elements of that tag."""
        return [element for element in self.elements if element.tag == tag]

    def one(self, key: str) -> Element:
        """The element with that id."""
        [found] = [e for e in self.elements if e.attributes.get("id") == key]
        return found


_ENDED_BY = {
    "td": ("td", "th"), "th": ("td", "th"), "tr": ("td", "th", "tr"), "option": ("option",),
}  # fmt: skip
"""Elements whose end tag HTML lets one leave out, by what then ends them."""


class _Reader(HTMLParser):
    def __init__(self) -> None:
        super().__init__(convert_charrefs=True)
        self.parts = Parts()
        self.open: list[Element] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        element = Element(tag, {name: value or "" for name, value in attrs})
        self.parts.elements.append(element)
        while self.open and self.open[-1].tag in _ENDED_BY.get(tag, ()):
            self.open.pop()
        if tag not in ("meta", "input", "img", "br", "link"):
            self.open.append(element)

    def handle_startendtag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.parts.elements.append(Element(tag, {name: value or "" for name, value in attrs}))

    def handle_endtag(self, tag: str) -> None:
        while self.open and self.open.pop().tag != tag:
            pass

    def handle_data(self, data: str) -> None:
        for element in self.open:
            element.text += data


def parts_of(page: str) -> Parts:
    """The elements of a page."""
    reader = _Reader()
    reader.feed(page)
    reader.close()
    return reader.parts
