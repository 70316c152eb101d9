"""Streams XML feeds: the item elements of RSS, the entry elements of Atom."""

import codecs
from collections.abc import Iterator
from typing import Any
from xml.parsers import expat

from shared.errors import Corrupt, InvalidRequest
from shared.json_lines import LINE_BYTES, Line
from shared.unpacking import Unpacked

_ITEMS = ("item", "entry", "product")
_MERCHANT = "google.com/"  # part of the names of Google's namespaces
_CHUNK_BYTES = 1 << 16
_DEEPEST = 20
_OF_FEEDS = frozenset(
    ("href", "rel", "type", "title", "length", "isPermaLink", "scheme", "lang", "base", "space")
)


def items_in(file: Unpacked) -> Iterator[Line]:
    """The items as objects.

    An element becomes its name without namespace, and its text or its child elements.

    An XML attribute becomes a column too, unless it only says how a feed is written. The item's own
    attributes are named "id", those of an element in it "price.currency". The attribute of an empty
    element is its content.

    If RSS or Atom and Google's vocabulary share a name, such as <id> and <g:id>, Google's element
    counts.

    Raises Corrupt if the XML is invalid, InvalidRequest for a document type, which could define
    entities.
    """
    reader = _Reader(file)
    while data := file.stream.read1(_CHUNK_BYTES):
        yield from reader.read(data, False)
    yield from reader.read(b"", True)


class _Reader:
    def __init__(self, file: Unpacked) -> None:
        self._file = file
        self._parser = expat.ParserCreate(namespace_separator=" ")
        self._parser.buffer_text = True
        self._parser.StartElementHandler = self._start
        self._parser.EndElementHandler = self._end
        self._parser.CharacterDataHandler = self._text
        self._parser.StartDoctypeDeclHandler = self._refuse
        self._ready: list[Line] = []
        # Name, children, texts; the item comes first
        self._open: list[tuple[str, dict[str, Any], list[str]]] = []
        self._said: list[dict[str, str]] = []  # XML attributes of the open elements
        # Names of the item's elements that are from Google's vocabulary
        self._merchant: set[str] = set()
        self._line = self._size = self._skipped = 0
        self._begun = False

    def read(self, data: bytes, last: bool) -> list[Line]:
        """The items that end in the next part of the file."""
        self._ready = []
        try:
            self._parser.Parse(data if self._begun else self._beginning(data), last)
        except expat.ExpatError as error:
            raise Corrupt(
                f"{self._file.path}: is no XML, or is cut short ({error}); write the feed again"
            ) from error
        return self._ready

    def _beginning(self, data: bytes) -> bytes:
        """The first bytes without leading empty lines.

        Plugins write such lines before the declaration, and XML forbids them.
        """
        text = data.removeprefix(codecs.BOM_UTF8).lstrip()
        self._skipped += data.count(b"\n", 0, len(data) - len(text))
        self._begun = bool(text)
        return text

    def _refuse(self, *_: Any) -> None:
        raise InvalidRequest(str(self._file.path), ("has a DOCTYPE, which a feed does not need; remove it"))

    def _start(self, tag: str, attributes: dict[str, str]) -> None:
        name = tag.rpartition(" ")[2]
        if self._open or name in _ITEMS:
            if not self._open:
                self._line = self._parser.CurrentLineNumber + self._skipped
                self._size = 0
                self._merchant = set()
            if len(self._open) > _DEEPEST:
                raise InvalidRequest(
                    str(self._file.path), f"line {self._line}: nests more than {_DEEPEST} elements"
                )
            self._open.append((name, {}, [attributes["href"]] if "href" in attributes else []))
            said = {key.rpartition(" ")[2]: value for key, value in attributes.items()}
            self._said.append({key: value for key, value in said.items() if key not in _OF_FEEDS and value})

    def _text(self, text: str) -> None:
        self._size += len(text)
        if self._open and self._size <= LINE_BYTES:
            self._open[-1][2].append(text)

    def _end(self, tag: str) -> None:
        if not self._open:
            return
        (name, children, texts) = self._open.pop()
        said = self._said.pop()
        value: Any = children or "".join(texts).strip()
        if len(children) == 1 and name in _plurals(next(iter(children))):
            value = next(iter(children.values()))  # <images><image/><image/></images>
        if self._open:
            if len(self._open) > 1 or self._counts(tag, name):
                _add(self._open[-1][1], name, value or dict(said))
                if len(self._open) == 1 and value:
                    for key, text in said.items():
                        _add(self._open[-1][1], f"{name}.{key}", text)
            return
        children.update((key, text) for key, text in said.items() if key not in children)
        value = children or value
        fault = f"is longer than {LINE_BYTES:,} letters; shorten it" if self._size > LINE_BYTES else ""
        content = children if isinstance(value, dict) and not fault else {}
        self._ready.append(Line(self._line, content, fault, self._file.bytes_read()))

    def _counts(self, tag: str, name: str) -> bool:
        """Whether an element of an item counts.

        Google's element replaces others of the same name.
        """
        is_merchant = _MERCHANT in tag.rpartition(" ")[0] + "/"
        if is_merchant and name not in self._merchant:
            self._merchant.add(name)
            self._open[0][1].pop(name, None)
        return is_merchant or name not in self._merchant


def _plurals(name: str) -> tuple[str, ...]:
    return f"{name}s", f"{name}es", f"{name.removesuffix('y')}ies"


def _add(children: dict[str, Any], name: str, value: Any) -> None:
    if name not in children:
        children[name] = value
    elif isinstance(children[name], list):
        children[name].append(value)
    else:
        children[name] = [children[name], value]
