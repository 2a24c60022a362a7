// Shows one statement after another; every answer is on the server's disk before the next one appears.
"use strict";

const $ = (id) => document.getElementById(id);
const ANSWER_KEYS = { r: "right", ArrowRight: "right", w: "wrong", ArrowLeft: "wrong", s: "skip", ArrowDown: "skip" };
const ahead = new Map();
let state = null;
let busy = true;

async function ask(path, body) {
  const options = { headers: { Accept: "application/json" } };
  if (body !== undefined) {
    options.method = "POST";
    options.headers["Content-Type"] = "application/json";
    options.body = JSON.stringify(body);
  }
  let response;
  try {
    response = await fetch(path, options);
  } catch {
    throw new Error("The answer was not kept: relclip annotate does not run any more. Start it again, then repeat.");
  }
  const content = await response.json();
  if (!response.ok) throw new Error(content.error);
  return content;
}

function loaded(url) {
  if (!ahead.has(url)) {
    const image = new Image();
    image.src = url;
    ahead.set(url, image.decode().then(() => true, () => false));
  }
  return ahead.get(url);
}

function duration(seconds) {
  if (seconds === null) return "";
  if (seconds < 90) return "about a minute left";
  if (seconds < 5400) return `about ${Math.round(seconds / 60)} minutes left`;
  return `about ${(seconds / 3600).toFixed(1)} hours left`;
}

function fit() {
  if (!state || state.done) return;
  const [width, height] = state.size;
  const scale = Math.min($("stage").clientWidth / width, $("stage").clientHeight / height);
  $("frame").style.width = `${width * scale}px`;
  $("frame").style.height = `${height * scale}px`;
  tag(0, scale);
  tag(1, scale);
}

function tag(which, scale) {
  // the subject's above its box, the object's below; inside where there is no room
  const [x1, y1, , y2] = state.boxes[which];
  const [width, height] = state.size;
  const label = $(`tag${which}`);
  label.textContent = state.words[2 * which];
  const room = label.offsetHeight;
  const top = which === 0 ? (y1 * scale >= room ? y1 * scale - room : y1 * scale) : y2 * scale + room <= height * scale ? y2 * scale : y2 * scale - room;
  label.style.top = `${top}px`;
  label.style.left = `${Math.max(0, Math.min(x1 * scale, width * scale - label.offsetWidth))}px`;
}

function draw() {
  $("boxes").setAttribute("viewBox", `0 0 ${state.size[0]} ${state.size[1]}`);
  for (const rect of $("boxes").children) {
    const [x1, y1, x2, y2] = state.boxes[rect.dataset.box];
    const sides = { x: x1, y: y1, width: x2 - x1, height: y2 - y1 };
    for (const [name, value] of Object.entries(sides)) rect.setAttribute(name, value);
  }
  state.words.forEach((word, place) => { $(`word${place}`).textContent = word; });
  for (const button of $("answers").children) button.setAttribute("aria-pressed", button.dataset.answer === state.answer);
}

function facts() {
  const count = (number) => number.toLocaleString("en");
  $("place").textContent = state.done ? "" : `Statement ${count(state.place + 1)}, image ${count(state.number)} of ${count(state.pictures)}`;
  $("progress").textContent = `${count(state.answered)} of ${count(state.total)} answered`;
  $("left").textContent = state.answered < state.total ? duration(state.seconds) : "";
  $("filled").style.width = `${(100 * state.answered) / Math.max(1, state.total)}%`;
}

async function show(next) {
  state = next;
  facts();
  $("judge").hidden = Boolean(state.done);
  $("done").hidden = !state.done;
  if (state.done) return;
  const seen = await loaded(state.picture);
  $("picture").src = state.picture;
  draw();
  fit();
  state.ahead.forEach(loaded);
  if (!seen) throw new Error("This image cannot be shown; skip it.");
}

function say(sentence) {
  $("message").textContent = sentence;
  $("message").hidden = !sentence;
}

async function act(path, body) {
  if (busy) return;
  busy = true;
  document.body.dataset.busy = "";
  try {
    const next = await ask(path, body);
    say("");
    await show(next);
  } catch (error) {
    say(error.message);
    fit();
  } finally {
    busy = false;
    delete document.body.dataset.busy;
  }
}

const answer = (word) => { if (state && !state.done) act("/answer", { question: state.question, answer: word }); };
const undo = () => act("/undo", {});
const go = (place) => { if (place >= 0 && place < state.total) act(`/state?place=${place}`); };
const step = (by) => { if (state && !state.done) go(state.place + by); };

function bare() {
  $("hide").setAttribute("aria-pressed", $("frame").classList.toggle("bare"));
}

function jump() {
  if (!state || state.done) return;
  $("range").textContent = `1 to ${state.total.toLocaleString("en")}`;
  $("number").max = state.total;
  $("number").value = state.place + 1;
  $("where").returnValue = "";
  $("where").showModal();
  $("number").select();
}

$("where").addEventListener("close", () => {
  if ($("where").returnValue === "open") act("/state");
  if ($("where").returnValue === "go") go(Number.parseInt($("number").value, 10) - 1);
});
$("answers").addEventListener("click", (event) => {
  const button = event.target.closest("button");
  if (button) answer(button.dataset.answer);
});
const TOOLS = { undo, back: () => step(-1), forward: () => step(1), jump, hide: bare };
for (const [id, tool] of Object.entries(TOOLS)) $(id).addEventListener("click", tool);
$("undo-done").addEventListener("click", undo);
$("first").addEventListener("click", () => go(0));
const TOOL_KEYS = { u: undo, Backspace: undo, ",": TOOLS.back, ".": TOOLS.forward, g: jump, b: bare };

document.addEventListener("keydown", (event) => {
  if (event.repeat || event.ctrlKey || event.metaKey || event.altKey || $("where").open) return;
  const key = event.key.length === 1 ? event.key.toLowerCase() : event.key;
  if (!(key in ANSWER_KEYS) && !(key in TOOL_KEYS)) return;
  event.preventDefault();
  if (key in ANSWER_KEYS) answer(ANSWER_KEYS[key]);
  else TOOL_KEYS[key]();
});
window.addEventListener("resize", fit);
busy = false;
act("/state");
