"""The Hugging Face Hub on loopback, with one data set: what an import by name is tested against.

As a command, `python tests/raw/loopback_hub.py FOLDER COMMAND...`: runs COMMAND where HF_ENDPOINT is a Hub whose data
set me/toy is FOLDER.
"""

import hashlib
import json
import os
import subprocess
import sys
import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

COMMIT = "c" * 40


class Hub(ThreadingHTTPServer):
    """As much of the Hub's interface as one data set `me/toy` needs; `extra` paths are listed beside its files.

    It serves in a thread of its own until `shutdown`.
    """

    def __init__(self, folder: Path) -> None:
        files = {
            str(path.relative_to(folder)): path.read_bytes() for path in folder.rglob("*") if path.is_file()
        }
        self.files, self.extra, self.seen = files, [], []
        super().__init__(("127.0.0.1", 0), Answer)
        threading.Thread(target=self.serve_forever, daemon=True).start()

    def answer(self, path: str) -> tuple[int, bytes]:
        self.seen.append(path)
        if path.startswith("/api/datasets/me/toy/revision/"):
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


if __name__ == "__main__":
    server = Hub(Path(sys.argv[1]))
    place = {"HF_ENDPOINT": f"http://127.0.0.1:{server.server_port}"}
    sys.exit(subprocess.run(sys.argv[2:], env=os.environ | place, check=False).returncode)
