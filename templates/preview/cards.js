// Cards as Anki makes them of a note: templates, sections, filters and clozes, in the same HTML.
// The rules are those of Anki's Rust backend; tests compare the result with the backend's own.
"use strict";

(() => {
// A field counts as empty if nothing but white space and line breaks is in it.
const EMPTY = /^(?:\s|<\/?(?:br|div) ?\/?>)*$/i;
const TOKEN = /<!--[^]*?-->|\{\{([^]*?)\}\}/g;
const CLOZE = /\{\{c([0-9,]+)::|\}\}/g;
const DEEPEST = 10;

/**
 * Both sides of a card.
 *
 * @param kind The note type: its `name`, whether it is for `cloze`, and its `templates`.
 * @param note Its `fields` (name -> HTML), `tags`, `deck` and the card's `number`, from 1.
 * @returns {front: string, back: string}
 */
window.cardSides = function cardSides(kind, note) {
  const template = kind.templates[kind.cloze ? 0 : note.number - 1];
  const fields = {
    ...note.fields,
    Tags: note.tags.join(" "),
    Type: kind.name,
    Deck: note.deck,
    Subdeck: note.deck.split("::").pop(),
    Card: template.name,
    CardFlag: "flag0",
  };
  const front = fill(template.front, fields, note.number, true);
  const back = fill(template.back, { ...fields, FrontSide: front }, note.number, false);
  return { front, back };
};

function fill(template, fields, number, question) {
  let html = "";
  let from = 0;
  const shown = [];  // of each open section, whether its content is shown
  const visible = () => shown.every(Boolean);
  const put = (text) => { if (visible()) html += text; };
  for (const match of template.matchAll(TOKEN)) {
    put(template.slice(from, match.index));
    from = match.index + match[0].length;
    if (match[1] === undefined) {
      put(match[0]);
      continue;
    }
    const inner = match[1].trim();
    const name = inner.slice(1).trim();
    if (inner[0] === "#") shown.push(filled(fields, name, number));
    else if (inner[0] === "^") shown.push(!filled(fields, name, number));
    else if (inner[0] === "/") shown.pop();
    else if (visible()) html += replacement(inner, fields, number, question);
  }
  put(template.slice(from));
  return html;
}

function filled(fields, name, number) {
  if (/^c\d+$/.test(name) && !(name in fields)) return name === `c${number}`;
  return !EMPTY.test(fields[name] ?? "");
}

function replacement(inner, fields, number, question) {
  const parts = inner.split(":");
  const name = parts.pop();
  const filters = parts.reverse();
  let text = fields[name] ?? "";
  if (filters.at(-1) === "type") {
    return question ? '<input id="typeans" type="text">' : `<code id="typeans">${text}</code>`;
  }
  for (const filter of filters) text = filtered(filter.trim(), text, name, number, question);
  return text;
}

const RUBY = / ?([^ >]+?)\[(.+?)\]/g;

function filtered(filter, text, name, number, question) {
  const ruby = (make) => text.replaceAll("&nbsp;", " ").replace(RUBY, (all, base, reading) =>
    reading.startsWith("sound:") ? all : make(base, reading));
  switch (filter) {
    case "cloze": return mathWithoutTags(clozes(text, number, question));
    case "text": return plain(text);
    case "furigana": return ruby((base, reading) => `<ruby><rb>${base}</rb><rt>${reading}</rt></ruby>`);
    case "kanji": return ruby((base) => base);
    case "kana": return ruby((_, reading) => reading);
    case "hint": return text.trim()
      ? `<a class=hint href="#">${name}</a>\n<div class=hint style="display: none">${text}</div>\n` : text;
    default: return filter.startsWith("tts ") ? "" : text;
  }
}

const MARKUP = /<!--[^]*?-->|<(style|script)[^]*?<\/\1>|<[^]*?>/gi;

function plain(html) {
  const area = document.createElement("textarea");  // decodes entities and nothing else
  area.innerHTML = html.replace(MARKUP, "");
  return area.value.replaceAll("\u00a0", " ");
}

// Clozes nest; a `}}` closes the innermost, and `::` in it begins its hint.
function clozes(text, number, question) {
  const root = { nodes: [] };
  const open = [root];
  const write = (piece) => {
    const top = open.at(-1);
    if (top !== root && piece.includes("::")) {
      const at = piece.indexOf("::");
      top.hint = piece.slice(at + 2);
      piece = piece.slice(0, at);
    }
    top.nodes.push(piece);
  };
  let from = 0;
  for (const match of text.matchAll(CLOZE)) {
    if (match.index > from) write(text.slice(from, match.index));
    from = match.index + match[0].length;
    if (match[1] !== undefined) {
      if (open.length <= DEEPEST) open.push({ numbers: match[1].split(",").map(Number), nodes: [] });
    } else if (open.length > 1) {
      const closed = open.pop();
      open.at(-1).nodes.push(closed);
    } else {
      root.nodes.push("}}");
    }
  }
  if (from < text.length) write(text.slice(from));
  const found = { asked: false };
  const html = root.nodes.map((node) => reveal(node, number, question, found)).join("");
  return found.asked ? html : "";
}

function reveal(node, number, question, found) {
  if (typeof node === "string") return node;
  const inner = node.nodes.map((each) => reveal(each, number, question, found)).join("");
  const ordinal = `data-ordinal="${node.numbers.join(",")}"`;
  if (!node.numbers.includes(number)) return `<span class="cloze-inactive" ${ordinal}>${inner}</span>`;
  found.asked = true;
  if (!question) return `<span class="cloze" ${ordinal}>${inner}</span>`;
  return `<span class="cloze" data-cloze="${attribute(inner)}" ${ordinal}>[${node.hint ?? "..."}]</span>`;
}

const NAMED = { "<": "&lt;", ">": "&gt;", "&": "&amp;", '"': "&quot;" };

function attribute(text) {
  return text.replace(/[\0-\x2f\x3a-\x40\x5b-\x60\x7b-\xff]/g, (char) =>
    NAMED[char] ?? `&#x${char.charCodeAt(0).toString(16).toUpperCase().padStart(2, "0")};`);
}

// Tags inside a formula would break it.
function mathWithoutTags(html) {
  return html.replace(/(\\[([])([^]*?)(\\[)\]])/g, (_, open, inner, close) =>
    open + inner.replace(/<!--[^]*?-->|<[^]*?>/g, "") + close);
}
})();
