// The page's own words. The reader's language decides; without one of these it is English.
"use strict";

(() => {
const WORDS = {
  en: {
    list: "Cards and filters", language: "Languages shown", width: "Phone or desktop width", night: "Light or night",
    help: "Help", search: "Search text or id", topic: "Topic", level: "Level", kind: "Kind", state: "State",
    downloads: "Downloads", cards: "Cards", previous: "Previous card", next: "Next card", card: "Card",
    print: "Printed pages", open: "Open in a tab of its own", problems: "Problems", close: "Close", keys: "Keys",
    space: "space", "key-flip": "Flip the card", "key-cards": "Previous and next card",
    "key-items": "Previous and next question", "key-print": "Cards or printed pages", "key-search": "Search",
    "all-topics": "All topics", "all-levels": "All levels", "all-kinds": "All kinds", "all-states": "Any state",
    core: "core", common: "common", deep: "deep", basic: "Q&A", cloze: "Cloze", changed: "Changed since the lock",
    new: "new", edited: "changed", phone: "Phone", desktop: "Desktop", "show-back": "Show answer",
    "show-front": "Show question", count: (cards, all) => (cards === all ? `${all} cards` : `${cards} of ${all} cards`),
    nothing: "No card matches.", empty: "No cards yet: mend the problems first.",
    errors: (n) => `${n} ${n === 1 ? "error" : "errors"}`,
    warnings: (n) => `${n} ${n === 1 ? "warning" : "warnings"}`, copy: "Copy", copied: "Copied",
    drawing: "Drawing the pages…",
    lost: "The preview has stopped; start it again to go on.", editor: "Open in the editor",
  },
  zh: {
    list: "卡片与筛选", language: "显示的语言", width: "手机或桌面宽度", night: "日间或夜间", help: "帮助",
    search: "搜索文字或编号", topic: "主题", level: "难度", kind: "类型", state: "状态", downloads: "下载",
    cards: "卡片", previous: "上一张", next: "下一张", card: "卡片", print: "打印页", open: "在新标签页打开",
    problems: "问题", close: "关闭", keys: "快捷键", space: "空格", "key-flip": "翻面", "key-cards": "上一张、下一张卡片",
    "key-items": "上一题、下一题", "key-print": "卡片或打印页", "key-search": "搜索", "all-topics": "全部主题",
    "all-levels": "全部难度", "all-kinds": "全部类型", "all-states": "不限状态", core: "核心", common: "常考",
    deep: "进阶", basic: "问答", cloze: "填空", changed: "锁定后有改动", new: "新增", edited: "已改", phone: "手机",
    desktop: "桌面", "show-back": "显示答案", "show-front": "显示问题",
    count: (cards, all) => (cards === all ? `${all} 张卡片` : `${all} 张中的 ${cards} 张`), nothing: "没有符合条件的卡片。",
    empty: "还没有卡片，请先解决问题。", errors: (n) => `${n} 个错误`, warnings: (n) => `${n} 个警告`, copy: "复制",
    copied: "已复制", drawing: "正在排版…",
    lost: "预览已停止，请重新启动。", editor: "在编辑器中打开",
  },
};
const language = (navigator.languages ?? [navigator.language]).map((tag) => tag.split("-")[0])
  .find((tag) => tag in WORDS) ?? "en";

document.documentElement.lang = language === "zh" ? "zh-Hans" : "en";

/** One of the page's words, or what a word with numbers makes of them. */
window.word = function word(key, ...numbers) {
  const found = WORDS[language][key] ?? WORDS.en[key] ?? key;
  return typeof found === "function" ? found(...numbers) : found;
};

document.addEventListener("DOMContentLoaded", () => {
  const fill = (name, put) => {
    for (const element of document.querySelectorAll(`[data-${name}]`)) put(element, word(element.dataset[name]));
  };
  fill("word", (element, text) => { element.textContent = text; });
  fill("label", (element, text) => { element.setAttribute("aria-label", text); });
  fill("placeholder", (element, text) => { element.placeholder = text; element.setAttribute("aria-label", text); });
  fill("title", (element, text) => { element.title = text; element.setAttribute("aria-label", text); });
});
})();
