"""How each kind of type hint is written as JSON and read back: one coder a kind."""

from __future__ import annotations

import dataclasses
import types
import typing
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from enum import Enum
from itertools import islice
from operator import attrgetter
from typing import Any, NewType, Union, get_args, get_origin

import orjson

from analyzer.protocols.kit.state_leaves import (
    LEAVES,
    Code,
    CodecError,
    Coder,
    dumped,
    enum_coder,
    not_a,
)

AT_ONCE = 4_096
"""So many items of a list or dict are made into JSON together."""


class Coders:
    """Makes the coder of any hint; each dataclass is made once, so that it may hold itself."""

    def __init__(self) -> None:
        self._classes: dict[type, _Record] = {}
        self.written: dict[int, list[Any]] = {}
        """What the objects of the value that is being written came to, by identity: a state may
        hold one object under two names. Whoever writes empties it before and after."""

    def shapes(self) -> Iterator[str]:
        """The structure of every dataclass and enum met so far, in the order of meeting."""
        for record in self._classes.values():
            yield record.shape()

    def of(self, hint: Any, path: str) -> Coder:
        """The coder of `hint`. Raises: CodecError when it is none that can be written."""
        if isinstance(hint, NewType):
            return self.of(hint.__supertype__, path)
        if hint in LEAVES:
            return LEAVES[hint]
        if isinstance(hint, type) and issubclass(hint, Enum):
            return enum_coder(hint)
        if isinstance(hint, type) and dataclasses.is_dataclass(hint) and not get_args(hint):
            return self._record(hint, path)
        origin, arguments = get_origin(hint), get_args(hint)
        if origin in (Union, types.UnionType):
            return _union([self.of(member, path) for member in arguments], path)
        made = self._container(origin, arguments, path)
        if made is None:
            raise CodecError(f"{hint!r} cannot be written").under(path)
        return made

    def _container(self, origin: Any, arguments: tuple[Any, ...], path: str) -> Coder | None:
        """The coder of a list, tuple, set or dict of something; None for any other hint."""
        if origin is tuple and not (len(arguments) == 2 and arguments[1] is ...):
            parts = [self.of(item, f"{path}[{n}]") for n, item in enumerate(arguments)]
            return _tuple(parts)
        if origin in _SEQUENCES and arguments:
            item = self.of(arguments[0], f"{path}[]")
            return _sequence(item, *_SEQUENCES[origin], written=self.written)
        if origin is Counter:
            arguments = (*arguments, int)
        if origin in _MAPPINGS and len(arguments) == 2:
            key, value = (self.of(part, f"{path}[]") for part in arguments)
            return _mapping(key, value, *_MAPPINGS[origin], written=self.written)
        return None

    def _record(self, cls: type, path: str) -> Coder:
        """The coder of a dataclass."""
        record = self._classes.get(cls)
        if record is None:
            record = self._classes[cls] = _Record(cls, self.written)
            hints = typing.get_type_hints(cls)
            for field in dataclasses.fields(cls):
                where = f"{path}.{field.name}"
                if not field.init or field.kw_only:
                    raise CodecError("a field that is no plain argument").under(where)
                record.add(field.name, self.of(hints[field.name], where))
        return Coder(f"@{cls.__qualname__}", (cls,), record.encode, record.decode, record.pieces)


class _Record:
    """The coder of one dataclass: its fields in order, as a list."""

    def __init__(self, cls: type, written: dict[int, list[Any]]) -> None:
        self._cls = cls
        self._fields: list[tuple[str, str]] = []
        self._coders: list[Coder] = []
        self._encode: list[Code] = []
        self._decode: list[Code] = []
        self._take: Callable[[Any], tuple[Any, ...]] = lambda _: ()
        self._written = written

    def add(self, name: str, coder: Coder) -> None:
        """One more field."""
        self._fields.append((name, coder.shape))
        self._coders.append(coder)
        self._encode.append(coder.encode)
        self._decode.append(coder.decode)
        names = [known for known, _ in self._fields]
        # Of one name attrgetter gives the value itself, of several a tuple.
        self._take = attrgetter(*names) if len(names) > 1 else lambda v: (getattr(v, names[0]),)

    def shape(self) -> str:
        """The class and its fields as text."""
        fields = ", ".join(f"{name}: {shape}" for name, shape in self._fields)
        return f"{self._cls.__qualname__}({fields})"

    def encode(self, value: Any) -> list[Any]:
        """The fields of `value`."""
        if type(value) is not self._cls:
            raise not_a(value, self._cls.__name__)
        known = self._written.get(id(value))
        if known is not None:
            return known
        out = self._each(self._encode, self._take(value))
        self._written[id(value)] = out
        return out

    def pieces(self, value: Any) -> Iterator[bytes]:
        """The same as JSON, field by field."""
        if type(value) is not self._cls:
            raise not_a(value, self._cls.__name__)
        before = b"["
        for (name, _), coder, item in zip(
            self._fields, self._coders, self._take(value), strict=True
        ):
            yield before
            before = b","
            try:
                yield from coder.json(item)
            except CodecError as error:
                raise error.under(f".{name}") from None
        yield b"]" if self._fields else b"[]"

    def _each(self, codes: Sequence[Code], items: Iterable[Any]) -> list[Any]:
        """Each field's code of its item."""
        out: list[Any] = []
        try:
            for code, item in zip(codes, items, strict=True):
                out.append(code(item))
        except CodecError as error:
            raise error.under(f".{self._fields[len(out)][0]}") from None
        return out

    def decode(self, found: Any) -> Any:
        """The object whose fields were written."""
        if type(found) is not list or len(found) != len(self._fields):
            raise CodecError(f"no {self._cls.__name__}")
        return self._cls(*self._each(self._decode, found))


def _union(members: Sequence[Coder], path: str) -> Coder:
    """`[which, value]`; None is null, and needs no number beside a single other member."""
    runtime = [kind for member in members for kind in member.runtime]
    if len(set(runtime)) != len(runtime):
        raise CodecError("a union whose members cannot be told apart").under(path)
    nothing = type(None) in runtime
    known = [member for member in members if member.runtime != (type(None),)]
    which = {kind: n for n, member in enumerate(known) for kind in member.runtime}
    tagged = len(known) > 1
    shape = " | ".join([*(member.shape for member in known), *(["None"] if nothing else [])])

    def encode(value: Any) -> Any:
        if value is None and nothing:
            return None
        number = which.get(type(value))
        if number is None:
            raise not_a(value, shape)
        written = known[number].encode(value)
        return [number, written] if tagged else written

    def decode(found: Any) -> Any:
        if found is None and nothing:
            return None
        if not tagged:
            return known[0].decode(found)
        if type(found) is not list or len(found) != 2 or type(found[0]) is not int:
            raise CodecError(f"no {shape}")
        if not 0 <= found[0] < len(known):
            raise CodecError(f"no {shape}")
        return known[found[0]].decode(found[1])

    return Coder(f"({shape})", tuple(runtime), encode, decode)


def _each(code: Code, items: Any, first: int = 0) -> list[Any]:
    """`code` of every item, errors with its number. first: of the first item."""
    out: list[Any] = []
    try:
        for item in items:
            out.append(code(item))
    except CodecError as error:
        raise error.under(f"[{first + len(out)}]") from None
    return out


def _joined(made: Iterable[list[Any]], written: dict[int, list[Any]]) -> Iterator[bytes]:
    """One JSON list of many lists, each written and let go before the next is made: so is what
    `written` got with it."""
    known = set(written)
    before = b"["
    for some in made:
        text = dumped(some)
        yield before + text[1:-1]
        before = b","
        for number in written.keys() - known:
            del written[number]
    yield b"]" if before == b"," else b"[]"


def _sequence(
    item: Coder,
    kinds: tuple[type, ...],
    make: Callable[[list[Any]], Any],
    *,
    written: dict[int, list[Any]],
) -> Coder:
    """A list, a tuple of any length or a set; a set is sorted by what is written."""
    name = "set" if make in (set, frozenset) else "list"

    def encode(value: Any) -> list[Any]:
        if type(value) not in kinds:
            raise not_a(value, name)
        made = _each(item.encode, value)
        return sorted(made, key=orjson.dumps) if name == "set" else made

    def pieces(value: Any) -> Iterator[bytes]:
        if type(value) not in kinds or name == "set" or len(value) <= AT_ONCE:
            return iter([dumped(encode(value))])
        starts = range(0, len(value), AT_ONCE)
        parts = (_each(item.encode, value[n : n + AT_ONCE], n) for n in starts)
        return _joined(parts, written)

    def decode(found: Any) -> Any:
        if type(found) is not list:
            raise CodecError(f"no {name}")
        made = make(_each(item.decode, found))
        if len(made) != len(found):
            raise CodecError("the same item twice in a set")
        return made

    return Coder(f"{make.__name__}[{item.shape}]", kinds, encode, decode, pieces)


def _tuple(parts: Sequence[Coder]) -> Coder:
    """A tuple of fixed length, each place with its own type."""

    def encode(value: Any) -> list[Any]:
        if type(value) is not tuple or len(value) != len(parts):
            raise not_a(value, f"a tuple of {len(parts)}")
        pairs = zip(parts, value, strict=True)
        return _each(lambda pair: pair[0].encode(pair[1]), pairs)

    def decode(found: Any) -> tuple[Any, ...]:
        if type(found) is not list or len(found) != len(parts):
            raise CodecError(f"no tuple of {len(parts)}")
        pairs = zip(parts, found, strict=True)
        return tuple(_each(lambda pair: pair[0].decode(pair[1]), pairs))

    return Coder(f"tuple[{', '.join(p.shape for p in parts)}]", (tuple,), encode, decode)


def _mapping(
    key: Coder,
    value: Coder,
    kinds: tuple[type, ...],
    make: type,
    *,
    written: dict[int, list[Any]],
) -> Coder:
    """A dict as the flat list key, value, key, value, in its own order."""

    def flat(items: Iterable[tuple[Any, Any]]) -> list[Any]:
        out: list[Any] = []
        for name, item in items:
            try:
                out += (key.encode(name), value.encode(item))
            except CodecError as error:
                raise error.under(f"[{name!r}]") from None
        return out

    def encode(given: Any) -> list[Any]:
        if type(given) not in kinds:
            raise not_a(given, make.__name__)
        return flat(given.items())

    def pieces(given: Any) -> Iterator[bytes]:
        if type(given) not in kinds:
            raise not_a(given, make.__name__)
        items = iter(given.items())
        some = iter(lambda: list(islice(items, AT_ONCE)), [])
        return _joined(map(flat, some), written)

    def decode(found: Any) -> Any:
        if type(found) is not list or len(found) % 2:
            raise CodecError(f"no {make.__name__}")
        pairs = iter(found)
        out: Any = make()
        for name in pairs:
            try:
                out[key.decode(name)] = value.decode(next(pairs))
            except CodecError as error:
                raise error.under(f"[{name!r}]") from None
        if 2 * len(out) != len(found):
            raise CodecError(f"the same key twice in a {make.__name__}")
        return out

    name = f"{make.__name__}[{key.shape}, {value.shape}]"
    return Coder(name, kinds, encode, decode, pieces)


_SEQUENCES: Mapping[Any, tuple[tuple[type, ...], Callable[[list[Any]], Any]]] = {
    list: ((list,), list),
    tuple: ((tuple,), tuple),
    set: ((set,), set),
    frozenset: ((frozenset,), frozenset),
    Sequence: ((list, tuple), list),
}
"""Hint -> (what its values may be, what they are made of again)."""

_MAPPINGS: Mapping[Any, tuple[tuple[type, ...], type]] = {
    dict: ((dict,), dict),
    Counter: ((Counter,), Counter),
    Mapping: ((dict, types.MappingProxyType), dict),
}
"""The same for mappings."""
