"""What holds the rows.

Found by its bytes, read as a stream, refused in one sentence where it is none.
"""

import gzip
import json
import tracemalloc
from pathlib import Path

import pytest
from backports import zstd

from cli.files.catalog_file import CatalogFile
from cli.files.detection import FORMATS
from shared.errors import AisleError, Corrupt, InvalidRequest
from tests.catalog_reading import read, read_text

TWO = [{"id": "1", "title": "Pot"}, {"id": "2", "title": "Pan"}]


def _ids(folder: Path, content: str | bytes, name: str = "catalog.jsonl") -> list[str]:
    return [product.product_id for product in read_text(folder, content, name).products]


def pzstd(content: bytes) -> bytes:
    """As pzstd packs it: before each part a frame that says how long it is, which readers skip."""
    packed = zstd.compress(content)
    return b"\x50\x2a\x4d\x18" + (4).to_bytes(4, "little") + len(packed).to_bytes(4, "little") + packed


@pytest.mark.parametrize(
    "content",
    [
        json.dumps(TWO),
        json.dumps(TWO, indent=2),
        "\n".join(json.dumps([each], indent=1) for each in TWO),
        json.dumps({"total": 2, "limit": 30, "products": TWO, "skip": 0}),
        json.dumps({"products": TWO}, indent=1),
        "\n".join(json.dumps(each, indent=2) for each in TWO),
        "\ufeff" + json.dumps(TWO),
        "id,title\n1,Pot\n2,Pan\n",
        "id;title\r\n1;Pot\r\n2;Pan\r\n",
        "id\ttitle\n1\tPot\n2\tPan\n",
        "id|title\n1|Pot\n2|Pan",
        "id,title\r1,Pot\r2,Pan\r",
        "id,title\r1,Pot\r2,Pan".encode("utf-16"),
        '"id","title"\n"1","Pot, large"\n"2","Pan\nfor two"\n',
        "id,title\n1,Pot\n2,Pan\n".encode("utf-16"),
        "\ufeffid,title\n1,Pot\n2,Pan\n",
        "<rss><channel><item><id>1</id><title>Pot</title></item>"
        "<item><id>2</id><title>Pan</title></item></channel></rss>",
    ],
)
@pytest.mark.parametrize("pack", [bytes, gzip.compress, zstd.compress, pzstd])
def test_the_same_two_products_come_out_of_every_container(
    tmp_path: Path, content: str | bytes, pack: type
) -> None:
    plain = content.encode() if isinstance(content, str) else content
    assert _ids(tmp_path, pack(plain)) == ["1", "2"]


@pytest.mark.parametrize("size", [1, 10, 4_000])
def test_an_array_is_read_whatever_the_parts_in_which_it_comes(tmp_path: Path, size: int) -> None:
    rows = [{"id": str(at), "title": "Käse ☕" * size} for at in range(40)]
    found = read_text(tmp_path, json.dumps(rows, ensure_ascii=False, indent=1))
    assert [product.product_id for product in found.products] == [str(at) for at in range(40)]


def test_a_member_of_an_array_that_is_no_object_costs_itself(tmp_path: Path) -> None:
    found = read_text(tmp_path, '[{"id": "1", "title": "Pot"},\n7,\n{"id": "2", "title": "Pan"}]')
    assert [each.product_id for each in found.products] == ["1", "2"]
    assert [(each.line, each.field) for each in found.account.rejections] == [(2, "line")]


def test_the_line_of_a_row_is_where_it_begins(tmp_path: Path) -> None:
    assert read_text(tmp_path, 'id,title\n1,"Pot\nof clay"\n2,\n').account.rejections[0].line == 4
    assert read_text(tmp_path, json.dumps([TWO[0], {"id": "3"}], indent=1)).account.rejections[0].line == 6
    assert read_text(tmp_path, "<rss>\n<item>\n<id>1</id></item></rss>").account.rejections[0].line == 2


def test_a_broken_first_line_of_json_lines_costs_itself(tmp_path: Path) -> None:
    found = read_text(tmp_path, '{"id": "0",\n{"id": "1", "title": "Pot"}\n{"id": "2", "title": "Pan"}\n')
    assert [each.product_id for each in found.products] == ["1", "2"]
    assert found.account.rejected == 1


@pytest.mark.parametrize(
    ("content", "reason"),
    [
        (b"PK\x03\x04rest", "Excel workbook"),
        (b"\xd0\xcf\x11\xe0rest", "Excel"),
        (b"BZh91AY", "bzip2"),
        (b"%PDF-1.7", "PDF"),
        (b"<!DOCTYPE html><html></html>", "HTML"),
        (b'<!DOCTYPE r [<!ENTITY a "b">]><rss><item/></rss>', "DOCTYPE"),
        (b'<?xml version="1.0"?><!DOCTYPE r SYSTEM "file:///etc/passwd"><rss/>', "DOCTYPE"),
        (b"<rss>" + b"<item>" * 50, "nests more than"),
    ],
)
def test_what_is_no_catalogue_is_refused_with_the_way_out(
    tmp_path: Path, content: bytes, reason: str
) -> None:
    with pytest.raises(InvalidRequest, match=reason):
        read_text(tmp_path, content)


@pytest.mark.parametrize(
    "content",
    [
        '[{"id": "1", "title": "Pot"}, {"id": "2"',
        '[{"id": "1", "title": "Pot"}',
        '{"products": [{"id": "1", "title": "Pot"},',
        "<rss><item><id>1</id><title>Pot</title></item>",
        zstd.compress(b'{"id": "1", "title": "Pot"}\n' * 10_000)[:-9],
    ],
)
def test_a_file_that_is_cut_short_is_named(tmp_path: Path, content: str | bytes) -> None:
    with pytest.raises(Corrupt, match=r"catalog\.jsonl"):
        read_text(tmp_path, content)


def test_a_format_that_does_not_exist_is_refused_with_those_that_do(tmp_path: Path) -> None:
    with pytest.raises(AisleError, match="woocommerce"):
        read_text(tmp_path, "", format="excel")


# Which has no text
@pytest.mark.parametrize("format_", [name for name in FORMATS if name != "parquet"])
def test_a_format_can_be_named(tmp_path: Path, format_: str) -> None:
    content = "<rss></rss>" if format_ == "xml" else "id,title\n" if format_ in ("csv", "tsv") else "{}"
    assert read_text(tmp_path, content, format=format_).products == []


def test_parquet_comes_in_with_lists_maps_and_times(tmp_path: Path) -> None:
    pyarrow = pytest.importorskip("pyarrow")
    from pyarrow import parquet

    table = pyarrow.Table.from_pylist(
        [
            {"id": "1", "title": "Pot", "price": 5.0, "tags": ["a", "b"], "attributes": {"color": "red"}},
            {"id": "2", "title": "Pan", "price": None, "tags": None, "attributes": None},
        ]
    )
    parquet.write_table(table, tmp_path / "catalog.parquet")
    found = read(tmp_path / "catalog.parquet")
    assert found.format == "Parquet"
    assert (found.product("1").tags, found.product("1").attributes) == (("a", "b"), {"color": ("red",)})
    assert found.product("2").price is None


def test_a_large_array_is_a_stream(tmp_path: Path) -> None:
    path = tmp_path / "catalog.json"
    with path.open("w") as file:
        file.write("[")
        file.write(",".join(json.dumps({"id": str(at), "title": "x" * 900}) for at in range(6_000)))
        file.write("]")
    tracemalloc.start()
    count = sum(1 for _ in CatalogFile(path).products())
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert count == 6_000
    assert peak < path.stat().st_size / 2


def test_the_list_of_products_is_found_behind_another_of_its_name(tmp_path: Path) -> None:
    found = read_text(tmp_path, json.dumps({"meta": {"items": [1, 2], "note": '"items": ['}, "items": TWO}))
    assert [each.product_id for each in found.products] == ["1", "2"]


def test_a_second_list_of_an_object_is_not_left_out_without_a_word(tmp_path: Path) -> None:
    found = read_text(tmp_path, json.dumps({"items": TWO[:1], "hits": [], "products": TWO[1:]}))
    assert [each.product_id for each in found.products] == ["1"]
    assert ["second list, 'products'" in each.reason for each in found.account.rejections] == [True]


@pytest.mark.parametrize("text", ['{"id": "1", "title": "Käse"}\n', '[{"id": "1", "title": "Käse"}]'])
def test_json_in_utf_16_is_refused_in_one_sentence(tmp_path: Path, text: str) -> None:
    with pytest.raises(InvalidRequest, match="JSON in UTF-16; save it as UTF-8"):
        read_text(tmp_path, text.encode("utf-16"))


def test_xml_in_utf_16_is_read(tmp_path: Path) -> None:
    text = "<rss><channel><item><id>1</id><title>Käse</title></item></channel></rss>"
    assert read_text(tmp_path, text.encode("utf-16"), "feed.xml").products[0].title == "Käse"


def test_what_stands_behind_an_array_is_not_left_out_without_a_word(tmp_path: Path) -> None:
    with pytest.raises(Corrupt, match="no JSON object or array"):
        read_text(tmp_path, f"{json.dumps(TWO)}\nand so on")


@pytest.mark.parametrize("pack", [gzip.compress, zstd.compress])
def test_packed_parquet_is_refused_as_such(tmp_path: Path, pack: type) -> None:
    with pytest.raises(InvalidRequest, match=r"is Parquet in a pipe, or packed .*; unpack it into a file"):
        read_text(tmp_path, pack(b"PAR1 and so on"), "catalog.parquet.gz")
