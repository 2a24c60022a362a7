"""What pages share: templates, data and text that cannot become markup, tables, the script that looks triplets up.

The page of the script has inputs #subject, #predicate, #object in a form #kb-search, datalists #kb-objects and
#kb-predicates, #kb-summary, #kb-results (data-step: how many lines at once), a button #kb-more, and the data in #data.
"""

import base64
import csv
import hashlib
import io
import json
from collections.abc import Iterable, Mapping, Sequence
from functools import cache
from pathlib import Path
from typing import Any

from relclip.core.errors import counted

_TEMPLATES = Path(__file__).parent / "template"
#: Letters of a sentence that pages keep.
LETTERS_SHOWN = 300
_MARKS = str.maketrans(
    {mark: f"\\{mark}" for mark in r"\`*_[]|#~$!"} | {"<": "&lt;", ">": "&gt;", "&": "&amp;", "\n": " "}
)


def render(
    folder: Path,
    name: str,
    filters: Mapping[str, Any] | None = None,
    /,
    *,
    script: str = "",
    data: Mapping[str, Any] | None = None,
    **content: Any,
) -> str:
    """Fill the template folder/`name`, which extends frame.html: its policy lets nothing in but what is on the page.

    Every value is escaped; a name that the template does not get is an error. The styles are folder/page.css. script:
    the one that may run, allowed by its hash alone; it finds `data` in #data.
    """
    environment = _environment([folder, _TEMPLATES], filters or {}, escaped=True)
    digest = base64.b64encode(hashlib.sha256(script.encode()).digest()).decode("ascii")
    css = (folder / "page.css").read_text("utf-8")
    page: str = environment.get_template(name).render(
        content, css=css, script=script, digest=digest, data=embedded(data or {})
    )
    return page


def render_markdown(template: Path, **content: Any) -> str:
    """Fill a template of Markdown: `value | md` escapes text, `header | table(rows)` makes a table of escaped cells,
    `number | counted(name)` says how many.
    """
    filters = {"md": escape_markdown, "table": markdown_table, "counted": counted}
    text: str = (
        _environment([template.parent], filters, escaped=False).get_template(template.name).render(content)
    )
    return text + "\n"


def _environment(folders: Sequence[Path], filters: Mapping[str, Any], *, escaped: bool) -> Any:
    import jinja2  # noqa: PLC0415  # most of what imports this module makes no page

    environment = jinja2.Environment(
        loader=jinja2.FileSystemLoader(folders),
        autoescape=escaped,
        undefined=jinja2.StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    environment.filters |= filters
    return environment


@cache
def explorer_script() -> str:
    """The script that looks triplets up: it writes text alone, never markup."""
    return (_TEMPLATES / "explorer.js").read_text("utf-8")


def embedded(content: Mapping[str, Any]) -> str:
    """Data as JSON that cannot end the element it stands in.

    The explorer's: `objects`, `predicates`: names; `captions`: [id, sentence]; `triplets`: [subject class, predicate,
    object class, count, [places of its captions]], ids from 1.
    """
    return json.dumps(content, ensure_ascii=False, separators=(",", ":")).replace("<", "\\u003c")


def data_uri(content: bytes, kind: str) -> str:
    """A file as part of a page; kind: `image/jpeg`."""
    return f"data:{kind};base64,{base64.b64encode(content).decode('ascii')}"


def escape_markdown(text: str) -> str:
    """Escape what GitHub's Markdown or HTML would take as markup or as the end of a cell."""
    return text.translate(_MARKS)


def markdown_rows(header: Sequence[str], rows: Iterable[Sequence[str]]) -> list[str]:
    """A Markdown table of cells that are escaped already: names left, numbers right."""
    rule = [":--", *["--:"] * (len(header) - 1)]
    return ["| " + " | ".join(row) + " |" for row in (header, rule, *rows)]


def markdown_table(header: Sequence[str], rows: Iterable[Sequence[str]]) -> str:
    """The same as one text; of two columns both are left."""
    first, rule, *others = markdown_rows(header, rows)
    return "\n".join([first, rule.replace("--:", ":--") if len(header) == 2 else rule, *others])


def as_csv(rows: Iterable[Sequence[object]], form: str = ".4f") -> str:
    """Rows of values as CSV; None is an empty field. `form`: of floats, as in a format string."""
    out = io.StringIO()
    csv.writer(out, lineterminator="\n").writerows(
        [f"{value:{form}}" if isinstance(value, float) else value for value in row] for row in rows
    )
    return out.getvalue()
