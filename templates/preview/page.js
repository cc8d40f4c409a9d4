// Start, keys, and the reload when a file was saved.
"use strict";

(() => {
const $ = (id) => document.getElementById(id);

function night() {
  model.set("night", !model.settings.night);
  stage.draw();
}

function width() {
  model.set("phone", !model.settings.phone);
  stage.draw();
}

function language() {
  if (!model.deck) return;
  const { variants } = model.deck;
  model.set("variant", variants[(variants.indexOf(model.variant()) + 1) % variants.length].id);
  list.build();
  stage.draw();
}

function move(by, items) {
  const card = model.step(by, items);
  if (!card) return;
  // Moving through the cards is no way that the browser's "back" should go again.
  history.replaceState(null, "", `#${card.id}`);
  if (card !== model.card || stage.view !== "cards") stage.go(card.id);
}

function print() {
  const names = model.deck?.print ?? [];
  if (stage.view !== "cards") location.hash = model.card?.id ?? "";
  else if (names.length) location.hash = `print/${names[0]}`;
}

const KEYS = {
  " ": () => stage.flip(),
  ArrowRight: () => move(1),
  ArrowLeft: () => move(-1),
  ArrowDown: () => move(1, true),
  ArrowUp: () => move(-1, true),
  n: night,
  l: language,
  w: width,
  p: print,
  e: () => problems.toggle(),
  "/": () => { menu(true); $("search").focus(); $("search").select(); },
  "?": () => $("help").showModal(),
  Escape: () => { problems.open(false); menu(false); },
};

document.addEventListener("keydown", (event) => {
  if (event.ctrlKey || event.metaKey || event.altKey || $("help").open) return;
  const field = event.target.closest?.("input, select, textarea");
  if (field) {
    if (event.key === "Escape" || (event.key === "Enter" && field.id === "search")) {
      field.blur();
      if (event.key === "Enter") move(model.passing.includes(model.card) ? 0 : 1);
    }
    return;
  }
  const control = event.target.closest?.("button, a, summary");
  if (control && (event.key === " " || event.key === "Enter")) return;
  const act = KEYS[event.key];
  if (!act) return;
  event.preventDefault();
  act();
});

function menu(open) {
  document.documentElement.classList.toggle("listed", open);
  $("menu").setAttribute("aria-expanded", open);
}

function start() {
  model.list();
  list.start(() => {
    if (model.passing.length && !model.passing.includes(model.card)) move(1);
    else stage.draw();
  });
  problems.start();
  $("night").addEventListener("click", night);
  $("width").addEventListener("click", width);
  $("language").addEventListener("click", language);
  $("flip").addEventListener("click", stage.flip);
  $("previous").addEventListener("click", () => move(-1));
  $("next").addEventListener("click", () => move(1));
  $("help-button").addEventListener("click", KEYS["?"]);
  $("menu").addEventListener("click", () => menu(!document.documentElement.classList.contains("listed")));
  $("topics").addEventListener("click", (event) => { if (event.target.closest("a")) menu(false); });
  window.addEventListener("hashchange", () => stage.go(asked()));
  dressed();
  stage.go(asked());
  problems.take(DECKWRIGHT.problems ?? []);
  if (model.live) listen();
}

/** The id in the address; nothing if it is written so that it cannot be one. */
function asked() {
  try {
    return decodeURIComponent(location.hash.slice(1));
  } catch {
    return "";
  }
}

/** What depends on the deck as a whole. */
function dressed() {
  const { deck } = model;
  stage.tabs();
  if (!deck) return;
  const name = deck.title[deck.variants[0].languages[0]];
  $("title").textContent = name;
  document.title = name;
  list.build();
  const home = list.make("a", "", deck.homepage ?? "");
  home.href = deck.homepage ?? "";
  home.target = "_blank";
  home.rel = "noopener noreferrer";
  $("about").replaceChildren(`${deck.version} · ${deck.licence}`, ...(/^https?:/.test(deck.homepage ?? "") ? [" · ", home] : []));
  $("downloads").hidden = !deck.downloads?.length;
  $("downloads").querySelector("ul").replaceChildren(...(deck.downloads ?? []).map(([file, bytes]) => {
    const link = list.make("a", "", file);
    link.href = file;
    link.setAttribute("download", "");
    const entry = list.make("li");
    entry.append(link, ` ${bytes < 1e6 ? `${Math.ceil(bytes / 1e3)} kB` : `${(bytes / 1e6).toFixed(1)} MB`}`);
    return entry;
  }));
}

// ---------------------------------------------------------------- reload when a file was saved

let taking = Promise.resolve();

function listen() {
  const source = new EventSource(`events?revision=${model.revision}`);
  source.addEventListener("message", (event) => {
    taking = taking.then(() => take(JSON.parse(event.data))).catch((error) => console.error(error));
  });
  source.addEventListener("open", () => { $("live").hidden = true; });
  source.addEventListener("error", () => {
    $("live").textContent = word("lost");
    $("live").hidden = false;
  });
}

async function take({ revision, deck, problems: found }) {
  if (deck) {
    const known = new Map((model.deck?.topics ?? []).map(({ id, hash }) => [id, hash]));
    const changed = new Map();
    await Promise.all(deck.topics.filter(({ id, hash }) => known.get(id) !== hash).map(async ({ id, hash }) => {
      const answer = await fetch(`topics/${id}.json?hash=${hash}`);
      if (!answer.ok) throw new Error(`${answer.status} for topic ${id}`);
      changed.set(id, await answer.json());
    }));
    model.revision = revision;
    model.take(deck, changed);
    if (!model.card) model.card = model.passing[0] ?? null;
    await stage.draw();
    dressed();
    if (stage.view !== "cards") stage.go(`print/${stage.view}`);
  }
  problems.take(found);
}

start();
})();
