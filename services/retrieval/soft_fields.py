"""Fields whose values a query names without naming the field: brand, category, colour, size."""

from __future__ import annotations

import re

from services.retrieval.known_fields import ATTRIBUTE
from shared.snapshot.catalog_columns import CatalogColumns
from shared.text.letters import fold

BRAND = "brand"
CATEGORY = "category"
COLOR = "color"
SIZE = "size"
KINDS = (BRAND, CATEGORY, COLOR, SIZE)
MOST_FIELDS = 3  # of a kind
_MOST_WORDS = 2  # of a name: "shoe size", not "processor package size"

_FIELDS = {"brands": BRAND, "categories": CATEGORY}
# Last words of attributes' names, in the languages of the stemmers and some others
_COLORS = (
    "color colors colour colours farbe farben couleur couleurs colore colori kleur farve farge farg vari cor "
    "kolor renk culoare szin цвет χρωμα 颜色 颜色分类 色 カラー 색상"
)
_SIZES = (
    "size sizes groesse grosse taille tailles taglia talla maat storlek storrelse koko tamanho rozmiar beden "
    "marime meret размер μεγεθος 尺码 尺寸 サイズ 사이즈"
)
_NAMES = dict.fromkeys(_COLORS.split(), COLOR) | dict.fromkeys(_SIZES.split(), SIZE)
_WORD_ENDS = re.compile(r"(?<=[a-z])(?=[A-Z])|[\W_]+")


def soft_fields(columns: CatalogColumns) -> dict[str, tuple[str, ...]]:
    """By kind, the fields in which most products have a text."""
    found = dict[str, list[tuple[int, str]]]()
    for field in columns.fields():
        if (kind := kind_of(field)) and (count := _entry_count(columns, field)):
            found.setdefault(kind, []).append((-count, field))
    return {kind: tuple(field for _, field in sorted(fields)[:MOST_FIELDS]) for kind, fields in found.items()}


def _entry_count(columns: CatalogColumns, field: str) -> int:
    entries = (segment.text(field) for segment in columns.segments)
    return sum(len(each.rows) for each in entries if each)


def kind_of(field: str) -> str:
    """The kind of a field: of "attributes.product_colour" it is COLOR. Empty: none."""
    if not field.startswith(ATTRIBUTE):
        return _FIELDS.get(field, "")
    words = list(filter(None, _WORD_ENDS.split(field.removeprefix(ATTRIBUTE))))
    return _NAMES.get(fold(words[-1]), "") if 0 < len(words) <= _MOST_WORDS else ""
