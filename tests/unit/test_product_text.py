from shared.product_text import product_text


def test_a_product_begins_with_its_brand_and_title() -> None:
    assert product_text("Trail shoe", ["Norr"], ["Sport > Running"], "Light.") == "Norr Trail shoe. Running. Light."


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
