"""The page over real HTTP: who is let in, what is refused, what is escaped, which pictures leave."""

import io
import signal
import subprocess
import sys
from pathlib import Path

import pytest
import yaml
from annotate_case import RUNS, SIDE, Visitor, served
from PIL import Image

from relclip.annotate.__main__ import main
from relclip.annotate.app import clean_name
from relclip.annotate.pictures import read_pictures
from relclip.annotate.server import listening, loopback
from relclip.core import parquet
from relclip.core.errors import InputError
from relclip.project.preset import preset_content

ROOT = Path(__file__).resolve().parents[2]


@pytest.fixture
def desk(case, tmp_path):
    return case.desk(tmp_path / "answers.db")


@pytest.fixture
def port(desk):
    with served(desk) as port:
        yield port


def test_a_name_questions_undo_and_the_end(port, desk, case):
    ada = Visitor(port, "Ada")
    _, first = ada.json("GET", "/state")
    assert (first["answered"], first["total"], first["place"]) == (0, len(case.asked.questions), 0)
    assert not any(run in str(first) for run in RUNS)
    _, second = ada.json("POST", "/answer", {"question": first["question"], "answer": "right"})
    assert (second["place"], second["answered"]) == (1, 1)
    _, again = ada.json("POST", "/undo")
    assert (again["place"], again["answered"], again["answer"]) == (0, 0, None)
    assert ada.json("POST", "/undo") == (409, {"error": "There is nothing to undo."})
    assert ada.answer_all(lambda state: "skip") == first["total"]
    status, last = ada.json("GET", "/state")
    assert (status, last["done"], last["answered"]) == (200, True, first["total"])
    assert ada.json("GET", f"/state?place={first['total'] - 1}")[1]["answer"] == "skip"
    assert ada.json("GET", f"/state?place={first['total']}")[0] == 404
    bob = Visitor(port, "Bob")
    assert bob.json("GET", "/state")[1]["answered"] == 0


def test_closing_and_coming_back(case, tmp_path):
    with served(case.desk(tmp_path / "a.db")) as port:
        ada = Visitor(port, "Ada")
        _, state = ada.json("GET", "/state")
        _, state = ada.json("POST", "/answer", {"question": state["question"], "answer": "wrong"})
    with served(case.desk(tmp_path / "a.db")) as port:
        ada.port = port  # the cookie is still good
        assert ada.json("GET", "/state")[1] == state
        assert Visitor(port, "Ada").json("GET", "/state")[1] == state
        assert b"1 of" in Visitor(port).ask("GET", "/")[2]


@pytest.mark.parametrize("origin", ["http://evil.example", "null", None, "http://127.0.0.1:1"])
@pytest.mark.parametrize("path", ["/answer", "/undo", "/name"])
def test_a_post_from_another_site_changes_nothing(port, desk, origin, path):
    ada = Visitor(port, "Ada")
    _, state = ada.json("GET", "/state")
    body = {"question": state["question"], "answer": "right"}
    status, _, text = ada.ask("POST", path, body, Origin=origin)
    assert status == 403 and b"another site" in text
    assert desk.store.annotators() == {"Ada": set()}


@pytest.mark.parametrize("host", ["evil.example", "evil.example:80", "127.0.0.1.evil.example", ""])
@pytest.mark.parametrize("path", ["/", "/state", "/picture/2", "/static/judge.js"])
def test_another_host_header_is_refused(port, host, path):
    status, _, text = Visitor(port, "Ada").ask("GET", path, Host=host)
    assert status == 400 and b"riding" not in text and b"fetch" not in text


@pytest.mark.parametrize("host", ["localhost", "127.0.0.1"])
def test_the_own_names_are_let_in(port, host):
    own = f"{host}:{port}"
    status, headers, _ = Visitor(port).ask(
        "POST", "/name", "name=Ada", form=True, Host=own, Origin=f"http://{own}"
    )
    assert status == 303
    cookie = headers["Set-Cookie"]
    assert "HttpOnly" in cookie and "SameSite=Strict" in cookie


def test_what_is_asked_of_nobody_or_is_no_answer(port):
    stranger, ada = Visitor(port), Visitor(port, "Ada")
    assert stranger.json("GET", "/state")[0] == 401
    assert stranger.json("POST", "/answer", {"question": "x", "answer": "right"})[0] == 401
    assert stranger.ask("GET", "/judge")[1]["Location"] == "/"
    question = ada.json("GET", "/state")[1]["question"]
    assert ada.json("POST", "/answer", {"question": question, "answer": "perhaps"})[0] == 400
    assert ada.json("POST", "/answer", {"question": "other", "answer": "right"})[0] == 409
    for body in ([], 3, {"question": [question]}, {}):
        assert ada.json("POST", "/answer", body)[0] == 409
    assert ada.json("POST", "/answer", {"question": "x" * 20_000})[0] == 413
    deep = "[" * 4000 + "]" * 4000  # fits a request, and no reader's stack
    assert ada.ask("POST", "/answer", deep, form=True, **{"Content-Type": "application/json"})[0] == 400
    forged = Visitor(port)
    forged.cookie = ada.cookie[:-3] + "abc"
    assert forged.json("GET", "/state")[0] == 401


def test_markup_in_names_stays_text(port):
    name = "<script>alert(1)</script>"
    eve = Visitor(port, name.replace("<", "%3C").replace(">", "%3E"))
    for path in ("/", "/judge"):
        page = eve.ask("GET", path)[2].decode()
        assert name not in page and "&lt;script&gt;alert(1)" in page
    assert eve.json("GET", "/state")[1]["name"] == name


def test_every_answer_carries_the_policy(port):
    for path in ("/", "/judge", "/state", "/static/page.css", "/picture/2", "/nowhere"):
        _, headers, text = Visitor(port, "Ada").ask("GET", path)
        assert "default-src 'none'" in headers["Content-Security-Policy"]
        assert "unsafe" not in headers["Content-Security-Policy"]
        assert headers["X-Content-Type-Options"] == "nosniff"
        assert (
            b"http:" not in text
            and b"https:" not in text
            and b" style=" not in text
            and b"onclick" not in text
        )


def test_pictures_are_served_by_id_alone(port, case):
    visitor, asked = Visitor(port), case.asked.images.tolist()
    status, headers, body = visitor.ask("GET", f"/picture/{asked[0]}")
    assert (status, headers["Content-Type"]) == (200, "image/jpeg")
    assert Image.open(io.BytesIO(body)).size == (SIDE, SIDE)
    outside = [
        "/picture/1",
        "/picture/-2",
        "/picture/../judge.js",
        "/picture/%2e%2e%2fparams.yaml",
        "/static/../app.py",
    ]
    assert [visitor.ask("GET", path)[0] for path in outside] == [404] * len(outside)


def test_a_broken_picture_is_one_sentence(case, tmp_path):
    desk = case.desk(tmp_path / "a.db")
    picture = next(iter(desk.pictures))
    broken = tmp_path / "broken.png"
    broken.write_bytes(b"GIF89a is cut off")
    desk.pictures[picture] = type(desk.pictures[picture])(broken, SIDE, SIDE)
    with served(desk) as port:
        status, answer = Visitor(port).json("GET", f"/picture/{picture}")
    assert status == 500 and "broken.png" in answer["error"]


def test_names_of_pictures_stay_inside(case, tmp_path):
    table = parquet.read_table(case.root / "dataset" / "images.parquet", parquet.IMAGES)
    for name in ("../secret.png", "/etc/passwd", "images/../../x.png"):
        files = [name] * table.num_rows
        bad = table.set_column(1, "file", [files])
        parquet.write_table(tmp_path / "images.parquet", bad, parquet.IMAGES)
        with pytest.raises(InputError, match="leads out of"):
            read_pictures(tmp_path, case.root / "raw", case.asked)


def test_a_folder_without_the_pictures_is_said_before_anybody_is_asked(case, tmp_path):
    with pytest.raises(InputError, match=rf"{tmp_path}/images/\d+\.png does not exist \(4 of 4 pictures\)"):
        read_pictures(case.root / "dataset", tmp_path, case.asked)


def test_names_and_addresses():
    assert clean_name("  Ada   Lovelace\n") == "Ada Lovelace"
    assert clean_name("A" * 41) == clean_name("   ") == clean_name("a\x00b") == clean_name("a\u202eb") == ""
    assert [loopback(host) for host in ("localhost", "127.0.0.1", "::1")] == ["127.0.0.1", "127.0.0.1", "::1"]
    for host in ("0.0.0.0", "::", "192.168.1.2", "example.org", ""):
        with pytest.raises(InputError, match="is refused"):
            loopback(host)


def test_the_command_says_where_it_is_and_ends_on_ctrl_c(case, tmp_path):
    content = preset_content("smoke", ROOT / "workflow/presets")
    content["evaluate"]["precision_images"] = 4
    (tmp_path / "params.yaml").write_text(yaml.safe_dump(content))
    (tmp_path / "workflow").symlink_to(ROOT / "workflow")
    folders = [
        str(word) for name in ("dataset", "raw", "evaluate") for word in (f"--{name}", case.root / name)
    ]
    command = [sys.executable, "-m", "relclip", "annotate", *folders, "--runs", *RUNS, "--port", "0"]
    command += ["--statements", "20"]
    with subprocess.Popen(
        command, cwd=tmp_path, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True
    ) as process:
        said = [process.stdout.readline() for _ in range(2)]
        port = int(said[1].split("127.0.0.1:")[1].split("/")[0])
        Visitor(port, "Ada").json("GET", "/state")
        process.send_signal(signal.SIGINT)
        try:
            assert process.wait(timeout=30) == 0
        finally:
            process.kill()
        assert process.stderr.read() == ""
    every = len(case.asked.questions)
    assert "statements on" in said[0] and f"of {every} (--statements {every}: about " in said[0]
    assert (tmp_path / "annotate.db").is_file()


def test_a_port_in_use_leaves_no_database_behind(case, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    content = preset_content("smoke", ROOT / "workflow/presets")
    content["evaluate"]["precision_images"] = 4
    (tmp_path / "params.yaml").write_text(yaml.safe_dump(content))
    (tmp_path / "workflow").symlink_to(ROOT / "workflow")
    with listening("127.0.0.1", 0) as other:
        port = str(other.getsockname()[1])
        folders = [
            str(word) for name in ("dataset", "raw", "evaluate") for word in (f"--{name}", case.root / name)
        ]
        monkeypatch.setattr(sys, "argv", ["relclip annotate", *folders, "--runs", *RUNS, "--port", port])
        with pytest.raises(InputError, match=f"port {port} cannot be used"):
            main()
    assert {path.name for path in tmp_path.iterdir()} == {"params.yaml", "workflow"}
