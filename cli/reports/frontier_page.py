"""The frontier as a page of HTML."""

from __future__ import annotations

from collections.abc import Sequence

from jinja2 import Environment, PackageLoader
from markupsafe import Markup

from cli.frontier.figures import WITHIN, Figures, chosen, frontier
from cli.frontier.plot import drawn


def frontier_page(found: Sequence[Figures], processor: str) -> str:
    """The text of the page. `processor` names the machine's."""
    loader = PackageLoader("cli.reports", "")
    template = Environment(loader=loader, autoescape=True).get_template("frontier.html")
    here = [each for each in found if not each.failed]
    picture = drawn(found, "svg").decode()
    return template.render(
        figures=list(enumerate(found, 1)),
        shops=list(here[0].quality),
        chosen=chosen(here),
        on_frontier=frontier(here),
        within=WITHIN,
        processor=processor,
        picture=Markup(picture[picture.index("<svg") :]),
    )
