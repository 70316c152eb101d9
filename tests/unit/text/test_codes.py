import pytest

from shared.text.codes import codes_in, compact, endings, is_code, without_label


@pytest.mark.parametrize(
    ("text", "code"),
    [
        ("QX-77.4/B", "qx774b"),
        ("0071 2345 678", "712345678"),
        ("000", "0"),
        ("００７ー９", "007ー9"),
        ("", ""),
    ],
)
def test_codes_are_compared_without_separators(text: str, code: str) -> None:
    assert compact(text) == code


@pytest.mark.parametrize(("word", "yes"), [("ab12", True), ("ab1", False), ("2024", False), ("20245", True)])
def test_what_looks_like_a_code(word: str, yes: bool) -> None:
    assert is_code(word) is yes


@pytest.mark.parametrize(
    ("query", "code"),
    [
        ("EAN: 9002490100070", "9002490100070"),
        ("gtin-13 9002490100070", "9002490100070"),
        ("Art.-Nr. 55-1", "55-1"),
        ("SKU#QX77", "QX77"),
        ("art deco lamp", "art deco lamp"),
        ("model railway", "model railway"),
        ("idea 5000", "idea 5000"),
    ],
)
def test_the_label_of_a_code_is_left_out(query: str, code: str) -> None:
    assert without_label(query) == code


def test_the_ends_of_a_code_begin_at_separators_and_turns() -> None:
    assert endings("ZK-RT4400") == {"zkrt4400", "rt4400", "4400"}
    assert list(codes_in("Drill RT-4400, 18 V, 2 x 3 and DCD790")) == ["RT-4400", "DCD790"]
