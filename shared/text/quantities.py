"""Numbers with units, and dimensions, in one form however they are written."""

from __future__ import annotations

import re
from dataclasses import dataclass

from shared.text.words import RUN_LETTERS


def _metric(start: str) -> tuple[str, ...]:
    """The names of a metre in English, German, French and Spanish, after a prefix of it."""
    return tuple(f"{start}{end}" for end in ("eter", "eters", "etre", "etres", "etro", "etros"))


_NAMES = {
    "in": ("inch", "inches", "zoll", "pouces", "pulgadas", "pollici", "英寸", "インチ", '"', "''"),
    "ft": ("foot", "feet"),
    "mm": (*_metric("millim"), "毫米", "ミリ", "ミリメートル"),
    "cm": (*_metric("centim"), *_metric("zentim"), "厘米", "公分", "センチ", "センチメートル"),
    "m": (*_metric("m"), "米", "メートル"),
    "km": (*_metric("kilom"), "公里", "キロメートル"),
    "yd": ("yard", "yards"),
    "mg": ("milligram", "milligrams", "milligramm", "毫克", "ミリグラム"),
    "g": ("gr", "gram", "grams", "gramm", "grammes", "gramos", "克", "グラム"),
    "kg": ("kilo", "kilos", "kilogram", "kilograms", "kilogramm", "千克", "公斤", "キロ", "キログラム"),
    "lb": ("lbs", "pound", "pounds"),
    "oz": ("ounce", "ounces"),
    "ml": ("milliliter", "millilitre", "milliliters", "millilitres", "mililitros", "毫升", "ミリリットル"),
    "cl": (),
    "l": ("liter", "litre", "liters", "litres", "litro", "litros", "litri", "升", "リットル"),
    "gal": ("gallon", "gallons"),
    "qt": ("quart", "quarts"),
    "kb": ("kilobyte", "kilobytes"),
    "mb": ("megabyte", "megabytes"),
    "gb": ("gigabyte", "gigabytes"),
    "tb": ("terabyte", "terabytes"),
    "w": ("watt", "watts", "瓦", "ワット"),
    "kw": ("kilowatt", "kilowatts", "千瓦"),
    "v": ("volt", "volts", "伏", "ボルト"),
    "a": ("amp", "amps", "ampere"),
    "mah": ("毫安", "毫安时"),
    "ah": (),
    "wh": (),
    "kwh": (),
    "hz": ("hertz",),
    "khz": (),
    "mhz": (),
    "ghz": (),
    "mp": ("megapixel", "megapixels", "mpx", "mpix"),
    "dpi": (),
    "rpm": (),
    "btu": (),
    "psi": (),
    "db": ("decibel", "decibels"),
    "lm": ("lumen", "lumens"),
    "mbps": (),
    "gbps": (),
}
_UNITS = {name: unit for unit, names in _NAMES.items() for name in (unit, *names)}
# No letter, or one of a script that sets no spaces
_START = rf"(?<![.,/])(?<![^\W{RUN_LETTERS}])"
_END = rf"(?![^\W{RUN_LETTERS}])"
# "1 1/2", "1/2", "2,5"
_NUMBER = rf"{_START}(?P<number>(?:\d+[ -])?\d+/\d+|\d+(?:[.,]\d+)*)"
_BY_LENGTH = "|".join(re.escape(name) for name in sorted(_UNITS, key=len, reverse=True))
_MEASURE = re.compile(rf"{_NUMBER}[ -]?(?P<unit>{_BY_LENGTH}){_END}")
# A side may have its unit; "2 x 1m" are two of a metre
_LENGTHS = "|".join(re.escape(name) for unit in ("in", "ft", "mm", "cm") for name in (*_NAMES[unit], unit))
_SIDE = rf"(\d+(?:[.,]\d+)*)(?: ?(?:{_LENGTHS}|')(?=[ x*]|{_END}))?"
_BY = "(?: ?[x*] ?| by )"
_DIMENSIONS = re.compile(rf"{_START}{_SIDE}{_BY}{_SIDE}(?:{_BY}{_SIDE})?{_END}")
_FRACTION = re.compile(r"(?:(\d{1,4})[ -])?(\d{1,3})/(2|4|8|16|32|64)")
_DIGIT = re.compile(r"\d")
_THOUSANDS = re.compile(r"\d{1,3}(?:,\d{3})+")


@dataclass(frozen=True, slots=True)
class Quantity:
    """A quantity in a folded text: what it is called, and where it stands."""

    term: str  # "8gb", "2.5in", "20x30"
    start: int
    end: int


def quantities(text: str) -> list[Quantity]:
    """The quantities of a clean, folded text, in order and without overlap; dimensions first.

    The number is a decimal with a point, the unit its symbol: "2,5 Zoll" and "2 1/2 inches" are
    "2.5in". Dimensions have no units: "20cm by 30cm" is "20x30".
    """
    if not _DIGIT.search(text):
        return []
    found = [
        Quantity("x".join(_plain(side) for side in match.groups() if side), match.start(), match.end())
        for match in _DIMENSIONS.finditer(text)
    ]
    found += [
        Quantity(measure(match["number"], match["unit"]), match.start(), match.end())
        for match in _MEASURE.finditer(text)
        if not any(match.start() < other.end and other.start < match.end() for other in found)
    ]
    return sorted(found, key=lambda each: each.start)


def measure(number: str, unit: str) -> str:
    """A number with a unit as one term; the number alone with an unknown one."""
    return _plain(number) + _UNITS.get(unit, "")


def is_unit(word: str) -> bool:
    """Whether a folded word is a unit, or its name."""
    return word in _UNITS


def _plain(number: str) -> str:
    if _THOUSANDS.fullmatch(number):
        return number.replace(",", "")
    if fraction := _FRACTION.fullmatch(number):
        whole, above, below = (int(part or 0) for part in fraction.groups())
        return f"{whole + above / below:.10g}"
    decimal = number.replace(",", ".")
    return decimal.rstrip("0").rstrip(".") if decimal.count(".") == 1 and "/" not in decimal else decimal
