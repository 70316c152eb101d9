from services.retrieval.nearest_names import nearest_names


def test_the_most_alike_of_very_many_names_are_found() -> None:
    known = (f"attributes.name_{number}" for number in range(100_000))
    assert nearest_names("attributes.nam_77123", known)[0] == "attributes.name_77123"


def test_at_most_three_names_are_told_and_none_that_is_not_alike() -> None:
    assert nearest_names("colour", ["color", "colours", "colourway", "colors", "size"]) == [
        "colours",
        "color",
        "colors",
    ]
    assert nearest_names("zzz", ["color", "size"]) == []
