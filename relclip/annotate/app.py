"""The page as a Flask application: names, questions, answers, pictures. It talks to its own page and to nobody else."""

import hashlib
import unicodedata
from collections.abc import Callable, Mapping
from functools import lru_cache
from typing import Any

import flask
from flask.json.provider import DefaultJSONProvider
from werkzeug.exceptions import HTTPException

from relclip.annotate.pictures import (
    ANSWERS_LOOKED_AT,
    Order,
    Picture,
    as_jpeg,
    hours,
    order_of,
    seconds_left,
)
from relclip.annotate.store import Store
from relclip.core.errors import RelclipError
from relclip.core.json_file import parse_json
from relclip.people.judgements import ANSWERS
from relclip.people.questionnaire import Question, Questionnaire

LONGEST_NAME = 40
LARGEST_REQUEST = 10_000
PICTURES_AHEAD = 2
PICTURES_KEPT = 64
#: Everything comes from this server; nothing is written inside the page.
POLICY = (
    "default-src 'none'; img-src 'self'; style-src 'self'; script-src 'self'; connect-src 'self'; "
    "form-action 'self'; base-uri 'none'; frame-ancestors 'none'"
)
HEADERS = {
    "Content-Security-Policy": POLICY,
    "X-Content-Type-Options": "nosniff",
    "Referrer-Policy": "same-origin",
    "Cross-Origin-Resource-Policy": "same-origin",
    "Cross-Origin-Opener-Policy": "same-origin",
}
Json = dict[str, Any]


class Desk:
    """What is asked, of which pictures, and who answered what."""

    def __init__(
        self, questionnaire: Questionnaire, pictures: Mapping[int, Picture], store: Store, seed: int
    ) -> None:
        self.questionnaire, self.store = questionnaire, store
        self.pictures = pictures
        self.order: Callable[[str], Order] = lru_cache(64)(lambda name: order_of(questionnaire, seed, name))
        self.jpeg: Callable[[int], bytes] = lru_cache(PICTURES_KEPT)(
            lambda key: as_jpeg(self.pictures[key].path)
        )

    def people(self) -> list[tuple[str, int]]:
        """(name, how many of the questions that person has answered)."""
        questions = self.questionnaire.questions.keys()
        return [(name, len(questions & answered)) for name, answered in self.store.annotators().items()]

    def state(self, name: str, place: int | None = None) -> Json:
        """What the page shows at a place of this person's order; without one at the first open question."""
        order, answers = self.order(name), self.store.answers(name)
        answered = answers.keys() & order.place.keys()
        place = order.next_open(answered) if place is None else place
        total = len(order.questions)
        times = self.store.times(name, ANSWERS_LOOKED_AT)
        found: Json = {
            "name": name,
            "total": total,
            "answered": len(answered),
            "seconds": seconds_left(times, total - len(answered)),
            "pictures": len(order.pictures),
        }
        if place is None:
            return found | {"done": True}
        one = order.questions[place]
        return found | self._question(one, order, place) | {"answer": answers.get(one.key)}

    def _question(self, one: Question, order: Order, place: int) -> Json:
        picture = order.pictures.index(one.image_id)
        ahead = order.pictures[picture + 1 : picture + 1 + PICTURES_AHEAD]
        return {
            "place": place,
            "question": one.key,
            "words": one.words,
            "boxes": one.boxes,
            "picture": f"/picture/{one.image_id}",
            "size": [self.pictures[one.image_id].width, self.pictures[one.image_id].height],
            "number": picture + 1,
            "ahead": [f"/picture/{image}" for image in ahead],
        }


class _Json(DefaultJSONProvider):
    """JSON as all that comes from outside is read: nested too deeply is a bad request, not an error of the server."""

    def loads(self, s: str | bytes, **kwargs: Any) -> Any:
        """What the text says. Raises ValueError."""
        return parse_json(s)


def make_app(desk: Desk) -> flask.Flask:
    """The application for one questionnaire and one database."""
    app = flask.Flask(__name__, template_folder="template", static_folder="static")
    app.json = _Json(app)
    secret = desk.store.secret()
    app.config.update(
        SECRET_KEY=secret,
        # cookies know no port: two servers on one machine must not share a name
        SESSION_COOKIE_NAME=f"relclip_{hashlib.sha256(secret.encode()).hexdigest()[:12]}",
        SESSION_COOKIE_SAMESITE="Strict",
        SESSION_COOKIE_HTTPONLY=True,
        TRUSTED_HOSTS=["127.0.0.1", "localhost", "[::1]"],
        MAX_CONTENT_LENGTH=LARGEST_REQUEST,
    )
    app.before_request(_refuse_other_sites)
    app.after_request(_guard)
    app.register_error_handler(HTTPException, _sentence)
    app.register_error_handler(RelclipError, lambda error: ({"error": str(error)}, 500))
    _pages(app, desk)
    _answers(app, desk)
    return app


def _pages(app: flask.Flask, desk: Desk) -> None:
    @app.get("/")
    def start() -> str:
        total = len(desk.questionnaire.questions)
        return flask.render_template(
            "name.html", people=desk.people(), total=total, time=hours(total), longest=LONGEST_NAME
        )

    @app.get("/favicon.ico")
    def icon() -> flask.Response:
        return flask.Response(status=204)

    @app.post("/name")
    def name() -> flask.typing.ResponseReturnValue:
        given = clean_name(flask.request.form.get("name", ""))
        if not given:
            flask.abort(400, f"A name has 1 to {LONGEST_NAME} letters; go back and give one.")
        desk.store.add_annotator(given)
        flask.session["name"] = given
        return flask.redirect("/judge", 303)

    @app.get("/judge")
    def judge() -> flask.typing.ResponseReturnValue:
        if "name" not in flask.session:
            return flask.redirect("/", 303)
        return flask.render_template("judge.html", name=flask.session["name"])

    @app.get("/picture/<int:image_id>")
    def picture(image_id: int) -> flask.Response:
        if image_id not in desk.pictures:
            flask.abort(404, "No question is about this image.")
        response = flask.Response(desk.jpeg(image_id), mimetype="image/jpeg")
        response.headers["Cache-Control"] = "private, max-age=3600"
        return response


def _answers(app: flask.Flask, desk: Desk) -> None:
    @app.get("/state")
    def state() -> Json:
        place = flask.request.args.get("place", type=int)
        if place is not None and not 0 <= place < len(desk.questionnaire.questions):
            flask.abort(404, f"There are the questions 1 to {len(desk.questionnaire.questions)}.")
        return desk.state(_annotator(), place)

    @app.post("/answer")
    def answer() -> Json:
        name, given = _annotator(), flask.request.get_json()
        order = desk.order(name)
        place = order.place.get(str(given.get("question"))) if isinstance(given, dict) else None
        if place is None:
            flask.abort(409, "This question is not asked any more; load the page again.")
        if given.get("answer") not in ANSWERS:
            flask.abort(400, f"An answer is one of {', '.join(ANSWERS)}.")
        desk.store.add(name, order.questions[place], given["answer"])
        return desk.state(name, order.next_open(set(desk.store.answers(name)), place + 1))

    @app.post("/undo")
    def undo() -> Json:
        name = _annotator()
        places = desk.order(name).place
        question = desk.store.undo(name, places)
        if question is None:
            flask.abort(409, "There is nothing to undo.")
        return desk.state(name, places[question])


def clean_name(text: str) -> str:
    """A name as it is kept: composed, single blanks, at most LONGEST_NAME printable characters; '' for none."""
    name = " ".join(unicodedata.normalize("NFC", text).split())
    return name if len(name) <= LONGEST_NAME and name.isprintable() else ""


def _annotator() -> str:
    if "name" not in flask.session:
        flask.abort(401, "Say first who you are; load the page again.")
    return str(flask.session["name"])


def _refuse_other_sites() -> None:
    """What changes something must come from this page: browsers say where a request comes from."""
    if flask.request.method in {"GET", "HEAD", "OPTIONS"}:
        return
    if flask.request.headers.get("Origin") != flask.request.host_url.rstrip("/"):
        flask.abort(403, "This request comes from another site and was refused.")


def _guard(response: flask.Response) -> flask.Response:
    response.headers.update(HEADERS)
    response.headers.setdefault("Cache-Control", "no-store")
    return response


def _sentence(error: HTTPException) -> flask.typing.ResponseReturnValue:
    """An error as JSON for the script, as text for a person."""
    status = error.code or 500
    if flask.request.accept_mimetypes.best == "application/json":
        return {"error": error.description}, status
    return flask.Response(f"{error.description}\n", status, mimetype="text/plain")
