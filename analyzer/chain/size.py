"""How much one endpoint is asked for at once: blocks of a range, calls of a bulk call, a batch."""

from __future__ import annotations

from dataclasses import dataclass

PATIENCE = 8
"""Answers before a size that was refused is tried again; a vain try doubles it."""
_LONGEST_PATIENCE = 512


@dataclass(slots=True)
class Size:
    """A size that doubles while everything is answered, and halves when it is refused.

    What was refused is remembered: it is asked again only after `patience` answers of a smaller
    size, because limits of results or of time depend on what is asked for. `most`: never more,
    which an endpoint may state in so many words.
    """

    now: int
    most: int
    refused: int = 0
    """The smallest size that was refused; 0 = none."""
    patience: int = PATIENCE
    calm: int = 0
    """Answers of the size in use since it was last changed."""

    def answered(self, asked: int) -> None:
        """`asked` were answered; fewer than `now` say nothing of the size."""
        if asked < self.now:
            return
        if self.refused and asked >= self.refused:
            self.refused, self.patience = 0, PATIENCE
        wider = min(2 * self.now, self.most)
        if self.refused and 4 * wider > 3 * self.refused:
            self.calm += 1
            if self.calm < self.patience:
                return
            wider = min(wider, self.refused)
        self.now, self.calm = wider, 0

    def refuse(self, asked: int, to: int = 0, *, always: bool = False) -> None:
        """`asked` were too many; `to`: what would be answered, where the endpoint says it.
        always: its words say that it never takes more."""
        if self.refused and asked >= self.refused:
            self.patience = min(2 * self.patience, _LONGEST_PATIENCE)
        self.refused = min(asked, self.refused or asked)
        self.narrow(min(to, asked - 1) if to > 0 else asked // 2)
        if always:
            self.most = self.now

    def narrow(self, to: int) -> None:
        """Asks for less, which is no refusal: nothing is remembered."""
        self.now, self.calm = max(1, to), 0
