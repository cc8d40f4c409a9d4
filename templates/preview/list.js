// The list of questions at the side, with search and filters.
"use strict";

window.list = (() => {
const $ = (id) => document.getElementById(id);
const rows = new Map();    // item -> its row
const groups = new Map();  // topic -> its section, its languages, whether rows of it are hidden
const list = {};

function make(tag, className, content) {
  const element = document.createElement(tag);
  if (className) element.className = className;
  if (content !== undefined) element.textContent = content;
  return element;
}
list.make = make;

function title(texts) {
  const { languages } = model.variant();
  return texts[languages[0]] ?? Object.values(texts)[0];
}

function row(item) {
  const link = make("a");
  link.href = `#${item.id}`;
  const level = make("span", `level ${item.level}`);
  level.title = item.level && word(item.level);
  const name = make("span", "name", title(item.title));
  const cards = item.notes.reduce((sum, note) => sum + note.numbers.length, 0);
  link.append(level, name, make("span", "cards", String(cards)));
  const states = item.notes.map((note) => note.state);
  if (states.some(Boolean)) {
    const fresh = states.every((state) => state === "new");
    const mark = make("span", "mark", word(fresh ? "new" : "edited"));
    link.insertBefore(mark, link.lastChild);
  }
  const entry = make("li");
  entry.append(link);
  rows.set(item, entry);
  return entry;
}

/** Build the list; the groups of topics that did not change are kept. */
list.build = () => {
  const variant = model.variant();
  const kept = new Map(groups);
  groups.clear();
  for (const { id } of model.deck.topics) {
    const topic = model.topics.get(id);
    const old = kept.get(topic);
    kept.delete(topic);
    groups.set(topic, old?.variant === variant.id ? old : group(topic, variant));
  }
  for (const topic of kept.keys()) for (const item of topic.items) rows.delete(item);
  place($("topics"), [...groups.values()].map(({ element }) => element));
  options("topic", "all-topics", model.deck.topics.map(({ id }) => [id, title(model.topics.get(id).title)]));
  const used = new Set(model.cards.map((card) => card.note.kind));
  options("kind", "all-kinds", Object.entries(model.deck.kinds).filter(([kind]) => used.has(kind))
    .map(([kind, { css, name }]) => [kind, css === undefined ? word(kind) : name]));
  list.refresh();
};

function group(topic, variant) {
  const element = make("section");
  const entries = make("ul");
  entries.append(...topic.items.map(row));
  element.append(make("h2", "", title(topic.title)), entries);
  return { element, variant: variant.id, hides: false };
}

// Elements that are where they belong stay untouched: to lay out thousands of rows takes long.
function place(parent, wanted) {
  const keep = new Set(wanted);
  for (const child of [...parent.children]) if (!keep.has(child)) child.remove();
  wanted.forEach((child, at) => {
    if (parent.children[at] !== child) parent.insertBefore(child, parent.children[at] ?? null);
  });
}

function options(id, all, pairs) {
  const select = $(id);
  const choices = [["", word(all)], ...pairs].map(([value, label]) => new Option(label, value));
  select.replaceChildren(...choices);
  select.value = model.filters[id];
  if (select.selectedIndex < 0) {
    model.filters[id] = "";
    select.value = "";
    model.filter();
  }
}

/** Show what passes the filters, and where the card shown stands. */
list.refresh = () => {
  const all = model.passing === model.cards;
  const passing = new Set(all ? [] : model.passing.map((card) => card.item));
  for (const [topic, each] of groups) {
    if (all && !each.hides) continue;
    each.hides = !all;
    let some = false;
    for (const item of topic.items) {
      const shown = all || passing.has(item);
      rows.get(item).hidden = !shown;
      some ||= shown;
    }
    each.element.hidden = !some;
  }
  $("count").textContent = model.passing.length
    ? word("count", model.passing.length, model.cards.length) : word("nothing");
  list.mark();
};

let marked = null;

list.mark = () => {
  marked?.removeAttribute("aria-current");
  marked = rows.get(model.card?.item)?.firstChild ?? null;
  if (!marked) return;
  marked.setAttribute("aria-current", "true");
  const box = marked.getBoundingClientRect();
  const frame = $("topics").getBoundingClientRect();
  if (box.top < frame.top + 36 || box.bottom > frame.bottom) marked.scrollIntoView({ block: "nearest" });
};

list.start = (changed) => {
  options("level", "all-levels", ["core", "common", "deep"].map((level) => [level, word(level)]));
  options("state", "all-states", [["changed", word("changed")]]);
  $("state").hidden = !model.live;
  const apply = () => {
    model.filter();
    list.refresh();
    changed();
  };
  for (const id of ["topic", "level", "kind", "state"]) {
    $(id).addEventListener("change", () => { model.filters[id] = $(id).value; apply(); });
  }
  $("search").addEventListener("input", () => { model.filters.query = $("search").value; apply(); });
};

return list;
})();
