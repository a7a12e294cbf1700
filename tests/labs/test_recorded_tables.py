import csv
import io

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from millwright_labs import tables
from millwright_labs.errors import TableError

ROWS = [["Zeit", "Druck (bar)", "Öl °C"], ["0", "5.25", "-3.0"], ["1", "6.5", "41.75"]]
CHINESE = [["时间", "压力", "温度"], ["0", "5.25", "-3.0"], ["1", "6.5", "41.75"]]


def written(rows, separator=",", decimal="."):
    head, *data = [[field.strip() for field in row] for row in rows]
    lines = [head, *([field.replace(".", decimal) for field in row] for row in data)]
    return "\r\n".join(separator.join(line) for line in lines) + "\r\n"


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "utf-16", "utf-16-le", "utf-16-be"])
@pytest.mark.parametrize(
    ("separator", "decimal"), [(",", "."), (";", ","), ("\t", ","), ("|", ".")]
)
def test_the_same_table_is_read_however_it_was_written(encoding, separator, decimal):
    grid = tables.read(written(ROWS, separator, decimal).encode(encoding))
    assert grid.rows[0] == ROWS[0]
    assert [[grid.number(field) for field in row] for row in grid.rows[1:]] == [
        [0.0, 5.25, -3.0],
        [1.0, 6.5, 41.75],
    ]
    assert (grid.separator, grid.decimal) == (separator, decimal)
    assert grid.lines == [1, 2, 3]


@pytest.mark.parametrize(("rows", "encoding"), [(CHINESE, "gb18030"), (ROWS, "cp1252")])
def test_old_encodings_are_told_apart(rows, encoding):
    grid = tables.read(written(rows).encode(encoding))
    assert grid.encoding == encoding
    assert grid.rows == rows


@pytest.mark.parametrize(
    ("text", "rows"),
    [
        ("sep=;\na;b\n1;2\n", [["a", "b"], ["1", "2"]]),
        (
            "Logger 7\nSite 3\na,b,c\n1,2,3\n4,5,6\n",
            [["a", "b", "c"], ["1", "2", "3"], ["4", "5", "6"]],
        ),
        ("# made by hand\na,b\n\n1,2\n\n", [["a", "b"], ["1", "2"]]),
        ("a;b\n1;2;\n3;4;\n", [["a", "b"], ["1", "2"], ["3", "4"]]),
        ("a;b;\n1;2;\n", [["a", "b"], ["1", "2"]]),
        ('a,"b, c"\n1,"two\nlines"\n', [["a", "b, c"], ["1", "two\nlines"]]),
        ("1,5;2,5\n3,5;4,5\n", [["1,5", "2,5"], ["3,5", "4,5"]]),
        ("a\n1\n2\n", [["a"], ["1"], ["2"]]),
    ],
)
def test_what_loggers_and_spreadsheets_add_does_no_harm(text, rows):
    assert tables.read(text.encode()).rows == rows


@pytest.mark.parametrize(
    ("data", "kind"),
    [
        (b"", "empty"),
        (b"\xef\xbb\xbf", "empty"),
        (b"\xff\xfe", "empty"),
        (b" \r\n\t\v\r\n", "empty"),
        ("\u2028\u2003".encode(), "empty"),
        (b"\0" * 100, "empty"),
        (b"PK\x03\x04rest", "zip"),
        (b"\x1f\x8b\x08rest", "zip"),
        (b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1", "workbook"),
        (b"\x89PNG\r\n\x1a\n\0\0\0\rIHDR", "binary"),
        (b"%PDF-1.7\n\x01\x02\x03", "binary"),
        (b"\x7fELF\x02\x01\x01\0\0", "binary"),
        (b"a,b\n\xff\xff\x80\x81\n", "binary"),
        (b"\xff\xfea", "binary"),
        (bytes(range(1, 256)), "binary"),
    ],
)
def test_what_is_no_table_is_called_by_its_name(data, kind):
    with pytest.raises(TableError) as refused:
        tables.read(data)
    assert str(refused.value) == str(tables.problem(kind))


def test_a_row_of_another_length_is_named_by_its_line():
    with pytest.raises(TableError, match="Line 4 has 3 fields, the other lines have 2"):
        tables.read(b"a,b\n1,2\n\n3,4,5\n6,7\n")


def test_a_line_without_end_is_refused():
    with pytest.raises(TableError, match=r"Line 1: .* far too long"):
        tables.read(b"1" * 1_000_000)


def test_a_file_is_refused_by_its_size():
    with pytest.raises(TableError, match="at most 1 MB"):
        tables.read(b"1" * 1_000_001, largest=1_000_000)


@pytest.mark.parametrize(
    ("text", "decimal", "value"),
    [
        ("1", ".", 1.0), ("-1.5e3", ".", -1500.0), (".5", ".", 0.5), ("−7", ".", -7.0),
        ("1,5", ",", 1.5), ("1.234,5", ",", 1234.5), ("1,234.5", ".", 1234.5), ("1.5", ",", 1.5),
        ("1,5", ".", None), ("1e999", ".", None), ("inf", ".", None), ("nan", ".", None),
        ("0x10", ".", None), ("1_000", ".", None), ("", ".", None), ("12 °C", ".", None),
    ],
)  # fmt: skip
def test_numbers(text, decimal, value):
    assert tables.number(text, decimal) == value


@settings(max_examples=60, deadline=None)
@given(st.binary(max_size=300))
def test_any_bytes_are_a_table_or_one_message(data):
    try:
        grid = tables.read(data)
    except TableError:
        return
    assert len({len(row) for row in grid.rows}) == 1


def test_a_written_table_is_read_back_and_holds_no_formula():
    data = tables.write(["a", "=b"], [["=1+1", 5], ["-3", "@x"], ["Öl, 油", "+"]])
    assert data.startswith(b"\xef\xbb\xbf")
    rows = list(csv.reader(io.StringIO(data.decode("utf-8-sig"))))
    assert rows == [["a", "'=b"], ["'=1+1", "5"], ["-3", "'@x"], ["Öl, 油", "'+"]]
