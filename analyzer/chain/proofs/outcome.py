"""What can come of a proof beside that it holds: it contradicts, or it cannot be made."""

from __future__ import annotations


class ContradictionError(Exception):
    """What was said does not follow from the header: somebody is wrong, by mistake or by intent.

    block: of which header. field: of what the header does not vouch for. text: one sentence.
    """

    def __init__(self, block: int, field: str, text: str) -> None:
        super().__init__(text)
        self.block, self.field, self.text = block, field, text


class NotProvableError(Exception):
    """Nothing can be said: a field is not known, a part was not recorded. It is never a pass."""
