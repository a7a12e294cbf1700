import pytest
from millwright_labs import tables
from millwright_labs.apps.files import PIECE, Download, Files, Table
from millwright_labs.catalogue import Catalogue
from millwright_labs.errors import TableError

TEXT = """
[files]
label = "Your data"
hint = "At most {megabytes:.0f} MB."
[download]
report = "Report"
"""


@pytest.fixture
def files(tmp_path):
    (tmp_path / "x.en.toml").write_text(TEXT, encoding="utf-8")
    taken, sent = [], []

    def take(name, data):
        taken.append((name, data))
        if data.startswith(b"bad"):
            raise TableError("This is bad. Do better.")
        if data.startswith(b"bug"):
            raise ZeroDivisionError
        return f"{name}: {len(data)}"

    files = Files(
        Catalogue("x", tmp_path),
        take,
        {"report": lambda: Download("r.html", "text/html", b"<p>")},
    )
    files.taken, files.sent = taken, sent
    files.send = lambda content, buffers=None: sent.append((content, buffers))
    return files


def upload(files, data, number=1, size=None, piece=PIECE):
    size = len(data) if size is None else size
    files._received(None, {"name": "x.csv", "size": size, "number": number}, [])
    for begin in range(0, len(data), piece):
        last = begin + piece >= len(data)
        content = {"name": "x.csv", "piece": number, "last": last}
        files._received(None, content, [memoryview(data[begin : begin + piece])])


def test_a_file_arrives_whole_from_its_pieces(files):
    data = bytes(range(256)) * 9000
    upload(files, data)
    assert files.taken == [("x.csv", data)]
    assert files.status == f"x.csv: {len(data)}"
    assert files.sent[-1] == ({"done": True}, None)


def test_a_gigabyte_is_refused_by_its_size_before_a_byte_comes(files):
    upload(files, b"", size=1_000_000_000)
    assert "1000 MB" in files.problem
    assert "20 MB" in files.problem
    assert files.taken == []
    files._received(None, {"name": "x.csv", "piece": 1, "last": True}, [b"all the same"])
    assert files.taken == []


def test_more_bytes_than_were_told_are_refused(files):
    upload(files, b"x" * 100, size=50, piece=30)
    assert files.problem == str(tables.problem("cut_off"))
    assert files.taken == []


def test_fewer_bytes_than_were_told_are_refused(files):
    upload(files, b"x" * 10, size=50)
    assert files.problem == str(tables.problem("cut_off"))
    assert files.taken == []


def test_an_empty_file_is_told_to_the_app(files):
    upload(files, b"")
    assert files.taken == [("x.csv", b"")]


def test_a_second_file_replaces_one_that_is_still_coming(files):
    files._received(None, {"name": "old.csv", "size": 4, "number": 1}, [])
    files._received(None, {"name": "old.csv", "piece": 1}, [b"ol"])
    upload(files, b"new", number=2)
    files._received(None, {"name": "old.csv", "piece": 1, "last": True}, [b"d!"])
    assert files.taken == [("x.csv", b"new")]


def test_a_bad_file_and_a_fault_of_ours_are_told_apart_and_no_name_is_logged(files, caplog):
    upload(files, b"bad")
    assert (files.status, files.problem) == ("", "This is bad. Do better.")
    upload(files, b"bug")
    assert files.status == ""
    assert files.problem
    assert "x.csv" not in caplog.text
    upload(files, b"good")
    assert (files.status, files.problem) == ("x.csv: 4", "")


def test_a_download_is_sent_as_bytes(files):
    files._received(None, {"download": "report"}, [])
    assert files.sent == [({"download": "r.html", "kind": "text/html"}, [b"<p>"])]


@pytest.mark.parametrize(
    "content",
    [None, [], {}, {"size": "9"}, {"size": -1}, {"size": True}, {"piece": 7}, {"download": "evil"}],
)
def test_no_message_breaks_it(files, content):
    files._received(None, content, None)
    assert files.taken == []
    assert files.sent == []


def test_a_table_is_plain_for_the_browser():
    table = Table("Caption", ("a", "b"), (("1", "2"),)).plain()
    assert table == {"caption": "Caption", "head": ["a", "b"], "rows": [["1", "2"]]}
