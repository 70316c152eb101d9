"""The page and the picture of the frontier."""

from cli.frontier.figures import Figures
from cli.frontier.plot import drawn
from cli.frontier.points import Point
from cli.reports.frontier_page import frontier_page
from tests.unit.cli.frontier.test_figures import figures

PNG = b"\x89PNG\r\n"
HOSTILE = "<script>alert('engine')</script>"


def found() -> list[Figures]:
    failed = Figures(Point("bf16"), failed=HOSTILE)
    return [figures("words", 3, 0.7), failed, figures("block & all", 15, 0.8)]


def test_the_picture_is_drawn_in_both_forms() -> None:
    assert drawn(found(), "png").startswith(PNG)
    assert b"<svg" in drawn(found(), "svg")


def test_the_page_has_each_point_the_chosen_one_and_the_picture() -> None:
    page = frontier_page(found(), "A processor, 2 cores")
    assert "<b>block &amp; all</b> is the cheapest" in page
    assert page.count("<svg") == 1
    assert "A processor, 2 cores" in page


def test_a_point_that_does_not_run_here_says_why() -> None:
    page = frontier_page(found(), "")
    assert "does not run here" in page
    assert HOSTILE not in page
