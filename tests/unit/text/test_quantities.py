import pytest

from shared.text.cleaning import clean
from shared.text.letters import fold
from shared.text.quantities import quantities


@pytest.mark.parametrize(
    ("text", "terms"),
    [
        ("16 GB, 16GB, 16-gb and 16 gigabytes", ["16gb"] * 4),
        ('27" 27 inch 27 inches 27-inch 27 in', ["27in"] * 5),
        ("2,5 Zoll 2.50 inch", ["2.5in"] * 2),
        ("12,000 BTU", ["12000btu"]),
        ("40 x 60 cm, 40x60, 40×60, 40×60mm, 40cm x 60cm, 40 by 60", ["40x60"] * 6),
        ("6' x 9', 6 ft by 9 ft, 6x9", ["6x9"] * 3),
        ("2 x 1m cable, 3 x 80g", ["1m", "80g"]),
        ("3 x 4.5 x 6", ["3x4.5x6"]),
        ("3/8 in, ⅜ inch, 0.375 in", ["0.375in"] * 3),
        ('1¼ inch, 1 1/4 in, 1-1/4", 1.25"', ["1.25in"] * 4),
        ("1/3 inch, 3/4 1/2 inch", ["1/3in", "0.5in"]),
        ("1,5 Liter, 1.5リットル, 1.5升", ["1.5l"] * 3),
        ("28 centímetros, 28 Zentimeter, 直径28センチ, 28厘米平底锅", ["28cm"] * 4),
        ("30 metros, 30メートル, 长30米", ["30m"] * 3),
        ("pack of 12", []),
        ("galaxy s22 gb", []),
        ("v1.2 gbit", []),
    ],
)
def test_a_quantity_has_one_form_however_it_is_written(text: str, terms: list[str]) -> None:
    assert [each.term for each in quantities(fold(clean(text)))] == terms


def test_quantities_say_where_they_stand() -> None:
    text = "ssd 512 gb 2.5 in"
    assert [text[each.start : each.end] for each in quantities(text)] == ["512 gb", "2.5 in"]
