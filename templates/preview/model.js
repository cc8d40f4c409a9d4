// The deck as the page knows it: its cards in order, which of them pass the filters, what is shown.
"use strict";

window.model = (() => {
const model = {
  deck: DECKWRIGHT.deck,
  topics: new Map(Object.entries(DECKWRIGHT.topics ?? {})),
  live: Boolean(DECKWRIGHT.live),
  revision: DECKWRIGHT.revision ?? 0,
  cards: [],      // of the whole deck, in learning order
  passing: [],    // those that pass the filters
  card: null,     // the one shown
  side: "front",
  filters: { query: "", topic: "", level: "", kind: "", state: "" },
  settings: { night: matchMedia("(prefers-color-scheme: dark)").matches, phone: innerWidth < 760, variant: "" },
};

const STORE = "deckwright-preview";
try {
  Object.assign(model.settings, JSON.parse(localStorage.getItem(STORE) ?? "{}"));
} catch { /* a page from a disk may have no store, and a foreign entry is none of ours */ }

model.set = (name, value) => {
  model.settings[name] = value;
  try {
    localStorage.setItem(STORE, JSON.stringify(model.settings));
  } catch { /* as above */ }
};

/** The choice of languages shown: one of the deck's variants. */
model.variant = () =>
  model.deck.variants.find((each) => each.id === model.settings.variant) ?? model.deck.variants[0];

/** Take a new state of the deck; `changed` are topics in full, the others stay as they are. */
model.take = (deck, changed) => {
  const topics = new Map();
  for (const { id } of deck.topics) topics.set(id, changed.get(id) ?? model.topics.get(id));
  model.deck = deck;
  model.topics = topics;
  model.list();
};

const made = new WeakMap();

function cardsOf(topic) {
  if (!made.has(topic)) {
    made.set(topic, topic.items.flatMap((item) => item.notes.flatMap((note) => note.numbers.map((number) => (
      { topic, item, note, number, id: note.kind === "basic" ? note.key : `${note.key}:${number}` }
    )))));
  }
  return made.get(topic);
}

/** Make the list of cards anew; the card shown stays, or what is nearest to it takes its place. */
model.list = () => {
  const at = model.cards.indexOf(model.card);
  model.cards = (model.deck?.topics ?? []).flatMap(({ id }) => cardsOf(model.topics.get(id)));
  if (model.card) {
    const { id, note, item } = model.card;
    model.card = model.find(id) ?? model.find(note.key) ?? model.find(item.id)
      ?? model.cards[Math.min(at, model.cards.length - 1)] ?? null;
  }
  model.filter();
};

/** The card of an id such as `rope-idea`, `rope-idea.relative` or `rope-idea.relative:2`. */
model.find = (id) => model.cards.find((card) => card.id === id)
  ?? model.cards.find((card) => card.note.key === id)
  ?? model.cards.find((card) => card.item.id === id);

/** Every field of a card's note: what all notes of its item share is stored once. */
model.fields = ({ item, note }) => ({ ...item.common, ...note.fields });

/** A card's note as `cardSides` wants it. */
model.note = (card) => ({
  fields: model.fields(card),
  tags: card.note.tags,
  deck: card.note.deck ?? model.deck.name,
  number: card.number,
});

const texts = new WeakMap();

function text(card) {
  if (!texts.has(card.note)) {
    const fields = Object.values(model.fields(card)).join("\n")
      .replace(/<[^>]*>/g, "").replace(/\{\{c\d+::|\}\}/g, "")
      .replace(/&lt;/g, "<").replace(/&gt;/g, ">").replace(/&quot;/g, '"').replace(/&amp;/g, "&");
    texts.set(card.note, `${card.note.key}\n${fields}`.toLowerCase());
  }
  return texts.get(card.note);
}

model.filter = () => {
  const { query, topic, level, kind, state } = model.filters;
  const words = query.toLowerCase().split(/\s+/).filter(Boolean);
  const none = !words.length && !topic && !level && !kind && !state;
  model.passing = none ? model.cards : model.cards.filter((card) =>
    (!topic || card.topic.id === topic)
    && (!level || card.item.level === level)
    && (!kind || card.note.kind === kind)
    && (!state || card.note.state !== "")
    && words.every((word) => text(card).includes(word)));
};

/** The card so many places on among those that pass; of the next or last item if `items`. */
model.step = (by, items) => {
  const { passing, card } = model;
  if (!passing.length) return null;
  let at = passing.indexOf(card);
  if (at < 0) return passing[0];
  if (!items) return passing[Math.max(0, Math.min(passing.length - 1, at + by))];
  const first = passing.findIndex((each) => each.item === card.item);
  if (by > 0) return passing.find((each, place) => place > at && each.item !== card.item) ?? card;
  const before = passing[first - 1];
  return before ? passing.find((each) => each.item === before.item) : passing[first];
};

return model;
})();
