"""A tiny data set with pictures, two runs' predictions judged by `evaluate`, and a real server on a free port."""

import http.client
import json
import threading
from contextlib import contextmanager
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path

import numpy as np
import pyarrow as pa
from PIL import Image

from relclip.annotate.app import Desk, make_app
from relclip.annotate.pictures import read_pictures
from relclip.annotate.server import listening, server_of
from relclip.annotate.store import Store
from relclip.core import parquet
from relclip.core.annotations import load_annotations
from relclip.core.params.evaluate import Evaluate
from relclip.evaluate.run import RunPaths, evaluate_run
from relclip.people.questionnaire import load_questionnaire

RUNS = ["plain", "better"]
OBJECTS = ["man", "<b>horse & co</b>", "hat"]
PREDICATES = ["riding", "wearing", "watching"]
SWITCHES = Evaluate(precision_images=4, bootstrap=50)
PICTURES, THINGS, SIDE = 12, 5, 96


@dataclass(frozen=True)
class Case:
    """Where the files are, and what is asked."""

    root: Path

    @cached_property
    def asked(self):
        return load_questionnaire(self.data, self.root / "evaluate", RUNS, SWITCHES)

    @property
    def data(self):
        return load_annotations(self.root / "dataset")

    def desk(self, database):
        pictures = read_pictures(self.root / "dataset", self.root / "raw", self.asked)
        store = Store(database)
        store._file.execute("PRAGMA synchronous = OFF")  # waiting for the disk tells nothing here
        return Desk(self.asked, pictures, store, seed=0)

    def oracle(self, run):
        return json.loads((self.root / "evaluate" / run / "predcls" / "precision.json").read_text())

    def true_answers(self):
        """Question -> what someone says who knows every true relation."""
        table = parquet.read_table(self.root / "dataset" / "truth" / "relations.parquet", parquet.RELATIONS)
        true = set(zip(*(table[name].to_pylist() for name in parquet.RELATIONS.names), strict=True))
        return {
            key: "right"
            if (one.image_id, one.subject_id, one.predicate_id, one.object_id) in true
            else "wrong"
            for key, one in self.asked.questions.items()
        }


def write_case(root):
    """Things side by side, so that no prediction hits another thing's relation; a third of all triplets is true."""
    random = np.random.default_rng(5)
    dataset, truth = root / "dataset", root / "dataset" / "truth"
    ids = range(1, PICTURES + 1)
    images = [(i, f"images/{i}.png", SIDE, SIDE, ("train", "val", "test", "test")[i % 4]) for i in ids]
    boxes = [(i, o, o % 3 + 1, 18.0 * o, 20.0, 18.0 * o + 15, 70.0) for i in ids for o in range(THINGS)]
    every = [
        (i, s, p, o) for i in ids for s in range(THINGS) for o in range(THINGS) for p in (1, 2, 3) if s != o
    ]
    true = [row for row in every if random.random() < 0.3]
    for folder, relations in ((dataset, true[::2]), (truth, true)):
        folder.mkdir(parents=True)
        names = {"objects": OBJECTS, "predicates": PREDICATES}
        (folder / "vocabulary.json").write_text(json.dumps(names))
        save(folder / "images.parquet", images, parquet.IMAGES)
        save(folder / "objects.parquet", boxes, parquet.OBJECTS)
        save(folder / "relations.parquet", relations, parquet.RELATIONS)
    for run in RUNS:
        found = root / "predict" / run / "predcls"
        found.mkdir(parents=True)
        save(
            found / "objects.parquet", [(*row[:3], 1.0, *row[3:]) for row in boxes], parquet.PREDICTED_OBJECTS
        )
        # picture 3 has few predictions, and one of its runs none
        kept = [row for row in every if row[0] != 3 or (run == "better" and row[1] == 0)]
        bonus = dict.fromkeys(true, 0.3 * (run == "better"))
        rows = [(i, s, o, p, random.random() + bonus.get((i, s, p, o), 0.0)) for i, s, p, o in kept]
        save(found / "relations.parquet", rows, parquet.PREDICTED_RELATIONS)
        where = RunPaths(dataset, root / "predict" / run, root / "evaluate" / run)
        evaluate_run(where, ["predcls"], SWITCHES, truth=True)
    (root / "raw" / "images").mkdir(parents=True)
    for number in ids:
        pixels = random.integers(0, 255, (SIDE, SIDE, 3), dtype=np.uint8)
        Image.fromarray(pixels).save(root / "raw" / "images" / f"{number}.png")
    return Case(root)


def save(path, rows, schema):
    arrays = [pa.array([row[place] for row in rows], field.type) for place, field in enumerate(schema)]
    parquet.write_table(path, pa.table(arrays, schema=schema), schema)


@contextmanager
def served(desk):
    """The port of a server that runs in a thread."""
    with listening("127.0.0.1", 0) as listener:
        server = server_of(make_app(desk), listener)
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02})
    thread.start()
    try:
        yield server.port
    finally:
        server.shutdown()
        thread.join()
        server.server_close()
        desk.store.close()


class Visitor:
    """Speaks HTTP as a browser on this machine does; any header can be another."""

    def __init__(self, port, name=None):
        self.port, self.cookie = port, None
        if name is not None:
            status, headers, _ = self.ask("POST", "/name", f"name={name}", form=True)
            assert status == 303
            self.cookie = headers["Set-Cookie"].split(";")[0]

    def ask(self, method, path, body=None, *, form=False, **headers):
        mine = {"Host": f"127.0.0.1:{self.port}", "Accept": "application/json"}
        if method == "POST":
            mine["Origin"] = f"http://127.0.0.1:{self.port}"
            mine["Content-Type"] = "application/x-www-form-urlencoded" if form else "application/json"
        if self.cookie:
            mine["Cookie"] = self.cookie
        mine |= headers
        connection = http.client.HTTPConnection("127.0.0.1", self.port, timeout=20)
        connection.putrequest(method, path, skip_host=True)
        payload = (body if form else json.dumps(body)).encode() if body is not None else b""
        for name, value in (mine | {"Content-Length": str(len(payload))}).items():
            if value is not None:
                connection.putheader(name, value)
        connection.endheaders(payload)
        response = connection.getresponse()
        text = response.read()
        connection.close()
        return response.status, dict(response.getheaders()), text

    def json(self, method, path, body=None, **headers):
        status, _, text = self.ask(method, path, body, **headers)
        return status, json.loads(text)

    def answer_all(self, answers):
        """Go through all questions, answering each by its key; returns how many there were."""
        _, state = self.json("GET", "/state")
        count = 0
        while not state.get("done"):
            status, state = self.json(
                "POST", "/answer", {"question": state["question"], "answer": answers(state)}
            )
            assert status == 200, state
            count += 1
        return count
