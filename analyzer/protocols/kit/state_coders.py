"""How each kind of type hint is written as JSON and read back: one coder a kind."""

from __future__ import annotations

import dataclasses
import types
import typing
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from enum import Enum
from fractions import Fraction
from operator import attrgetter
from typing import Any, NewType, Union, get_args, get_origin

import orjson

_LEAST, _BEYOND = -(2**63), 2**64
"""The integers that JSON holds here as they are: _LEAST <= value < _BEYOND."""

Code = Callable[[Any], Any]


class CodecError(ValueError):
    """Something that cannot be written or read back. `path` leads to it from the root."""

    def __init__(self, problem: str) -> None:
        super().__init__(problem)
        self.problem = problem
        self.path = ""

    def under(self, step: str) -> CodecError:
        """The same error, seen from one step further out."""
        self.path = step + self.path
        return self

    def __str__(self) -> str:
        return f"{self.path or 'value'}: {self.problem}"


@dataclass(frozen=True, slots=True)
class Coder:
    """One hint. shape: its structure as text. runtime: the exact classes of its values."""

    shape: str
    runtime: tuple[type, ...]
    encode: Code
    decode: Code


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
        if hint in _LEAVES:
            return _LEAVES[hint]
        if isinstance(hint, type) and issubclass(hint, Enum):
            return _enum(hint)
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
            return _sequence(item, *_SEQUENCES[origin])
        if origin is Counter:
            arguments = (*arguments, int)
        if origin in _MAPPINGS and len(arguments) == 2:
            key, value = (self.of(part, f"{path}[]") for part in arguments)
            return _mapping(key, value, *_MAPPINGS[origin])
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
        return Coder(f"@{cls.__qualname__}", (cls,), record.encode, record.decode)


class _Record:
    """The coder of one dataclass: its fields in order, as a list."""

    def __init__(self, cls: type, written: dict[int, list[Any]]) -> None:
        self._cls = cls
        self._fields: list[tuple[str, str]] = []
        self._encode: list[Code] = []
        self._decode: list[Code] = []
        self._take: Callable[[Any], tuple[Any, ...]] = lambda _: ()
        self._written = written

    def add(self, name: str, coder: Coder) -> None:
        """One more field."""
        self._fields.append((name, coder.shape))
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
            raise _not_a(value, self._cls.__name__)
        known = self._written.get(id(value))
        if known is not None:
            return known
        out = self._each(self._encode, self._take(value))
        self._written[id(value)] = out
        return out

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


def _not_a(value: object, wanted: str) -> CodecError:
    return CodecError(f"{type(value).__name__} where {wanted} belongs")


def _plain(kind: type) -> Coder:
    """A bool or None, as JSON has it."""

    def same(value: Any) -> Any:
        if type(value) is not kind:
            raise _not_a(value, kind.__name__)
        return value

    return Coder(kind.__name__, (kind,), same, same)


def _encode_int(value: Any) -> int | str:
    if type(value) is not int:
        raise _not_a(value, "int")
    return value if _LEAST <= value < _BEYOND else format(value, "x")


def _decode_int(found: Any) -> int:
    if type(found) is int:
        return found
    if type(found) is str:
        try:
            value = int(found, 16)
        except ValueError:
            raise CodecError("no integer") from None
        if _encode_int(value) == found:
            return value
    raise CodecError("no integer")


def _encode_text(value: Any) -> str:
    if type(value) is not str:
        raise _not_a(value, "str")
    if not value.isascii():
        try:
            value.encode()
        except UnicodeEncodeError:
            raise CodecError("a text that is no Unicode") from None
    return value


def _decode_text(found: Any) -> str:
    if type(found) is not str:
        raise CodecError("no text")
    return found


def _encode_bytes(value: Any) -> str:
    if type(value) is not bytes:
        raise _not_a(value, "bytes")
    return value.hex()


def _decode_bytes(found: Any) -> bytes:
    try:
        value = bytes.fromhex(found)
    except (TypeError, ValueError):
        raise CodecError("no bytes") from None
    if value.hex() != found:
        raise CodecError("no bytes")
    return value


def _encode_fraction(value: Any) -> list[int | str]:
    if type(value) is not Fraction:
        raise _not_a(value, "Fraction")
    return [_encode_int(value.numerator), _encode_int(value.denominator)]


def _decode_fraction(found: Any) -> Fraction:
    if type(found) is not list or len(found) != 2:
        raise CodecError("no fraction")
    above, below = map(_decode_int, found)
    if below <= 0 or Fraction(above, below).denominator != below:
        raise CodecError("no fraction in lowest terms")
    return Fraction(above, below)


_LEAVES: Mapping[Any, Coder] = {
    int: Coder("int", (int,), _encode_int, _decode_int),
    str: Coder("str", (str,), _encode_text, _decode_text),
    bytes: Coder("bytes", (bytes,), _encode_bytes, _decode_bytes),
    Fraction: Coder("Fraction", (Fraction,), _encode_fraction, _decode_fraction),
    bool: _plain(bool),
    type(None): _plain(type(None)),
    None: _plain(type(None)),
}


def _enum(cls: type[Enum]) -> Coder:
    """An enum by its members' names."""
    by_name = {member.name: member for member in cls}

    def encode(value: Any) -> str:
        if type(value) is not cls:
            raise _not_a(value, cls.__name__)
        return str(value.name)

    def decode(found: Any) -> Enum:
        member = by_name.get(found) if type(found) is str else None
        if member is None:
            raise CodecError(f"no {cls.__name__}")
        return member

    return Coder(f"{cls.__qualname__}{{{', '.join(by_name)}}}", (cls,), encode, decode)


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
            raise _not_a(value, shape)
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


def _each(code: Code, items: Any) -> list[Any]:
    """`code` of every item, errors with its number."""
    out: list[Any] = []
    try:
        for item in items:
            out.append(code(item))
    except CodecError as error:
        raise error.under(f"[{len(out)}]") from None
    return out


def _sequence(item: Coder, kinds: tuple[type, ...], make: Callable[[list[Any]], Any]) -> Coder:
    """A list, a tuple of any length or a set; a set is sorted by what is written."""
    name = "set" if make in (set, frozenset) else "list"

    def encode(value: Any) -> list[Any]:
        if type(value) not in kinds:
            raise _not_a(value, name)
        written = _each(item.encode, value)
        return sorted(written, key=orjson.dumps) if name == "set" else written

    def decode(found: Any) -> Any:
        if type(found) is not list:
            raise CodecError(f"no {name}")
        made = make(_each(item.decode, found))
        if len(made) != len(found):
            raise CodecError("the same item twice in a set")
        return made

    return Coder(f"{make.__name__}[{item.shape}]", kinds, encode, decode)


def _tuple(parts: Sequence[Coder]) -> Coder:
    """A tuple of fixed length, each place with its own type."""

    def encode(value: Any) -> list[Any]:
        if type(value) is not tuple or len(value) != len(parts):
            raise _not_a(value, f"a tuple of {len(parts)}")
        pairs = zip(parts, value, strict=True)
        return _each(lambda pair: pair[0].encode(pair[1]), pairs)

    def decode(found: Any) -> tuple[Any, ...]:
        if type(found) is not list or len(found) != len(parts):
            raise CodecError(f"no tuple of {len(parts)}")
        pairs = zip(parts, found, strict=True)
        return tuple(_each(lambda pair: pair[0].decode(pair[1]), pairs))

    return Coder(f"tuple[{', '.join(p.shape for p in parts)}]", (tuple,), encode, decode)


def _mapping(key: Coder, value: Coder, kinds: tuple[type, ...], make: type) -> Coder:
    """A dict as the flat list key, value, key, value, in its own order."""

    def encode(given: Any) -> list[Any]:
        if type(given) not in kinds:
            raise _not_a(given, make.__name__)
        out: list[Any] = []
        for name, item in given.items():
            try:
                out += (key.encode(name), value.encode(item))
            except CodecError as error:
                raise error.under(f"[{name!r}]") from None
        return out

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

    return Coder(f"{make.__name__}[{key.shape}, {value.shape}]", kinds, encode, decode)


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
