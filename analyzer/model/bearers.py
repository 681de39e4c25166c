"""Who bears in the end what nobody has been charged with yet, by the protocol's own rules."""

from __future__ import annotations

from collections.abc import Sequence

from analyzer.model.rows import BackstopKind, BackstopRow


def bearers_of(rows: Sequence[BackstopRow]) -> str:
    """Who bears in the end what the layers before them do not: those on whom a loss is spread, in
    words; empty where the protocol's rules name nobody."""
    last = (BackstopKind.SOCIALISED, BackstopKind.LP)
    names = list(dict.fromkeys(r.name for r in rows if r.kind in last and not r.voluntary))
    if len(names) <= 1:
        return "".join(names)
    heads = {name.partition(" of ")[0] for name in names}
    if len(heads) == 1:
        return f"{heads.pop()} of what each account owes"
    return " and ".join([", ".join(names[:-1]), names[-1]])
