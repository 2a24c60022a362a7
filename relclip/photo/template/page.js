"use strict";
const { objects, relations, palette, width, height } = JSON.parse(document.getElementById("data").textContent);
const SVG = "http://www.w3.org/2000/svg";
const figure = document.getElementById("figure");
const list = document.getElementById("relations");
const diagram = document.getElementById("graph");
const slider = document.getElementById("top");
let px = 1; // pixels of the picture in one of the screen
let taken = []; // where labels are
let shown = slider ? Number(slider.value) : 0;
let pinned = null;

function element(name, attributes, parent) {
  const made = document.createElementNS(SVG, name);
  for (const [key, value] of Object.entries(attributes)) made.setAttribute(key, value);
  if (parent) parent.append(made);
  return made;
}
const sheet = element("svg", { viewBox: `0 0 ${width} ${height}`, "aria-hidden": "true" }, figure);
element("rect", { class: "shade", width, height }, sheet);
const area = (one) => (one.x2 - one.x1) * (one.y2 - one.y1);
const boxes = objects.map(() => null);
// small boxes last, so that they can be pointed at
objects.map((_, row) => row).sort((a, b) => area(objects[b]) - area(objects[a])).forEach((row) => {
  const one = objects[row];
  boxes[row] = element("rect", { class: "box", x: one.x1, y: one.y1, width: one.x2 - one.x1, height: one.y2 - one.y1, "data-object": row }, sheet);
});
const lamp = element("g", { class: "lamp" }, sheet);
// boxes that no shown relation names would only be in the way
function clear() {
  const named = new Set(relations.slice(0, shown).flatMap((one) => [one.subject, one.object]));
  boxes.forEach((box, row) => { box.style.display = !relations.length || named.has(row) ? "" : "none"; });
}
clear();

function tag(text, x, y, ground, ink) {
  const group = element("g", {}, lamp);
  const made = element("text", { "font-size": 14 * px, fill: ink }, group);
  made.textContent = text;
  const wide = made.getComputedTextLength() + 12 * px, tall = 21 * px;
  const left = Math.min(Math.max(x - wide / 2, 0), Math.max(width - wide, 0));
  let top = Math.min(Math.max(y - tall / 2, 0), Math.max(height - tall, 0));
  const meets = (other) => left < other[2] && other[0] < left + wide && top < other[3] && other[1] < top + tall;
  for (let tries = 0; tries < 8 && taken.some(meets); tries++) {
    const other = taken.find(meets);
    top = other[3] + tall + 3 * px <= height ? other[3] + 3 * px : Math.max(0, other[1] - tall - 3 * px);
  }
  taken.push([left, top, left + wide, top + tall]);
  made.setAttribute("x", left + wide / 2);
  made.setAttribute("y", top + tall / 2);
  group.prepend(element("rect", { x: left, y: top, width: wide, height: tall, rx: 5 * px, fill: ground }));
}
function arrow(one, colour) {
  const from = objects[one.subject], to = objects[one.object];
  const centre = (box) => [(box.x1 + box.x2) / 2, (box.y1 + box.y2) / 2];
  const [x1, y1] = centre(from), [x2, y2] = centre(to);
  const length = Math.max(Math.hypot(x2 - x1, y2 - y1), px);
  const bend = 0.12 + (16 * px) / (length + 40 * px);
  const cx = (x1 + x2) / 2 + (y2 - y1) * bend, cy = (y1 + y2) / 2 - (x2 - x1) * bend;
  const angle = Math.atan2(y2 - cy, x2 - cx), far = 14 * px;
  const corner = (turn) => `${x2 + far * Math.cos(angle + turn)},${y2 + far * Math.sin(angle + turn)}`;
  const head = `M${x2},${y2} L${corner(2.65)} L${corner(-2.65)} Z`;
  for (const [paint, extra] of [["#fff", 3], [colour, 0]]) {
    element("path", { d: `M${x1},${y1} Q${cx},${cy} ${x2},${y2}`, stroke: paint, style: `stroke-width:${4 + extra}px` }, lamp);
    element("path", { d: head, stroke: paint, style: `fill:${paint};stroke-width:${1 + extra}px` }, lamp);
    element("circle", { cx: x1, cy: y1, r: (5 + extra / 2) * px, fill: paint }, lamp);
  }
  // the predicate stands beside its arrow
  const middle = [x1 / 4 + cx / 2 + x2 / 4, y1 / 4 + cy / 2 + y2 / 4];
  return [middle[0] + ((y2 - y1) / length) * 20 * px, middle[1] - ((x2 - x1) / length) * 20 * px];
}
function light(number) {
  const one = number === null ? null : relations[number];
  const rows = one ? [one.subject, one.object] : [];
  lamp.replaceChildren();
  taken = [];
  px = width / Math.max(figure.clientWidth, 1);
  figure.classList.toggle("lit", Boolean(one));
  boxes.forEach((box, row) => {
    box.classList.toggle("lit", rows.includes(row));
    box.style.stroke = one && rows.includes(row) ? palette[one.predicate][0] : "";
  });
  if (list) for (const item of list.children) item.classList.toggle("lit", Number(item.dataset.relation) === number && Boolean(one));
  if (diagram) {
    const here = one && diagram.querySelector(`[data-relation="${number}"]`);
    diagram.classList.toggle("lit", Boolean(here));
    for (const part of diagram.querySelectorAll("[data-relation], [data-object]")) {
      part.classList.toggle("lit", "relation" in part.dataset ? Number(part.dataset.relation) === number : rows.includes(Number(part.dataset.object)));
    }
  }
  if (!one) return;
  const [ground, ink] = palette[one.predicate];
  const [x, y] = arrow(one, ground);
  tag(one.predicate, x, y, ground, ink);
  for (const row of rows) tag(objects[row].label, (objects[row].x1 + objects[row].x2) / 2, objects[row].y1, "#14191f", "#fff");
}
function item(number) { return list.querySelector(`[data-relation="${number}"]`); }
function bestOf(row) {
  const found = relations.slice(0, shown).findIndex((one) => one.subject === row || one.object === row);
  return found < 0 ? null : found;
}
function asked(target) {
  const part = target.closest("[data-relation], [data-object]");
  if (!part) return null;
  return "relation" in part.dataset ? Number(part.dataset.relation) : bestOf(Number(part.dataset.object));
}
function pin(number) {
  pinned = number;
  light(number);
}
function open(number) {
  if (number === null) return pin(null);
  const details = item(number).querySelector("details");
  if (pinned === number && details.open) details.open = false; // closes and, by its event, lets go
  else { details.open = true; details.scrollIntoView({ block: "nearest", behavior: "smooth" }); }
}
if (list) {
  for (const place of [list, sheet, diagram]) {
    place.addEventListener("pointerover", (event) => {
      if (event.pointerType !== "mouse") return;
      const number = asked(event.target);
      light(number === null ? pinned : number);
    });
    place.addEventListener("pointerleave", () => light(pinned));
  }
  list.addEventListener("focusin", (event) => { if (event.target.matches(":focus-visible")) light(asked(event.target)); });
  list.addEventListener("focusout", () => light(pinned));
  list.addEventListener("toggle", (event) => {
    const number = asked(event.target);
    if (event.target.open) {
      for (const other of list.querySelectorAll("details[open]")) if (other !== event.target) other.open = false;
      pin(number);
    } else if (pinned === number) pin(null);
  }, true);
  for (const place of [sheet, diagram]) place.addEventListener("click", (event) => open(asked(event.target)));
  slider.addEventListener("input", () => {
    shown = Number(slider.value);
    document.getElementById("count").textContent = shown;
    clear();
    for (const one of list.children) one.hidden = Number(one.dataset.relation) >= shown;
    if (pinned !== null && pinned >= shown) item(pinned).querySelector("details").open = false;
  });
  document.addEventListener("keydown", (event) => {
    if (event.key !== "Escape") return;
    for (const one of list.querySelectorAll("details[open]")) one.open = false;
    pin(null);
  });
  const linked = location.hash.slice(1) - 1; // page.html#3: the third relation
  if (linked in relations && linked < shown) open(linked);
}
