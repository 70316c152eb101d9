from datetime import date

from bench.click_table import DAY_ONE, MOST_CLICKED, Ranks

FIRST, SECOND = date(2011, 10, 12), date(2011, 10, 13)


def test_each_order_has_a_column_and_each_learnt_one_a_gain_over_the_simple_ones() -> None:
    ranks = Ranks()
    for day in (FIRST, SECOND):
        for order, rank in ((DAY_ONE, 10), (MOST_CLICKED, 4), ("aisle", 1), ("aisle, query as new", None)):
            ranks.add(order, day, rank)
    lines = list(ranks.lines())
    cells = "0.1000 / 0.0000 | 0.2500 / 1.0000 | 1.0000 / 1.0000 | 0.0000 / 0.0000"
    assert lines[2] == f"| 2011-10-12 | 1 | {cells} |"
    assert lines[4].startswith("| all | 2 |")
    assert [line.split(":")[0] for line in lines[5:]] == [
        "MRR of aisle - day one",
        "MRR of aisle - most clicked",
        "MRR of aisle, query as new - day one",
        "MRR of aisle, query as new - most clicked",
    ]
