"""The one error of this room."""

from __future__ import annotations

from analyzer.model.errors import UnreadError


class DecodeError(UnreadError):
    """Bytes that are not what the ABI says they are. Names the field; never guessed around.

    `field`: where in the answer (`getAccountInfo.output 1 (lastTwPremium)`); `problem`: what is
    wrong with the bytes there. Exit code 3: the thing counts as not read.
    """

    def __init__(self, field: str, problem: str) -> None:
        super().__init__(f"{field}: {problem}")
        self.field = field
        self.problem = problem
