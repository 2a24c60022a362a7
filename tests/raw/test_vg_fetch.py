"""Downloads against a real server that drops, lies, refuses, hurries and dies: the right bytes or one clear message."""

import hashlib
import io
import json
import re
import subprocess
import sys
import time
from pathlib import Path
from threading import Event

import pytest
import requests
from vg_site import Site

from relclip.core import command
from relclip.core.params.raw import VgFile, VisualGenome
from relclip.raw.vg import collect as collecting
from relclip.raw.vg import fetch as fetching
from relclip.raw.vg import mirrors
from relclip.raw.vg.address import Refused, open_address
from relclip.raw.vg.collect import collect
from relclip.raw.vg.fetch import Watch, fetch
from relclip.raw.vg.files import LIST, Remote, wanted_files
from relclip.raw.vg.mirrors import Downloads

ROOT = Path(__file__).resolve().parents[2]
CONTENT = bytes(range(1, 256)) * 4000  # 1 MB: several pieces
DIGEST = hashlib.sha256(CONTENT).hexdigest()


@pytest.fixture
def site(tmp_path):
    folder = tmp_path / "site"
    folder.mkdir()
    for name in ("a.txt", "b.txt", "c.txt", "d.txt"):
        (folder / name).write_bytes(CONTENT)
    made = Site(folder)
    yield made
    made.close()


def remote(site, *names, known=True):
    size, digest = (len(CONTENT), DIGEST) if known else (None, None)
    return Remote(names[0], "a file", tuple(map(site.url, names)), size, digest)


def downloads(folder, **settings):
    folder.mkdir(exist_ok=True)
    return Downloads(folder, VisualGenome(**{"backoff": 0.01, "retries": 3} | settings))


@pytest.mark.parametrize(
    "faults",
    [
        [],
        ["drop 300000"],
        ["drop 300000", "drop 300000", "no_range"],
        ["drop 300000", "changed", "no_range"],
        ["drop 300000", "other_range"],
        ["drop 300000", "no_total"],
        ["drop 300000", "changed_anyway", "no_range"],
        ["hang_up", "500", "503 0"],
        ["lie_long", ""],
        ["no_length"],
        ["no_tag"],
        ["drop 0", "drop 1", "408"],
    ],
    ids=str,
)
@pytest.mark.parametrize("known", [True, False], ids=["size known", "size unknown"])
def test_the_file_comes_whole(site, tmp_path, faults, known):
    site.faults["a.txt"] = list(faults)
    wanted = remote(site, "a.txt", "b.txt", known=known)
    if "changed" in faults and not known:  # a server that swaps the file: what it serves last is the file
        site.faults["a.txt"] = ["drop 300000", "no_range"]
    if "lie_long" in faults and known:
        site.faults["b.txt"] = ["drop 5"]  # it refutes the announcement and asks the next mirror
    assert downloads(tmp_path / "to").all([wanted]) == {}
    assert (tmp_path / "to/a.txt").read_bytes() == CONTENT
    assert sorted(path.name for path in (tmp_path / "to").iterdir()) == ["a.txt", "a.txt.from.json"]
    assert DIGEST in (tmp_path / "to/a.txt.from.json").read_text()


def test_what_came_is_not_fetched_twice(site, tmp_path):
    site.faults["a.txt"] = ["drop 400000"]
    failed = downloads(tmp_path / "to", retries=0).all([remote(site, "a.txt")])
    assert "broke after" in failed["a.txt"][0][1]
    length = (tmp_path / "to/a.txt.part").stat().st_size
    assert 0 < length <= 400_000
    assert downloads(tmp_path / "to").all([remote(site, "a.txt")]) == {}
    tag = f'"{hashlib.md5(CONTENT).hexdigest()}"'
    assert site.asked[-1] == ("a.txt", f"bytes={length}-", tag)
    assert (tmp_path / "to/a.txt").read_bytes() == CONTENT


def test_a_part_is_continued_from_another_mirror_only_under_a_digest(site, tmp_path):
    for known, expected in ((True, "bytes="), (False, None)):
        site.faults["a.txt"] = ["drop 400000"]
        folder = tmp_path / str(known)
        downloads(folder, retries=0).all([remote(site, "a.txt", "b.txt", known=known)])
        name, asked, _ = site.asked[-1]
        assert name == "b.txt" and (asked or "None").startswith(str(expected))
        assert (folder / "a.txt").read_bytes() == CONTENT


def test_a_whole_part_needs_no_more_bytes(site, tmp_path):
    (tmp_path / "to").mkdir()
    (tmp_path / "to/a.txt.part").write_bytes(CONTENT)
    (tmp_path / "to/a.txt.part.json").write_text(
        json.dumps({"address": site.url("a.txt"), "validator": None, "total": None})
    )
    assert downloads(tmp_path / "to").all([remote(site, "a.txt", known=False)]) == {}
    assert site.asked == [("a.txt", f"bytes={len(CONTENT)}-", None)]  # 416: the end is reached


@pytest.mark.parametrize(
    ("fault", "said"),
    [
        ("403", "answers 403"),
        ("404", "answers 404"),
        ("flipped", "another SHA-256"),
        ("lie_short", "are expected"),
        ("page", "web page"),
        ("redirect file:///etc/passwd", "redirects from http to file"),
        ("redirect ftp://127.0.0.1/a.txt", "redirects from http to ftp"),
        ("redirect http://example.org/a.txt", "allowed: https"),
        ("redirect http://[", "no address"),
        ("redirect /\xff\xe4", "no address"),
    ],
)
def test_a_bad_mirror_is_left_for_the_next(site, tmp_path, fault, said, capsys):
    site.faults["a.txt"] = [fault]
    assert downloads(tmp_path / "to").all([remote(site, "a.txt", "b.txt")]) == {}
    assert (tmp_path / "to/a.txt").read_bytes() == CONTENT
    assert said in capsys.readouterr().err
    assert [name for name, *_ in site.asked].count("a.txt") == 1


def test_redirects_are_followed_and_end(site, tmp_path):
    site.faults["a.txt"] = ["redirect /b.txt"]
    assert downloads(tmp_path / "to").all([remote(site, "a.txt")]) == {}
    site.faults["c.txt"] = ["redirect /c.txt"] * 20
    assert "redirects more than" in downloads(tmp_path / "to").all([remote(site, "c.txt")])["c.txt"][0][1]


def test_https_may_not_lead_to_http_of_this_machine(site):
    class Session:
        def get(self, address, **_):
            answer = requests.Response()
            answer.status_code, answer.headers["Location"] = 302, site.url("a.txt")
            answer.raw = io.BytesIO()
            return answer

    with pytest.raises(Refused, match="from https to http"):
        open_address(Session(), "https://example.org/a.txt", {})


def test_retry_after_is_kept_and_too_long_a_wait_is_not(site, tmp_path):
    site.faults["a.txt"] = ["429 1"]
    begin = time.monotonic()
    assert downloads(tmp_path / "to").all([remote(site, "a.txt")]) == {}
    assert time.monotonic() - begin >= 1.0
    site.faults["a.txt"] = ["429 7200"]
    failed = downloads(tmp_path / "again").all([remote(site, "a.txt")])
    assert "asks to wait 7200 s" in failed["a.txt"][0][1]


def test_a_host_gets_two_connections_at_most(site, tmp_path):
    for name in "abcd":
        site.faults[f"{name}.txt"] = ["503"] * 2
    wanted = [remote(site, f"{name}.txt") for name in "abcd"]
    assert downloads(tmp_path / "to", parallel=8, per_host=2).all(wanted) == {}
    assert 1 <= site.most_at_once <= 2


def test_more_than_announced_is_cut_off(site, tmp_path, monkeypatch):
    monkeypatch.setattr("relclip.raw.vg.fetch.MOST", 100_000)
    site.faults["a.txt"] = ["no_length"]
    with requests.Session() as session, pytest.raises(Refused, match="more than the 100"):
        watch = Watch(lambda *_: None, Event())
        fetch(session, site.url("a.txt"), tmp_path / "part", remote(site, "a.txt", known=False), watch)


def test_without_a_network_one_message_says_what_to_put_where(tmp_path, monkeypatch, capsys):
    nobody = Site(tmp_path)
    addresses = nobody.mirrors(("images.zip", "objects.json.zip"))
    nobody.close()
    wanted = [Remote(name, "x", tuple(of), 12) for name, of in addresses.items()]
    wanted.append(
        Remote("object_alias.txt", "x", ("file:///etc/passwd", "http://example.org/x", "notes.txt"))
    )
    monkeypatch.setattr(collecting, "wanted_files", lambda _: wanted)
    begin = time.monotonic()
    with pytest.raises(SystemExit, match="2"):
        command.run(lambda: collect(VisualGenome(folder=str(tmp_path / "to"), backoff=0.01)))
    assert time.monotonic() - begin < 5
    _, _, text = capsys.readouterr().err.partition("relclip: ")
    listed = text.splitlines()  # each file and address on a line of its own
    assert listed[0].startswith("Visual Genome is not complete here; 3 files")
    assert listed[1] == "  images.zip (x, 12 bytes)" and f"    {addresses['images.zip'][0]}: " in listed[2]
    for words in (
        *addresses["images.zip"],
        "3 files",
        "raw.vg.have",
        str(tmp_path / "to"),
        "file address",
        "no address",
    ):
        assert words in text
    assert text.count("Connection refused") == 2


def test_ctrl_c_keeps_what_came(site, tmp_path, monkeypatch):
    def interrupt(*_):
        raise KeyboardInterrupt

    site.faults["a.txt"] = ["drop 500000"]
    monkeypatch.setattr(mirrors.Downloads, "_pause", interrupt)
    with pytest.raises(KeyboardInterrupt):
        downloads(tmp_path / "to").all([remote(site, "a.txt"), remote(site, "b.txt")])
    assert (tmp_path / "to/a.txt.part").stat().st_size > 0
    monkeypatch.undo()
    assert downloads(tmp_path / "to").all([remote(site, "a.txt")]) == {}


def test_a_silent_server_does_not_hold_up_an_error(site, tmp_path, monkeypatch):
    """Ctrl-C and a full disk end at once, though another download waits for bytes."""
    site.faults["a.txt"] = ["stall 300000"]

    def full(*_):
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(mirrors.Downloads, "_checked", full)
    begin = time.monotonic()
    with pytest.raises(OSError, match="No space"):
        downloads(tmp_path / "to").all([remote(site, "a.txt"), remote(site, "b.txt")])
    assert time.monotonic() - begin < 20


def test_a_server_that_drips_is_asked_again(site, tmp_path, monkeypatch, capsys):
    monkeypatch.setattr(fetching, "SECONDS", 0.5)
    site.faults["a.txt"] = ["drip 300000"]
    assert downloads(tmp_path / "to").all([remote(site, "a.txt")]) == {}
    assert (tmp_path / "to/a.txt").read_bytes() == CONTENT
    assert "bytes in" in capsys.readouterr().err
    assert site.asked[1][1].startswith("bytes=300"), "what had come is kept"


def test_killed_and_started_again_it_goes_on(site, tmp_path):
    """SIGKILL in the middle of a file, by a process of its own."""
    script = (
        "import sys; from pathlib import Path; from relclip.core.params.raw import VisualGenome\n"
        "from relclip.raw.vg.files import Remote; from relclip.raw.vg.mirrors import Downloads\n"
        "Downloads(Path(sys.argv[1]), VisualGenome()).all([Remote('a.txt', '', (sys.argv[2],))])"
    )
    site.faults["a.txt"] = ["stall 400000"]
    (tmp_path / "to").mkdir()
    process = subprocess.Popen([sys.executable, "-c", script, tmp_path / "to", site.url("a.txt")], cwd=ROOT)
    part = tmp_path / "to/a.txt.part"
    for _ in range(600):
        if part.exists() and part.stat().st_size:
            break
        time.sleep(0.05)
    process.kill()
    process.wait()
    length = part.stat().st_size
    assert 0 < length <= 400_000
    assert downloads(tmp_path / "to").all([remote(site, "a.txt", known=False)]) == {}
    assert (tmp_path / "to/a.txt").read_bytes() == CONTENT and site.asked[-1][1] == f"bytes={length}-"


def test_the_list_names_known_files_and_good_hosts():
    names = {
        entry.name
        for route in ("json", "h5")
        for entry in wanted_files(VisualGenome(route=route, captions=["train", "validation"]))
    }
    assert names == set(VgFile.__args__)
    assert "visualgenome." not in LIST.read_text()
    for entry in wanted_files(VisualGenome()):
        assert entry.mirrors and all(address.startswith("https://") for address in entry.mirrors)


def test_the_page_names_the_files_that_have_one_address():
    listed = json.loads(LIST.read_text())
    alone = [entry["name"] for entry in listed if len(set(entry["mirrors"])) == 1]
    page = " ".join((ROOT / "docs/visual_genome.md").read_text().split())
    said = page.split("Only one address is known of ")[1].split(": if it is dead")[0]
    assert re.findall(r"[\w.-]+\.(?:txt|json|tsv)", said) == alone
