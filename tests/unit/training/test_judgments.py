from pathlib import Path

import pytest

from services.training.evaluation.judgments import JudgedQuery, read_judged_queries
from shared.errors import InvalidRequest


def _written(path: Path, *rows: str) -> Path:
    path.write_text("\n".join(rows) + "\n", encoding="utf-8")
    return path


def _queries(folder: Path) -> Path:
    return _written(folder / "q.tsv", "query_id\tquery", '1\tbolt 1/4" "hex"', "2\tnobody judged this")


def test_queries_and_grades_are_joined_and_quotes_mean_nothing(tmp_path: Path) -> None:
    judgments = _written(tmp_path / "j.tsv", "query_id\tproduct_id\tgrade", "1\tp1\t2.5", "1\tp2\t0")
    assert read_judged_queries(_queries(tmp_path), judgments) == [
        JudgedQuery("1", 'bolt 1/4" "hex"', {"p1": 2.5, "p2": 0.0})
    ]


@pytest.mark.parametrize("grade", ["four", "nan", "-1", "3.1", ""])
def test_a_grade_outside_its_range_is_named_with_its_line(tmp_path: Path, grade: str) -> None:
    judgments = _written(tmp_path / "j.tsv", "query_id\tproduct_id\tgrade", "1\tp1\t3", f"1\tp2\t{grade}")
    with pytest.raises(InvalidRequest, match=r"j\.tsv line 3: grade"):
        read_judged_queries(_queries(tmp_path), judgments)


def test_a_missing_column_is_named(tmp_path: Path) -> None:
    judgments = _written(tmp_path / "j.tsv", "query_id,product_id,grade", "1,p1,3")
    with pytest.raises(InvalidRequest, match="no column 'query_id'"):
        read_judged_queries(_queries(tmp_path), judgments)


def test_a_short_row_is_named(tmp_path: Path) -> None:
    judgments = _written(tmp_path / "j.tsv", "query_id\tproduct_id\tgrade", "1\tp1")
    with pytest.raises(InvalidRequest, match="line 2"):
        read_judged_queries(_queries(tmp_path), judgments)


def test_a_query_id_of_two_queries_is_named(tmp_path: Path) -> None:
    queries = _written(tmp_path / "q.tsv", "query_id\tquery", "1\tkettle", "1\tkettle", "1\tpot")
    with pytest.raises(InvalidRequest, match=r"q\.tsv line 4: query_id '1' has another query in"):
        read_judged_queries(queries, tmp_path / "j.tsv")


def test_a_byte_order_mark_and_windows_line_ends_mean_nothing(tmp_path: Path) -> None:
    queries = tmp_path / "q.tsv"
    queries.write_bytes(b"\xef\xbb\xbfquery_id\tquery\r\n1\tkettle\r\n")
    judgments = _written(tmp_path / "j.tsv", "query_id\tproduct_id\tgrade", "1\tp1\t3")
    assert read_judged_queries(queries, judgments) == [JudgedQuery("1", "kettle", {"p1": 3.0})]


def test_judgments_of_another_set_are_refused(tmp_path: Path) -> None:
    judgments = _written(tmp_path / "j.tsv", "query_id\tproduct_id\tgrade", "9\tp1\t3")
    with pytest.raises(InvalidRequest, match="same set"):
        read_judged_queries(_queries(tmp_path), judgments)


def test_a_file_that_is_not_there_or_not_text_is_named(tmp_path: Path) -> None:
    with pytest.raises(InvalidRequest, match=r"none\.tsv: cannot be read"):
        read_judged_queries(tmp_path / "none.tsv", tmp_path / "j.tsv")
    (tmp_path / "latin.tsv").write_bytes(b"query_id\tquery\n1\tcaf\xe9\n")
    with pytest.raises(InvalidRequest, match="UTF-8"):
        read_judged_queries(tmp_path / "latin.tsv", tmp_path / "j.tsv")
