"""The word index of a snapshot and its delta.

It is a private copy of the snapshot's index, with a writer. Its files are hard links, or copies
where links cannot be made; tantivy never writes into an existing file. But it writes a lock into
the folder even to read an index, and a data folder may be read-only. So the copy is opened.
"""

from __future__ import annotations

import os
import shutil
from collections.abc import Iterable
from pathlib import Path

from tantivy import Query

from shared.catalog.product import Product
from shared.live.live_vocabulary import LiveVocabulary
from shared.snapshot.lexical import LexicalIndex, opened
from shared.snapshot.lexical_document import ROW, document, names
from shared.snapshot.vocabulary import Vocabulary
from shared.text.analysis import Analysis

_WRITER_BYTES = 15_000_000  # tantivy's minimum; a commit writes the whole buffer


class LiveLexical:
    """Adds and deletes products.

    Indexes returned by later calls of `committed` include the changes.
    """

    def __init__(self, private: Path, vocabulary: Vocabulary, analysis: Analysis) -> None:
        """`private` is a copy of a snapshot's index that only this process uses."""
        self._analysis = analysis
        self._index = opened(private)
        self._index.config_reader("manual")
        self._writer = self._index.writer(_WRITER_BYTES, 1)
        self._vocabulary = LiveVocabulary(vocabulary)
        self._deleted = False

    def add(self, product: Product, row: int) -> None:
        """Index a product in a new row."""
        self._writer.add_document(document(product, row, self._analysis))
        self._vocabulary.add(names(product))

    def delete(self, product: Product, row: int) -> None:
        """Remove the product in a row from the index."""
        # By query: delete_documents_by_term finds nothing in a field of unsigned numbers
        # (tantivy-py 0.27).
        self._writer.delete_documents_by_query(Query.term_query(self._index.schema, ROW, row))
        self._vocabulary.remove(names(product))
        self._deleted = True

    def committed(self) -> LexicalIndex:
        """The index with all changes so far. It does not change any more."""
        self._writer.commit()
        self._index.reload()
        return LexicalIndex(self._index, self._vocabulary, self._analysis, self._deleted)


def copy_index(folder: Path, private: Path) -> None:
    """Copy a snapshot's index into a new folder."""
    private.mkdir(parents=True)
    for path in _index_files(folder):
        try:
            os.link(path, private / path.name)
        except OSError:  # another file system, or one without links
            shutil.copyfile(path, private / path.name)


def _index_files(folder: Path) -> Iterable[Path]:
    return (path for path in folder.iterdir() if path.suffix not in (".txt", ".npy", ".lock"))
