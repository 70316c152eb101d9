"""Index a catalogue file."""

from pathlib import Path
from typing import Any

from cli.files.catalog_file import CatalogFile
from cli.files.options import ReadOptions
from services.embedding.indexing.progress import IndexProgress
from services.standalone.indexing import ReplaceAll, index_catalog


def index_file(  # noqa: PLR0913  (the options of the command)
    catalog: Path,
    data: Path,
    bundle: str = "",
    progress: IndexProgress | None = None,
    options: ReadOptions | None = None,
    replace_all: ReplaceAll | None = None,
) -> dict[str, Any]:
    """Upsert a file's products into DATA's next snapshot. See index_catalog."""
    chosen = options or ReadOptions()
    return index_catalog(lambda: CatalogFile(catalog, chosen), data, bundle, progress, replace_all)
