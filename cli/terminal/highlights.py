"""Shows the matched words of results in bold."""

from collections.abc import Sequence

from rich.console import Console
from rich.text import Text

from aisle.v1.search_pb2 import Highlight, SearchResult
from cli.terminal.console import one_line
from cli.terminal.position_table import position_table

_TITLE = "title"
_DESCRIPTION = "description"


def marked_title(result: SearchResult) -> Text:
    """The title of a result, with its matched words in bold if it has highlights."""
    found = next((each for each in result.highlights if each.field == _TITLE), None)
    return Text(one_line(result.product.title)) if found is None else marked(found, "bold")


def show_highlights(console: Console, results: Sequence[SearchResult]) -> None:
    """Print snippets of descriptions, and the other values that hold words of the query."""
    table = position_table("matched words")
    for result in results:
        shown = [_line(each) for each in result.highlights if each.field != _TITLE]
        if shown:
            table.add_row(str(result.position), Text("\n").join(shown))
    if table.row_count:
        console.print(table)


def marked(highlight: Highlight, style: str = "bold not dim") -> Text:
    """The text of a highlight. Ellipses stand for what was left out."""
    text = Text("…" if highlight.cut_before else "")
    for piece in highlight.pieces:
        text.append(one_line(piece.text), style if piece.matched else None)
    return text.append("…") if highlight.cut_after else text


def _line(highlight: Highlight) -> Text:
    named = "" if highlight.field == _DESCRIPTION else f"{highlight.field}: "
    return Text(named).append_text(marked(highlight))
