// The middle of the page: the card shown, and the printed pages.
"use strict";

window.stage = (() => {
const $ = (id) => document.getElementById(id);
const { make } = window.list;
const stage = { view: "cards" };
let ready = false;
let number = 0;
let drawn = () => {};

window.addEventListener("message", (event) => {
  if (event.source !== $("card").contentWindow) return;
  const { ready: frame, drawn: at, key, failed } = event.data ?? {};
  if (failed) console.error(failed);
  if (frame) {
    ready = true;
    stage.draw();
  } else if (at !== undefined) {
    if (at !== number) return;
    document.documentElement.dataset.idle = "yes";
    drawn();
  } else if (key) {
    document.dispatchEvent(new KeyboardEvent("keydown", { key, bubbles: true, cancelable: true }));
  }
});

// On a busy machine the frame may have been ready before anyone here could hear of it.
$("card").contentWindow?.postMessage({ hello: true }, "*");

const PLATFORM = /Mac/.test(navigator.platform) ? "mac" : /Win/.test(navigator.platform) ? "win" : "linux";

/** Draw the card shown as Anki does; `answered` if it was just flipped. Resolves when it is drawn. */
stage.draw = (answered = false) => {
  const { card, side, settings, deck } = model;
  stage.dress();
  if (!card || !ready) return Promise.resolve();
  const variant = model.variant();
  const kind = deck.kinds[card.note.kind];
  const html = `<style>${kind.css ?? variant.css}</style>${media(cardSides(kind, model.note(card))[side])}`;
  number += 1;
  document.documentElement.dataset.idle = "no";
  $("card").contentWindow.postMessage({
    draw: number,
    html,
    body: `card card${card.number}`,
    root: settings.phone ? "mobile android linux" : PLATFORM,
    night: settings.night,
    place: `${card.id} ${side}`,
    answered: answered && side === "back",
  }, "*");
  drawn();
  return new Promise((done) => { drawn = done; });
};

// Imported notes may name their files with characters that mean something in an address, and have
// sounds, for which Anki shows a button.
function media(html) {
  const address = (name) => (/^[a-z]+:|%/i.test(name) ? name : encodeURIComponent(name));
  return html
    .replace(/(<(?:img|audio|source|video)\b[^>]*?\bsrc\s*=\s*)(["'])(.*?)\2/gi, (_, before, quote, name) =>
      `${before}${quote}${address(name.replaceAll("&amp;", "&"))}${quote}`)
    .replace(/\[sound:(.+?)\]/g, (_, name) =>
      `<audio controls preload="none" src="${address(name.replaceAll("&amp;", "&"))}"></audio>`);
}

/** The page around the card: buttons, facts, colours. */
stage.dress = () => {
  const { card, side, settings } = model;
  const root = document.documentElement;
  root.classList.toggle("night", settings.night);
  root.classList.toggle("phone", settings.phone);
  root.dataset.view = stage.view;
  $("cards").hidden = !card || stage.view !== "cards";
  $("print").hidden = stage.view === "cards";
  $("nothing").hidden = Boolean(card) || stage.view !== "cards";
  $("nothing").textContent = model.cards.length ? word("nothing") : word("empty");
  $("night").setAttribute("aria-pressed", settings.night);
  $("width").textContent = word(settings.phone ? "phone" : "desktop");
  for (const tab of $("tabs").children) tab.setAttribute("aria-selected", tab.dataset.view === stage.view);
  if (!model.deck) return;
  const variant = model.variant();
  $("language").textContent = variant.languages.join(" + ");
  $("language").hidden = model.deck.variants.length < 2;
  if (!card) return;
  $("flip").textContent = word(side === "front" ? "show-back" : "show-front");
  chips(card);
  facts(card);
};

function chips(card) {
  const all = model.cards.filter((each) => each.item === card.item);
  $("chips").replaceChildren(...all.map((each) => {
    const chip = make("a", "chip");
    chip.href = `#${each.id}`;
    const fact = each.note.key.slice(each.item.id.length + 1);
    const kind = model.deck.kinds[each.note.kind];
    chip.textContent = each.note.kind === "basic" ? word("basic")
      : !kind.cloze ? kind.templates[each.number - 1].name
      : each.note.numbers.length > 1 ? `${fact} c${each.number}`.trim() : fact || word("cloze");
    if (each === card) chip.setAttribute("aria-current", "true");
    if (each.note.state) chip.classList.add("fresh");
    return chip;
  }));
}

function facts({ note, item, topic }) {
  const key = make("code", "", note.key);
  const parts = [key, make("span", "", topic.title[model.variant().languages[0]])];
  if (item.level) parts.splice(1, 0, make("span", "", word(item.level)));
  if (note.state) parts.push(make("span", "mark", word(note.state === "new" ? "new" : "edited")));
  if (note.place) {
    const [path, line, column] = note.place;
    const link = make("a", "", `${path}:${line}`);
    link.href = stage.editor(path, line, column);
    link.title = word("editor");
    parts.push(link);
  }
  $("facts").replaceChildren(...parts.flatMap((part, at) => (at ? [" · ", part] : [part])));
}

/** The address that opens a place in VS Code. */
stage.editor = (path, line, column) =>
  `vscode://file/${encodeURI(`${DECKWRIGHT.root}/${path}`.replace(/^\//, ""))
    .replace(/[#?]/g, encodeURIComponent)}:${line}:${column}`;

/** Show the card of an id, or the pages of a document: `print/handout.pdf`. */
stage.go = (id) => {
  if (id.startsWith("print/")) {
    stage.open(id.slice("print/".length));
    return;
  }
  const card = model.find(id) ?? model.card ?? model.passing[0] ?? null;
  stage.view = "cards";
  if (card !== model.card) model.side = "front";
  model.card = card;
  list.mark();
  stage.draw();
};

stage.flip = () => {
  model.side = model.side === "front" ? "back" : "front";
  stage.draw(true);
};

// ---------------------------------------------------------------- printed pages

let shown = "";

stage.tabs = () => {
  const views = [["cards", word("cards")], ...(model.deck?.print ?? []).map((name) => [name, name])];
  $("tabs").replaceChildren(...views.map(([view, label]) => {
    const tab = make("button", "", label);
    tab.setAttribute("role", "tab");
    tab.dataset.view = view;
    tab.addEventListener("click", () => {
      location.hash = view === "cards" ? model.card?.id ?? "" : `print/${view}`;
    });
    return tab;
  }));
  $("tabs").hidden = views.length < 2;
};

/** Show a document; the pages shown stay until the new ones are drawn. */
stage.open = async (name) => {
  if (!model.deck?.print.includes(name)) {
    stage.go("");
    return;
  }
  stage.view = name;
  stage.dress();
  const address = model.live ? `print/${name}?revision=${model.revision}` : name;
  $("print-link").href = address;
  $("print-state").textContent = "";
  if (address === shown) return;
  if (model.live) {
    $("print-state").textContent = word("drawing");
    await fetch(address).then((answer) => answer.blob()).catch(() => {});
    if (stage.view !== name || address !== $("print-link").getAttribute("href")) return;
    $("print-state").textContent = "";
  }
  shown = address;
  $("pages").src = `${address}#view=FitH&navpanes=0`;
};

return stage;
})();
