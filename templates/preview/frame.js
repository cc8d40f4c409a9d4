// The card's page. It stands in a frame of its own, so that the card's style and ours do not meet,
// and draws what the page around it sends, as Anki's reviewer does. It runs when its page is whole
// (`defer`), since a card is sent as soon as it says that it is ready.
"use strict";

(() => {
const KEYS = new Set([" ", "ArrowLeft", "ArrowRight", "ArrowUp", "ArrowDown", "Enter", "Escape"]);
let drawing = Promise.resolve();
let last = {};

// Only the page around may ask, and only it is told; a frame opened from a disk has no origin to
// compare, so windows are.
window.addEventListener("message", (event) => {
  if (event.source !== window.parent) return;
  if (event.data?.hello) tell({ ready: true });
  if (event.data?.draw === undefined) return;
  drawing = drawing.then(() => draw(event.data)).catch((error) => tell({ drawn: event.data.draw, failed: String(error) }));
});

function tell(message) {
  window.parent.postMessage(message, "*");
}

async function draw({ draw: number, html, body, root, night, place, answered }) {
  const same = place === last.place;
  const open = same ? [...document.querySelectorAll("details")].map((each) => each.open) : [];
  const top = same ? window.scrollY : 0;
  document.documentElement.className = night ? `${root} night-mode` : root;
  document.body.className = night ? `${body} nightMode night_mode` : body;
  if (html !== last.html) {
    const qa = document.getElementById("qa");
    last = {};  // until this is drawn: it may fail half-way
    qa.innerHTML = html;
    await window.MathJax.startup.promise;
    window.MathJax.typesetClear();
    await window.MathJax.typesetPromise([qa]);
    document.querySelectorAll("details").forEach((each, at) => { each.open = open[at] ?? each.open; });
    if (!answered) window.scrollTo(0, top);
  }
  if (answered) document.getElementById("answer")?.scrollIntoView();
  last = { html, place };
  tell({ drawn: number });
}

document.addEventListener("click", (event) => {
  const link = event.target.closest?.("a[href]");
  if (!link) return;
  if (link.classList.contains("hint")) {
    event.preventDefault();
    link.style.display = "none";
    link.nextElementSibling.style.display = "block";
    return;
  }
  link.target = "_blank";
  link.rel = "noopener noreferrer";
});

// The keys work wherever the focus is.
document.addEventListener("keydown", (event) => {
  if (event.ctrlKey || event.metaKey || event.altKey) return;
  if (event.target.closest?.("input, textarea, summary, a")) return;
  if (event.key.length > 1 && !KEYS.has(event.key)) return;
  if (event.key === "ArrowUp" || event.key === "ArrowDown" || event.key === " ") event.preventDefault();
  tell({ key: event.key });
});

tell({ ready: true });
})();
