"""A table of remarks on results, by their positions."""

from rich.table import Table


def position_table(title: str) -> Table:
    """An empty table of two columns: the position of a result, and what is said of it."""
    table = Table(
        box=None,
        show_header=False,
        pad_edge=False,
        padding=(0, 2, 0, 0),
        title=title,
        title_justify="left",
    )
    table.add_column("", justify="right", style="cyan", no_wrap=True)
    table.add_column("", style="dim")
    return table
