import hashlib

from shared.product_text import TEXT_VERSION, product_text

EXAMPLES: tuple[tuple[str, list[str], list[str], str], ...] = (
    ("Trail shoe", ["Norr", "Sud"], ["Sport > Running", "Outlet"], "Light. " * 200),
    ("Norr kettle 1.7 l", ["NORR"], ["Kitchen > Kettle"], "Boils.\nKeeps warm."),
    ("  Lamp ", [], [], "lamp"),
    ("", ["Norr"], ["Light"], ""),
)


def test_a_product_begins_with_its_brand_and_title() -> None:
    assert (
        product_text("Trail shoe", ["Norr"], ["Sport > Running"], "Light.")
        == "Norr Trail shoe. Running. Light."
    )


def test_a_brand_in_the_title_is_not_said_twice() -> None:
    assert product_text("Norr trail shoe", ["NORR"]) == "Norr trail shoe"


def test_a_category_in_the_title_is_not_said_twice() -> None:
    assert product_text("Running shoe", categories=["Sport > Running"]) == "Running shoe"


def test_a_description_that_repeats_the_title_is_left_out() -> None:
    assert product_text("Kettle", description="kettle ") == "Kettle"


def test_a_product_without_a_title_still_has_a_text() -> None:
    assert product_text("", ["Norr"], description="Light.") == "Norr. Light."


def test_a_product_without_anything_is_empty() -> None:
    assert product_text("") == ""


def test_another_composition_comes_with_another_version() -> None:
    texts = "\n".join(product_text(*example) for example in EXAMPLES)
    digest = hashlib.sha256(texts.encode()).hexdigest()[:16]
    assert (TEXT_VERSION, digest) == (1, "dcf4df73348ea4cd"), "raise TEXT_VERSION, and note the digest here"
