"""Judged queries, read from two tab-separated files."""

import csv
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from shared.errors import InvalidRequest


@dataclass(frozen=True)
class JudgedQuery:
    """A query, and the grade (0 to 3) of each product judged for it, in the order of the file."""

    query_id: str
    text: str
    grades: dict[str, float]


def read_queries(path: Path) -> dict[str, str]:
    """query_id -> query, from a file with these two columns."""
    texts: dict[str, str] = {}
    for line, row in _rows(path, "query_id", "query"):
        if texts.setdefault(row["query_id"], row["query"]) != row["query"]:
            raise InvalidRequest(
                f"{path} line {line}", f"query_id {row['query_id']!r} has another query in an earlier line"
            )
    return texts


def read_judged_queries(queries: Path, judgments: Path) -> list[JudgedQuery]:
    """The queries that have judgments, in the order of `queries`.

    Raises InvalidRequest naming the file, and the line if there is one.
    """
    texts = read_queries(queries)
    grades: dict[str, dict[str, float]] = {}
    for line, row in _rows(judgments, "query_id", "product_id", "grade"):
        grades.setdefault(row["query_id"], {})[row["product_id"]] = _grade(row["grade"], judgments, line)
    judged = [
        JudgedQuery(query_id, text, grades[query_id])
        for query_id, text in texts.items()
        if query_id in grades
    ]
    if not judged:
        raise InvalidRequest(
            str(judgments), f"none of its query_ids is in {queries}; do both belong to the same set?"
        )
    return judged


def _grade(text: str, path: Path, line: int) -> float:
    try:
        grade = float(text)
    except ValueError:
        grade = -1.0
    if not 0 <= grade <= 3:
        raise InvalidRequest(f"{path} line {line}", f"grade is {text!r}; it must be a number from 0 to 3")
    return grade


def _rows(path: Path, *columns: str) -> Iterator[tuple[int, dict[str, str]]]:
    """Yields line number and row.

    Quotation marks are ordinary characters, since a query may have one.
    """
    try:
        with path.open(encoding="utf-8-sig", newline="") as file:
            reader = csv.DictReader(file, delimiter="\t", quoting=csv.QUOTE_NONE)
            missing = [name for name in columns if name not in (reader.fieldnames or ())]
            if missing:
                raise InvalidRequest(
                    f"{path} line 1",
                    f"no column {missing[0]!r}; tab-separated {', '.join(columns)} expected",
                )
            for line, row in enumerate(reader, 2):
                if any(row[name] is None for name in columns):
                    raise InvalidRequest(
                        f"{path} line {line}", f"{', '.join(columns)} expected, separated by tabs"
                    )
                yield line, row
    except OSError as error:
        raise InvalidRequest(str(path), f"cannot be read: {error.strerror}") from error
    except UnicodeDecodeError as error:
        raise InvalidRequest(str(path), "is not UTF-8; convert it first") from error
    except csv.Error as error:
        raise InvalidRequest(str(path), f"is not a table separated by tabs ({error})") from error
