// The list of questions at the side, with search and filters.
"use strict";

window.list = (() => {
const $ = (id) => document.getElementById(id);
const rows = new Map();    // item -> its row
const groups = new Map();  // topic -> {element, count}
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
  level.title = word(item.level);
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
  const elements = [];
  for (const { id } of model.deck.topics) {
    const topic = model.topics.get(id);
    let group = kept.get(topic);
    if (!group || group.variant !== variant.id) {
      const element = make("section");
      const head = make("h2", "", title(topic.title));
      const entries = make("ul");
      entries.append(...topic.items.map(row));
      element.append(head, entries);
      group = { element, variant: variant.id };
    }
    groups.set(topic, group);
    elements.push(group.element);
  }
  const known = new Set([...groups.keys()].flatMap((topic) => topic.items));
  for (const item of rows.keys()) if (!known.has(item)) rows.delete(item);
  $("topics").replaceChildren(...elements);
  options("topic", "all-topics", model.deck.topics.map(({ id }) => [id, title(model.topics.get(id).title)]));
  list.refresh();
};

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
  const passing = new Set(model.passing.map((card) => card.item));
  for (const [topic, { element }] of groups) {
    let some = false;
    for (const item of topic.items) {
      const shown = passing.has(item);
      rows.get(item).hidden = !shown;
      some ||= shown;
    }
    element.hidden = !some;
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
  if (box.top < frame.top || box.bottom > frame.bottom) marked.scrollIntoView({ block: "nearest" });
};

list.start = (changed) => {
  options("level", "all-levels", ["core", "common", "deep"].map((level) => [level, word(level)]));
  options("kind", "all-kinds", ["basic", "cloze"].map((kind) => [kind, word(kind)]));
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
