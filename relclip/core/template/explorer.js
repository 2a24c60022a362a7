"use strict";
const data = JSON.parse(document.getElementById("data").textContent);
const fields = ["subject", "predicate", "object"].map((name) => document.getElementById(name));
const results = document.getElementById("kb-results");
const STEP = Number(results.dataset.step);
const more = document.getElementById("kb-more");
let found = [], shown = 0;
function element(name, text, kind) {
  const made = document.createElement(name);
  if (text !== undefined) made.textContent = text;
  if (kind) made.className = kind;
  return made;
}
function names(row) { return [data.objects[row[0] - 1], data.predicates[row[1] - 1], data.objects[row[2] - 1]]; }
function matches(row) {
  return names(row).every((name, place) => {
    const wanted = fields[place].value.trim().toLowerCase();
    return !wanted || name.toLowerCase() === wanted || (!known[place].has(wanted) && name.toLowerCase().includes(wanted));
  });
}
function line(row) {
  const details = element("details");
  const summary = element("summary", names(row).join(" · "));
  summary.append(element("span", row[3].toLocaleString("en") + "×", "count"));
  details.append(summary);
  details.addEventListener("toggle", () => {
    if (details.childElementCount > 1) return;
    details.append(element("div", row[4].length + " of " + row[3].toLocaleString("en") + " mentions", "count"));
    const list = element("ul");
    for (const place of row[4]) {
      const item = element("li", data.captions[place][1]);
      item.append(element("span", data.captions[place][0], "id"));
      list.append(item);
    }
    details.append(list);
  });
  return details;
}
function grow() {
  for (const row of found.slice(shown, shown + STEP)) results.append(line(row));
  shown = Math.min(shown + STEP, found.length);
  more.hidden = shown >= found.length;
}
function search() {
  found = data.triplets.filter(matches);
  shown = 0;
  results.replaceChildren();
  const mentions = found.reduce((sum, row) => sum + row[3], 0);
  document.getElementById("kb-summary").textContent = found.length.toLocaleString("en") + (found.length === 1 ? " triplet, " : " triplets, ") + mentions.toLocaleString("en") + " mentions";
  grow();
  if (found.length && found.length <= 3) results.querySelectorAll("details").forEach((one) => { one.open = true; });
}
const known = [data.objects, data.predicates, data.objects].map((list) => new Set(list.map((name) => name.toLowerCase())));
for (const key of ["objects", "predicates"]) {
  document.getElementById("kb-" + key).append(...data[key].map((name) => { const option = element("option"); option.value = name; return option; }));
}
fields.forEach((field) => field.addEventListener("input", search));
document.getElementById("kb-search").addEventListener("submit", (event) => event.preventDefault());
more.addEventListener("click", grow);
const asked = new URLSearchParams(location.hash.slice(1));
fields.forEach((field) => { field.value = asked.get(field.id) || ""; });
search();
