"""Pages: one frame, one policy; what is data stays data."""

import base64
import hashlib
import json
from pathlib import Path

import pytest

import relclip
from relclip.core.page import render

PAGES = sorted(Path(relclip.__file__).parent.glob("*/template/*.html"))


@pytest.mark.parametrize("script", ["", "document.title = 1"])
def test_a_page_lets_in_what_is_on_it_alone(tmp_path, script):
    (tmp_path / "page.css").write_text("p { margin: 0 }")
    (tmp_path / "page.html").write_text(
        '{% extends "frame.html" %}{% block body %}<p>{{ name }}</p>{% endblock %}'
    )
    page = render(tmp_path, "page.html", script=script, data={"a": "</script>"}, name="<b>")
    digest = base64.b64encode(hashlib.sha256(script.encode()).digest()).decode()
    policy = page.split('Policy" content="')[1].split('"')[0].split("; ")
    assert {"default-src 'none'", "base-uri 'none'", "form-action 'none'"} <= set(policy)
    assert (f"script-src 'sha256-{digest}'" if script else "script-src 'none'") in policy
    assert "<p>&lt;b&gt;</p>" in page
    assert page.count("<script") == page.count("</script>") == (2 if script else 0)
    if script:
        data = page.split('id="data">')[1].split("</script>")[0]
        assert json.loads(data) == {"a": "</script>"}


def test_every_page_has_the_frame():
    """But those of `annotate`, whose server sends its policy with them."""
    own = [page for page in PAGES if "<!doctype" in page.read_text("utf-8")]
    assert {page.parent.parent.name + "/" + page.name for page in own} == {
        "core/frame.html",
        "annotate/base.html",
    }
