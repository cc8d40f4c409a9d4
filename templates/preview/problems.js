// What is wrong with the content, over the last good cards.
"use strict";

window.problems = (() => {
const $ = (id) => document.getElementById(id);
const { make } = window.list;
const problems = {};
let shown = [];

function entry({ path, line, column, code, severity, message, help, excerpt }) {
  const item = make("li", severity);
  const head = make("p", "where");
  if (path) {
    const place = `${path}:${line}:${column}`;
    const link = make("a", "place", place);
    link.href = stage.editor(path, line, column);
    link.title = word("editor");
    const copy = make("button", "plain copy", word("copy"));
    copy.addEventListener("click", async () => {
      await navigator.clipboard.writeText(place);
      copy.textContent = word("copied");
    });
    head.append(link, copy);
  }
  head.append(make("code", "code", code));
  item.append(head, make("p", "message", message));
  if (excerpt) item.append(make("pre", "", excerpt));
  if (help) item.append(make("p", "fix", help));
  return item;
}

/** Take the problems of a state. Errors open the panel; when the last is mended it closes. */
problems.take = (found) => {
  const before = JSON.stringify(shown.filter(({ severity }) => severity === "error"));
  shown = found;
  const errors = found.filter(({ severity }) => severity === "error");
  const warnings = found.length - errors.length;
  const title = [errors.length && word("errors", errors.length), warnings && word("warnings", warnings)]
    .filter(Boolean).join(", ");
  $("problems-title").textContent = title;
  $("problems-button").textContent = title;
  $("problems-button").hidden = !found.length;
  $("problems-button").className = errors.length ? "error" : "warning";
  $("problems-list").replaceChildren(...errors.concat(found.filter((each) => !errors.includes(each))).map(entry));
  if (errors.length && JSON.stringify(errors) !== before) problems.open(true);
  if (!errors.length && (before !== "[]" || !found.length)) problems.open(false);
};

problems.open = (open) => { $("problems").hidden = !open || !shown.length; };
problems.toggle = () => problems.open($("problems").hidden);

problems.start = () => {
  $("problems-button").addEventListener("click", problems.toggle);
  $("problems-close").addEventListener("click", () => problems.open(false));
};

return problems;
})();
