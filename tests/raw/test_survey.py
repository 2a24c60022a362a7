"""relclip import, as a user calls it: a folder, and a data set of the Hub from a server on loopback."""

import hashlib
import json
import os
import subprocess
import sys
import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import pytest
from test_formats import expected, make, meaning

from relclip.raw.folder import take_folder

COMMIT = "c" * 40


class Hub(ThreadingHTTPServer):
    """As much of the Hub's interface as one data set `me/toy` needs; `extra` paths are listed beside its files."""

    def __init__(self, folder: Path) -> None:
        files = {
            str(path.relative_to(folder)): path.read_bytes() for path in folder.rglob("*") if path.is_file()
        }
        self.files, self.extra, self.seen = files, [], []
        super().__init__(("127.0.0.1", 0), Answer)

    def answer(self, path: str) -> tuple[int, bytes]:
        self.seen.append(path)
        if path == "/api/datasets/me/toy/revision/v1":
            return 200, json.dumps({"id": "me/toy", "sha": COMMIT, "siblings": []}).encode()
        if path.startswith(f"/api/datasets/me/toy/tree/{COMMIT}"):
            sizes = {
                **{name: len(content) for name, content in self.files.items()},
                **dict.fromkeys(self.extra, 2),
            }
            rows = [
                {"type": "file", "path": name, "size": size, "oid": "b" * 40} for name, size in sizes.items()
            ]
            return 200, json.dumps(rows).encode()
        name = path.removeprefix(f"/datasets/me/toy/resolve/{COMMIT}/")
        return (200, self.files[name]) if name in self.files else (404, b"{}")


class Answer(BaseHTTPRequestHandler):
    def do_GET(self) -> None:
        status, content = self.server.answer(self.path)
        self.send_response(status)
        self.send_header("Content-Length", str(len(content)))
        self.send_header("X-Repo-Commit", COMMIT)
        self.send_header("ETag", f'"{hashlib.sha1(content).hexdigest()}"')
        self.end_headers()
        if self.command == "GET":
            self.wfile.write(content)

    do_HEAD = do_GET

    def log_message(self, *_: object) -> None:
        pass


@pytest.fixture
def hub(tmp_path):
    server = Hub(make(tmp_path / "source", "coco"))
    threading.Thread(target=server.serve_forever, daemon=True).start()
    yield server
    server.shutdown()
    server.server_close()


def run(folder: Path, *arguments: str, hub: Hub | None = None) -> subprocess.CompletedProcess[str]:
    home = {"HF_HOME": str(folder / "hf"), "PYTHONPATH": str(Path(__file__).parents[2])}
    place = {"HF_ENDPOINT": f"http://127.0.0.1:{hub.server_port}"} if hub else {}
    command = [sys.executable, "-m", "relclip", "import", *arguments]
    return subprocess.run(
        command, cwd=folder, env=os.environ | home | place, capture_output=True, text=True, check=False
    )


def test_what_is_there_is_shown_and_written_only_where_asked(tmp_path):
    folder = make(tmp_path / "source", "gqa")
    (folder / "images/4.jpg").unlink()
    done = run(tmp_path, "--format", "gqa", str(folder))
    assert done.returncode == 0, done.stderr
    for words in (
        "3 pictures, 1 of them without a relation",
        "9 objects of 2 names: man 6, horse 3",
        "3 relations of 2 predicates: sitting on 2, riding 1",
        "train 2, val 0, test 1",
        "1 pictures missing",
        f"folder: {folder}, format: gqa",
    ):
        assert words in done.stdout
    assert [path.name for path in tmp_path.iterdir()] == ["source"]
    done = run(tmp_path, "--format", "gqa", str(folder), "--output", "made")
    assert "folder: made, format: visual_genome" in done.stdout
    take_folder(tmp_path / "made", [], tmp_path / "raw")
    assert meaning(tmp_path / "raw") == {
        number: one for number, one in expected(related=False).items() if number < 4
    }
    again = run(tmp_path, "--format", "gqa", str(folder), "--output", str(folder))
    assert again.returncode == 2 and "lies in the output" in again.stderr


def test_a_data_set_of_the_hub_is_fetched_by_its_name(hub, tmp_path):
    name = "hf://datasets/me/toy@v1"
    done = run(tmp_path, "--format", "coco", name, "--output", "made", hub=hub)
    assert done.returncode == 0, done.stderr
    assert meaning(tmp_path / "made") == expected(related=False)
    hub.seen.clear()
    assert run(tmp_path, "--format", "coco", name, hub=hub).returncode == 0
    assert not [path for path in hub.seen if "/resolve/" in path]  # what has come is kept
    for wrong in ("hf://datasets/me/none@v1", "hf://datasets/../toy", "hf://datasets/toy"):
        done = run(tmp_path, "--format", "coco", wrong, hub=hub)
        assert done.returncode == 2 and done.stderr.count("\n") == 1 and "Hub" in done.stderr


def test_no_name_of_the_hub_leads_out_of_the_folder(hub, tmp_path):
    hub.extra = ["../../../../evil.json"]
    done = run(tmp_path, "--format", "coco", "hf://datasets/me/toy@v1", hub=hub)
    assert done.returncode == 2 and "evil.json" in done.stderr.splitlines()[-1]
    assert not list(tmp_path.rglob("evil.json"))
