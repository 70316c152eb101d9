"""Filters as text: what they mean, and what is said about those that mean nothing."""

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from aisle.v1.search_pb2 import AnyOf, Filter, FilterGroup, NumberRange, SearchRequest
from services.gateway import validation
from services.gateway.filters.where import parsed
from shared.errors import InvalidRequest

NOON = 1_767_268_800  # 2026-01-01T12:00:00Z
BEGIN = NOON - 43_200
END = NOON + 43_200


def values(field: str, *wanted: str, negate: bool = False) -> Filter:
    return Filter(field=field, any_of=AnyOf(values=wanted), negate=negate)


def between(field: str, low: float | None = None, high: float | None = None, **ends: bool) -> Filter:
    found = Filter(field=field, range=NumberRange(min=low, max=high))
    for name, end in ends.items():
        setattr(found.range, name, end)
    return found


def every(*parts: Filter) -> Filter:
    return Filter(all_filters=FilterGroup(filters=parts))


def some(*parts: Filter) -> Filter:
    return Filter(any_filter=FilterGroup(filters=parts))


@pytest.mark.parametrize(
    ("text", "filters"),
    [
        ("", []),
        ("brands:holm", [values("brands", "holm")]),
        ("brands=holm", [values("brands", "holm")]),
        ("brands!=holm", [values("brands", "holm", negate=True)]),
        ('brands:"Holm & Co" AND tags:new', [values("brands", "Holm & Co"), values("tags", "new")]),
        (r'tags:"say \"hi\" \\"', [values("tags", r'say "hi" \ '.strip())]),
        ("tags:(new OR eco)", [values("tags", "new", "eco")]),
        ("price:10..50", [between("price", 10, 50)]),
        ("price:..49.5", [between("price", None, 49.5)]),
        ("price:-5..", [between("price", -5)]),
        ("price:>=10 AND price<20", [between("price", 10), between("price", high=20, max_exclusive=True)]),
        ("rating > 4", [between("rating", 4, min_exclusive=True)]),
        ("rating_count:0", [values("rating_count", "0")]),
        ("rating:*", [Filter(field="rating", exists=True)]),
        ('tags:"*"', [values("tags", "*")]),
        ("NOT rating:*", [Filter(field="rating", exists=True, negate=True)]),
        ("NOT NOT tags:new", [values("tags", "new")]),
        ('attributes."seat height":>40', [between("attributes.seat height", 40, min_exclusive=True)]),
        ('"attributes.seat height":low', [values("attributes.seat height", "low")]),
        ('tags:"OR" OR tags:or', [some(values("tags", "OR"), values("tags", "or"))]),
        ("sku:AB-12/3 OR gtin:12345670", [some(values("sku", "AB-12/3"), values("gtin", "12345670"))]),
    ],
)  # fmt: skip
def test_a_text_is_read_as_filters(text: str, filters: list[Filter]) -> None:
    assert list(parsed(text)) == filters


def test_and_binds_before_or_and_brackets_before_both() -> None:
    a, b, c = (values("tags", name) for name in "abc")
    assert list(parsed("tags:a OR tags:b AND tags:c")) == [some(a, every(b, c))]
    assert list(parsed("(tags:a OR tags:b) AND tags:c")) == [some(a, b), c]
    negated = every(a, some(b, c))
    negated.negate = True
    assert list(parsed("NOT (tags:a AND (tags:b OR tags:c))")) == [negated]


@pytest.mark.parametrize(
    ("text", "filter_"),
    [
        ("publish_time:2026-01-01", between("publish_time", BEGIN, END, max_exclusive=True)),
        ("publish_time:..2026-01-01", between("publish_time", None, END, max_exclusive=True)),
        ("publish_time>2026-01-01", between("publish_time", END)),
        ("publish_time<2026-01-01", between("publish_time", None, BEGIN, max_exclusive=True)),
        ('expire_time:>="2026-01-01T13:00:00+01:00"', between("expire_time", NOON)),
        ('expire_time:"2026-01-01T12:00:00".."2026-01-01T12:00:00Z"', between("expire_time", NOON, NOON)),
        (f"publish_time:{NOON}..", between("publish_time", NOON)),
    ],
)  # fmt: skip
def test_times_are_days_or_moments(text: str, filter_: Filter) -> None:
    assert list(parsed(text)) == [filter_]


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("brand:x", r"at character 1 \('brand'\): 'brand' is unknown; use one of"),
        ("tags:new brands:holm", r"at character 10 \('brands'\): write AND or OR before it"),
        ("tags:new and brands:holm", r"at character 10 \('and'\): write AND or OR"),
        ("tags:new AND", r"at character 13 \(the end\): a field is missing"),
        ("tags:", r"at character 6 \(the end\): a value is missing"),
        ("tags", r"at character 5 \(the end\): write : and a value after the field tags"),
        ('tags:"new', r"at character 6 .*not closed; add another"),
        ("(tags:new", r"at character 10 \(the end\): close the bracket of character 1 with \)"),
        ("tags:new)", r"at character 9 \('\)'\): no bracket is open"),
        ("tags:(new, eco)", r"OR between values"),
        ("price:cheap", r"at character 7 \('cheap'\): price needs a number"),
        ("price:50..10", r"at character 7 \('50'\): is above 10; swap them"),
        ("price:..", r"at character 1 \('price'\): the range has no end"),
        ("price:nan..", "price needs a number"),
        ("brands:1..5", r"at character 1 \('brands'\): holds texts, which have no range"),
        ("publish_time:yesterday", r"publish_time is a time; write a day such as 2026-11-29"),
        ("tags:a!b", 'put a value that holds ! into "quotes"'),
        ("(" * 9 + "tags:a" + ")" * 9, "brackets go at most 8 levels deep"),
        ("tags:" + "a" * 10_000, "has 10005 characters; send at most 10,000"),
    ],
)
def test_a_text_that_means_nothing_is_refused_with_place_and_remedy(text: str, said: str) -> None:
    with pytest.raises(InvalidRequest, match=rf"^where: .*{said}"):
        validation.check(SearchRequest(where=text))


def test_limits_hold_for_messages_and_text_together() -> None:
    many = " OR ".join(["tags:a"] * 60)
    with pytest.raises(InvalidRequest, match=r"^filters: 120 are too many"):
        validation.check(SearchRequest(where=many, filters=[values("tags", "a")] * 60))
    listed = " OR ".join(f"v{number}" for number in range(1_200))
    with pytest.raises(InvalidRequest, match=r"^filters: their any_of have 2100 values together"):
        validation.check(
            SearchRequest(where=f"tags:({listed})", filters=[values("tags", *map(str, range(900)))])
        )


def written(filter_: Filter) -> str:
    """The filter as text, by the rules of docs/filters.md."""
    condition = filter_.WhichOneof("condition")
    if condition == "any_of":
        quoted = " OR ".join(
            '"' + value.replace("\\", r"\\").replace('"', r"\"") + '"' for value in filter_.any_of.values
        )
        text = f"{filter_.field}:({quoted})"
    elif condition == "range":
        text = f"{filter_.field}:{filter_.range.min!r}..{filter_.range.max!r}"
    elif condition == "exists":
        text = f"{filter_.field}:*"
    else:
        assert condition is not None
        joined = " AND " if condition == "all_filters" else " OR "
        text = "(" + joined.join(map(written, getattr(filter_, condition).filters)) + ")"
    return f"NOT {text}" if filter_.negate else text


leaves = st.one_of(
    st.builds(
        lambda wanted: values("tags", *wanted),
        st.lists(
            st.text(st.characters(codec="utf-8", exclude_categories=["Cc", "Cs"])),
            min_size=1,
            max_size=3,
        ),
    ),
    st.builds(
        lambda ends: between("price", *sorted(ends)),
        st.lists(st.floats(-1e9, 1e9, allow_subnormal=False), min_size=2, max_size=2),
    ),
    st.just(Filter(field="rating", exists=True)),
)


def negated(filter_: Filter) -> Filter:
    found = Filter()
    found.CopyFrom(filter_)
    found.negate = not filter_.negate
    return found


trees = st.recursive(
    leaves,
    lambda inner: st.one_of(
        st.lists(inner, min_size=2, max_size=3).map(lambda parts: every(*parts)),
        st.lists(inner, min_size=2, max_size=3).map(lambda parts: some(*parts)),
        inner.map(negated),
    ),
    max_leaves=8,
)


@settings(max_examples=200, deadline=None)
@given(tree=trees)
def test_every_tree_is_read_as_it_is_written(tree: Filter) -> None:
    top = tree.WhichOneof("condition") == "all_filters" and not tree.negate
    assert list(parsed(written(tree))) == (list(tree.all_filters.filters) if top else [tree])
