"""Visual Genome in small: its archives made from procedural scenes, and a web server on loopback that can misbehave.

As a command, `python tests/vg_site.py FOLDER`: the files of both routes of 60 scenes, as raw.vg.folder takes them.
"""

import hashlib
import json
import sys
import tempfile
import threading
import time
import zipfile
from collections import defaultdict
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from itertools import cycle
from pathlib import Path

import h5py
import numpy as np
from PIL import Image

from relclip.core.forms import tidy
from relclip.core.params.raw import Scenes
from relclip.core.vocabulary import load_names
from relclip.raw.scenes import make_scenes

#: Pictures of 512 pixels: their whole boxes are whole at 1,024 too, so that both routes can agree in every number.
SIZE = 512
CORRUPT = 1592


def make_source(folder, images=8):
    """Draw scenes; return image_data, objects, relationships as Visual Genome lists them; one picture is corrupt.

    Scenes hold 20 of the 50 predicates: every second relation takes the next of the 50 in place of its own.
    """
    scenes = Scenes(
        images=images,
        captions=5 * images,
        pretrain_images=1,
        image_size=SIZE,
        objects_per_image=[8, 10],
        annotated=1.0,
    )
    make_scenes(scenes, folder)
    content = {
        name: json.loads((folder / f"{name}.json").read_text())
        for name in ("image_data", "objects", "relationships")
    }
    content["image_data"].insert(
        3, {"image_id": CORRUPT, "width": SIZE, "height": SIZE, "url": "", "coco_id": None}
    )
    content["image_data"][1]["width"] = 99  # the picture's file wins
    relations = [relation for entry in content["relationships"] for relation in entry["relationships"]]
    for relation, predicate in zip(relations[::2], cycle(load_names("vg50")), strict=False):
        relation["predicate"] = predicate
    Image.new("RGB", (SIZE, SIZE)).save(folder / "images" / f"{CORRUPT}.jpg")
    return content


def make_archives(folder, site, images=8):
    """Write the files of both routes as the hosts serve them into `site`; return their names."""
    content = make_source(folder, images)
    site.mkdir()
    ids = [entry["image_id"] for entry in content["image_data"]]
    for name, place, part in (("images.zip", "VG_100K", ids[::2]), ("images2.zip", "VG_100K_2", ids[1::2])):
        with zipfile.ZipFile(site / name, "w") as archive:
            for image_id in part:
                archive.write(folder / "images" / f"{image_id}.jpg", f"{place}/{image_id}.jpg")
    for name, entries in content.items():
        with zipfile.ZipFile(site / f"{name}.json.zip", "w", zipfile.ZIP_DEFLATED) as archive:
            archive.writestr(f"{name}.json", json.dumps(entries))
    (site / "object_alias.txt").write_text("man,guy\n")
    (site / "relationship_alias.txt").write_text("on,on top of\n")
    captions = (folder / "captions.tsv").read_text().splitlines()
    (site / "GCC-training.tsv").write_text("\n".join(captions) + "\n")
    (site / "image_data.json").write_text(json.dumps(content["image_data"]))
    write_h5(site, content)
    return sorted(path.name for path in site.iterdir())


def write_h5(site, content):
    """VG-SGG-with-attri.h5 and its dicts file of the same annotations, 50 predicates as there."""
    objects, predicates = load_names("vg150"), load_names("vg50")
    names = {"idx_to_label": objects, "idx_to_predicate": predicates}
    (site / "VG-SGG-dicts-with-attri.json").write_text(
        json.dumps({key: {str(place): name for place, name in enumerate(of, 1)} for key, of in names.items()})
    )
    things = {entry["image_id"]: entry["objects"] for entry in content["objects"]}
    relations = {entry["image_id"]: entry["relationships"] for entry in content["relationships"]}
    columns = defaultdict(list)
    ids = [entry["image_id"] for entry in content["image_data"] if entry["image_id"] != CORRUPT]
    for place, image_id in enumerate(ids):
        row_of, first_box, first_relation = {}, len(columns["labels"]), len(columns["predicates"])
        for thing in things[image_id]:
            name = tidy(thing["names"][0])
            if name in objects:
                row_of[thing["object_id"]] = len(columns["labels"])
                columns["labels"].append([objects.index(name) + 1])
                x, y, w, h = (thing[key] * 1024 // SIZE for key in "xywh")
                columns["boxes_1024"].append([x + w // 2, y + h // 2, w, h])
        for relation in relations[image_id]:
            ends = [relation[side]["object_id"] for side in ("subject", "object")]
            predicate = relation["predicate"].lower()
            if predicate in predicates and all(end in row_of for end in ends):
                columns["predicates"].append([predicates.index(predicate) + 1])
                columns["relationships"].append([row_of[end] for end in ends])
        for what, first, now in (
            ("box", first_box, columns["labels"]),
            ("rel", first_relation, columns["predicates"]),
        ):
            columns[f"img_to_first_{what}"].append(first if len(now) > first else -1)
            columns[f"img_to_last_{what}"].append(len(now) - 1 if len(now) > first else -1)
        columns["split"].append(0 if place < int(0.7 * len(ids)) else 2)
    with h5py.File(site / "VG-SGG-with-attri.h5", "w") as file:
        for name, rows in columns.items():
            file[name] = np.array(rows, np.int32)


class Site(ThreadingHTTPServer):
    """Serves a folder. `faults[name]` is a list of what goes wrong with one request after the other; '' is nothing."""

    daemon_threads = True

    def __init__(self, folder):
        super().__init__(("127.0.0.1", 0), Handler)
        self.folder, self.faults, self.asked = folder, defaultdict(list), []
        self.at_once = self.most_at_once = 0
        self.counted = threading.Lock()
        threading.Thread(target=self.serve_forever, args=(0.02,), daemon=True).start()

    def url(self, name):
        return f"http://127.0.0.1:{self.server_address[1]}/{name}"

    def mirrors(self, names):
        return {name: [self.url(name)] for name in names}

    def close(self):
        self.shutdown()
        self.server_close()


class Handler(BaseHTTPRequestHandler):
    """One request, with its fault."""

    protocol_version = "HTTP/1.1"

    def log_message(self, *_):
        pass

    def do_GET(self):
        site = self.server
        with site.counted:
            self.inside = True
            site.at_once += 1
            site.most_at_once = max(site.most_at_once, site.at_once)
        try:
            self.serve()
        finally:
            self.leave()

    def leave(self):
        """Count this request as answered; before its last byte, after which the next may come at any time."""
        with self.server.counted:
            self.server.at_once -= self.inside
            self.inside = False

    def serve(self):
        name = self.path.strip("/")
        site = self.server
        site.asked.append((name, self.headers.get("Range"), self.headers.get("If-Range")))
        queue = site.faults[name]
        fault, _, detail = (queue.pop(0) if queue else "").partition(" ")
        if fault == "hang_up":
            self.close_connection = True
            return
        if fault.isdigit():
            self.reply(int(fault), b"no", {"Retry-After": detail} if detail else {})
            return
        if fault == "redirect":
            self.reply(302, b"", {"Location": detail})
            return
        if fault == "page":
            self.reply(200, b"<html>not found</html>", {"Content-Type": "text/html"})
            return
        self.send_file((site.folder / name).read_bytes(), fault, detail)

    def reply(self, code, body, headers):
        self.send_response(code)
        for key, value in headers.items():
            self.send_header(key, value)
        self.send_header("Content-Length", str(len(body)))
        self.leave()
        self.end_headers()
        self.wfile.write(body)

    def send_file(self, content, fault, detail):
        tag = f'"{hashlib.md5(content).hexdigest()}"'
        if fault in {"changed", "changed_anyway"}:
            content, tag = content[::-1], '"other"'
        if fault == "flipped":
            content = content[:-1] + bytes([content[-1] ^ 1])
        start, wanted = 0, self.headers.get("Range")
        same = fault == "changed_anyway" or self.headers.get("If-Range", tag) == tag
        if wanted and fault != "no_range" and same:
            start = int(wanted.removeprefix("bytes=").removesuffix("-"))
        if start and start >= len(content):
            self.reply(416, b"", {"Content-Range": f"bytes */{len(content)}"})
            return
        body = content[start:]
        announced = len(body) + {"lie_long": 1000, "lie_short": -200}.get(fault, 0)
        self.send_response(206 if start else 200)
        if start:
            place = start + 1 if fault == "other_range" else start
            total = "*" if fault == "no_total" else len(content)
            self.send_header("Content-Range", f"bytes {place}-{len(content) - 1}/{total}")
        self.send_header("ETag" if fault != "no_tag" else "X-Nothing", tag)
        if fault != "no_length":
            self.send_header("Content-Length", str(announced))
        self.end_headers()
        self.close_connection = fault != ""
        if fault in {"drop", "stall", "drip"}:
            body = body[: int(detail)]
        self.wfile.write(body[:-1])
        self.leave()
        self.wfile.write(body[-1:])
        if fault == "stall":
            self.wfile.flush()
            time.sleep(60)
        if fault == "drip":
            for byte in content[start + int(detail) :]:
                self.wfile.write(bytes([byte]))
                time.sleep(0.02)


if __name__ == "__main__":
    with tempfile.TemporaryDirectory() as drawn:
        print(*make_archives(Path(drawn), Path(sys.argv[1]), images=60))
