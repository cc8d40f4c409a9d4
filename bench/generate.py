"""Projects as large as wanted, always the same for the same number: what the benchmarks build.

Usage: python -m bench.generate NOTES FOLDER. The texts are as long as the flagship's (question 16
Chinese units and 10 English words, answer 33 and 21, detail 90 and 59), a third of the notes are
clozes, and the authoring rules find nothing in them. The words are drawn at random, so that no text
repeats: results that are kept by content cannot flatter a measurement.
"""

import random
import sys
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Final

#: Items a topic file holds.
TOPIC: Final = 100
#: One item in so many has the part: on every count a little more than the flagship's simpler cards.
EVERY: Final = {"detail": 4, "pitfall": 6, "formula": 4, "code": 12, "table": 12, "figure": 40}

ZH: Final = (
    "梯度 权重 残差 嵌入 词表 批次 缓存 采样 蒸馏 剪枝 对齐 奖励 策略 注意力 位置 编码 归一 "
    "激活 检索 索引 文档 片段 提示 任务 样本 标签 噪声 误差 方差 均值 概率 分布 温度 长度 "
    "窗口 序列 通道 层数 宽度 深度 速度 显存 带宽 吞吐 时延 精度 量化 并行 流水 切分 通信 "
    "同步 检查点 优化器 学习率 预热 衰减 正则 数据 清洗 去重 配比 语料 评测 基准 指标 召回 "
    "排序 工具 规划 记忆 反思 路由 专家"
).split()
EN: Final = (
    "gradient weight residual embedding vocabulary batch cache sampling distillation pruning "
    "reward policy attention position encoding norm activation retrieval index document "
    "passage prompt task sample label noise error variance mean probability distribution "
    "temperature length window sequence channel head layer width depth speed memory "
    "bandwidth throughput latency precision rounding shard pipeline partition traffic "
    "barrier checkpoint optimiser schedule warmup decay penalty corpus filter duplicate "
    "mixture benchmark metric recall ranking tool planner store critic router expert teacher "
    "student decoder encoder kernel buffer"
).split()
VERBS_ZH: Final = "影响 决定 限制 稳定 加快 替代 校正 平衡".split()
VERBS_EN: Final = "changes sets limits steadies speeds replaces corrects balances".split()
FORMULAS: Final = (
    r"\frac{x_%d}{\sqrt{y}} + %d",
    r"\sum_{i=1}^{%d} x_i^{%d}",
    r"\log_{%d} \left(1 + x^{%d}\right)",
    r"\int_0^{%d} y^{%d}\,\mathrm{d}y",
)


@dataclass(frozen=True, slots=True)
class _Pen:
    """Draws words."""

    draw: random.Random

    def zh(self, words: int) -> str:
        """About twice as many units as words."""
        chosen = self.draw.choices(ZH, k=words)
        for at in range(4, words - 2, 5):
            chosen[at] = self.draw.choice(VERBS_ZH)
        for at in range(8, words - 2, 9):
            chosen[at] += "，"
        return "".join(chosen)

    def en(self, words: int) -> str:
        chosen = self.draw.choices(EN, k=words)
        for at in range(2, words - 1, 4):
            chosen[at] = self.draw.choice(VERBS_EN)
        for at in range(7, words - 2, 9):
            chosen[at] += ","
        return " ".join(chosen)

    def formula(self, index: int) -> str:
        """One of a hundred: decks repeat their formulas, and typesetting one takes 10 ms."""
        a, b = divmod(index % 100, 10)
        return FORMULAS[index % len(FORMULAS)] % (a + 2, b + 2)


def _item(pen: _Pen, index: int, with_fact: bool) -> str:
    number = pen.draw.randrange(2, 4000)
    level = ("core", "core", "common", "deep")[index % 4]
    lines = [
        f"  item-{index}:",
        f"    level: {level}",
        "    question:",
        f"      zh: 为什么{pen.zh(6)}？",
        f"      en: Why does the {pen.en(7)}?",
        "    answer:",
        f"      zh: '{pen.zh(7)}**{pen.zh(2)}**{pen.zh(6)} {number} 个。'",
        f"      en: '{pen.en(8).capitalize()} **{pen.en(2)}** {pen.en(8)} {number} of them.'",
    ]
    if index % EVERY["formula"] == 0:
        lines += ["    formula: |", f"      {pen.formula(index)}"]
    if index % EVERY["table"] == 1:
        for language, write in (("zh", pen.zh), ("en", pen.en)):
            lines += ["    table:"] if language == "zh" else []
            rows = "\n".join(f"        | {write(1)} | {write(3)} |" for _ in range(3))
            head = f"        | {write(1)} | {write(1)} |\n        | --- | --- |"
            lines += [f"      {language}: |", head, rows]
    if index % EVERY["code"] == 2:
        name = pen.draw.choice(EN)
        lines += [
            "    code:",
            "      language: python",
            "      source: |",
            f"        def {name}(values, {pen.draw.choice(EN)}_size={number}):",
            f"            return [{name}(v) for v in values if v > {number}]",
        ]
    if index % EVERY["figure"] == 3:
        lines += [f"    figure: figure-{index % 20}.svg"]
    if index % EVERY["detail"] == 3:
        math = f"$x_{number % 60} = y$"
        lines += [
            "    detail:",
            f"      zh: '{pen.zh(20)} {math}。{pen.zh(22)}。'",
            f"      en: '{pen.en(28).capitalize()} {math}. {pen.en(27).capitalize()}.'",
        ]
    if with_fact:
        lines += [
            "    facts:",
            "      first:",
            f"        zh: '{_cloze(lambda: (pen.zh(6), pen.zh(3), pen.zh(5)), '')}。'",
            f"        en: '{_cloze(lambda: (pen.en(7).capitalize(), pen.en(3), pen.en(7)), ' ')}.'",
        ]
    if index % EVERY["pitfall"] == 5:
        lines += [
            "    pitfall:",
            f"      zh: '误：“{pen.zh(10)}。”正：{pen.zh(13)}。'",
            f"      en: 'Wrong: “{pen.en(13)}.” Right: {pen.en(18)}.'",
        ]
    lines.append(f"    refs: ['arXiv:17{index % 12 + 1:02}.{index % 9000 + 1000:05}']")
    return "\n".join(lines) + "\n"


def _cloze(draw: Callable[[], tuple[str, str, str]], space: str) -> str:
    """A sentence with a cloze in it, whose words stand nowhere else in the sentence."""
    while True:
        before, hidden, after = draw()
        if hidden not in f"{before}{space}{after}".lower():
            return f"{before}{space}{{{{c1::{hidden}}}}}{space}{after}"


def items(notes: int) -> list[str]:
    """YAML of the items that make so many notes, two thirds of them basic.

    Args:
        notes: How many, a multiple of 3 or one more or less.
    """
    pen = _Pen(random.Random(1))
    count = notes - notes // 3
    return [_item(pen, index, index % 2 == 0) for index in range(count)][: max(count, 1)]


def write(folder: Path, notes: int, topic: int = TOPIC) -> None:
    """Write a whole project that gives about so many notes.

    Args:
        folder: A new or empty folder.
        notes: How many notes.
        topic: Items in a topic file.
    """
    content = folder / "content"
    (content / "topics").mkdir(parents=True)
    (content / "figures").mkdir()
    all_items = items(notes)
    names = []
    for start in range(0, len(all_items), topic):
        name = f"topic-{start // topic:04}"
        names.append(name)
        title = f"title: {{zh: 第 {start // topic} 章, en: Chapter {start // topic}}}\nitems:\n"
        text = title + "".join(all_items[start : start + topic])
        (content / "topics" / f"{name}.yaml").write_text(text, "utf-8")
    for number in range(20):
        (content / "figures" / f"figure-{number}.svg").write_text(_figure(number), "utf-8")
    (content / "symbols.yaml").write_text(
        "x: {zh: 输入, en: the input}\ny: {zh: 输出, en: the output}\n", "utf-8"
    )
    (content / "deck.yaml").write_text(
        "id: bench\ntitle: {zh: 基准, en: Benchmark}\nlanguages: [zh, en]\n"
        "licence: CC0-1.0\nversion: 1.0.0\n"
        f"description: {{zh: 基准, en: Benchmark}}\ntopics: [{', '.join(names)}]\n"
        "lint: {rules: {unused-figure: 'off'}}\n"
        "outputs:\n  deck.apkg: {target: anki}\n",
        "utf-8",
    )


def _figure(number: int) -> str:
    """A drawing of some kilobytes, as figures are."""
    lines = "".join(
        f'<path d="M{x} {(x * number) % 97} L{x + 3} {(x * 7) % 89}" stroke="currentColor"/>'
        for x in range(0, 200, 4)
    )
    return f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 200 100">{lines}</svg>\n'


if __name__ == "__main__":
    write(Path(sys.argv[2]), int(sys.argv[1]))
