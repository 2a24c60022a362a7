"""A small folder of the stage `raw`, whose parts a test may replace."""

import json

import numpy as np
import pytest
from PIL import Image

from relclip.core.params.dataset import Dataset, Split


@pytest.fixture
def write_raw(tmp_path):
    """Return a function that writes data/raw: images as id -> (width, height), objects and relationships by id."""

    def write(images, objects, relationships, truth=None):
        raw = tmp_path / "raw"
        (raw / "images").mkdir(parents=True, exist_ok=True)
        for image_id, (width, height) in images.items():
            pixels = np.random.default_rng(image_id).integers(0, 255, (height, width, 3), dtype=np.uint8)
            Image.fromarray(pixels).save(raw / "images" / f"{image_id}.jpg")
        listed = [
            {"image_id": key, "width": width, "height": height} for key, (width, height) in images.items()
        ]
        _write(raw / "image_data.json", listed)
        _write(raw / "objects.json", [{"image_id": key, "objects": value} for key, value in objects.items()])
        files = {"relationships.json": relationships, "truth/relationships.json": truth}
        for name, content in files.items():
            if content is not None:
                _write(
                    raw / name, [{"image_id": key, "relationships": value} for key, value in content.items()]
                )
        return raw

    return write


def _write(path, content):
    path.parent.mkdir(exist_ok=True)
    path.write_text(json.dumps(content))


@pytest.fixture
def thing():
    """Return a function that makes an object as Visual Genome's files write it."""

    def make(object_id, name, *box, **more):
        x, y, w, h = [*box, 1, 1, 10, 10][:4] if len(box) != 2 else [*box, 10, 10]
        return {"object_id": object_id, "names": [name], "x": x, "y": y, "w": w, "h": h, **more}

    return make


@pytest.fixture
def relation():
    """Return a function that makes a relation whose ends are known by id alone."""

    def make(subject, predicate, object_):
        return {"predicate": predicate, "subject": {"object_id": subject}, "object": {"object_id": object_}}

    return make


@pytest.fixture
def params():
    """The section `dataset` with its defaults."""
    return Dataset(split=Split(validation=0.1, test=0.4))
