"""A bilingual project to print: as many items as wanted, sized like real answers, always the same.

An item has 124 Chinese characters and 79 English words to say, a formula inside a sentence, every
second one a formula of its own, every eighth a program, every tenth a table. No two texts and few
formulas are alike, so nothing that is kept by content flatters a measurement.
"""

import random
from pathlib import Path
from typing import Final

#: Items of a topic.
TOPIC: Final = 12

_ZH: Final = (
    "梯度 权重 残差 嵌入 词表 批次 缓存 采样 蒸馏 剪枝 对齐 奖励 策略 位置 编码 激活 检索 索引 "
    "文档 片段 提示 任务 样本 标签 噪声 误差 方差 均值 概率 分布 温度 长度 窗口 序列 通道 宽度 "
    "深度 速度 显存 带宽 影响 决定 限制 稳定 加快 替代 校正 平衡 需要 得到 保持 降低 提高 因此"
).split()
_EN: Final = (
    "gradient weight residual embedding vocabulary batch cache sampling reward policy attention "
    "position encoding activation retrieval index document passage prompt sample label noise error "
    "variance probability distribution temperature window sequence channel width depth memory "
    "bandwidth sets limits steadies replaces corrects balances needs keeps lowers the of for with "
    "and so to at most usually because"
).split()
_FORMULAS: Final = (
    r"\operatorname{{softmax}}\!\left(\frac{{QK^\top}}{{\sqrt{{d_{{{n}}}}}}} + M\right)V",
    r"\mathcal{{L}} = -\frac{{1}}{{N}}\sum_{{t=1}}^{{{n}}} \log p_\theta(x_t \mid x_{{<t}})",
    r"\theta_{{t+1}} = \theta_t - \eta\,\frac{{\hat m_t}}{{\sqrt{{\hat v_t}} + 10^{{-{n}}}}}",
    r"\begin{{aligned}} h &= W_0 x + \tfrac{{\alpha}}{{{n}}} BAx \\ \Delta W &= BA \end{{aligned}}",
)
_SYMBOLS: Final = r"\alpha \theta \eta \mathcal{L} x y Q K V M d N p m v h W B A r".split()
_PROGRAM: Final = """def attend_{n}(q, k, v):  # [batch, heads, time, width]
    scores = q @ k.transpose(-2, -1) / k.shape[-1] ** 0.5
    mask = torch.ones(scores.shape[-2:], dtype=torch.bool).triu({n})
    return scores.masked_fill(mask, float("-inf")).softmax(-1) @ v"""


def write(folder: Path, items: int) -> None:
    """Write the project.

    Args:
        folder: A new folder.
        items: How many questions.
    """
    draw = random.Random(4)
    topics = [f"topic-{n}" for n in range(1, (items + TOPIC - 1) // TOPIC + 1)]
    content = folder / "content"
    (content / "topics").mkdir(parents=True)
    (content / "deck.yaml").write_text(_deck(topics), "utf-8")
    symbols = "".join(f"'{symbol}': {symbol.strip('}')[-1]}\n" for symbol in _SYMBOLS)
    (content / "symbols.yaml").write_text(symbols, "utf-8")
    for place, topic in enumerate(topics):
        numbers = range(place * TOPIC, min(items, (place + 1) * TOPIC))
        head = f"title: {{zh: 第 {place + 1} 章, en: Chapter {place + 1}}}\nitems:\n"
        body = "".join(_item(draw, number) for number in numbers)
        (content / "topics" / f"{topic}.yaml").write_text(head + body, "utf-8")


def _deck(topics: list[str]) -> str:
    return (
        "id: bench-print\ntitle: {zh: 排版测量, en: Print bench}\nlanguages: [zh, en]\n"
        "licence: CC0 1.0\ndescription: {zh: 测量用。, en: For measuring.}\n"
        f"topics: [{', '.join(topics)}]\n"
        "outputs:\n  sheet.pdf: {target: sheet}\n  handout.pdf: {target: handout}\n"
    )


def _item(draw: random.Random, number: int) -> str:
    level = ("core", "common", "common", "deep")[number % 4]
    lines = [
        f"  item-{number}:",
        f"    level: {level}",
        f"    question: {{zh: '{_zh(draw, 14)}？', en: '{_en(draw, 9)}?'}}",
        "    answer:",
        f"      zh: {_zh(draw, 40)}。",
        f"      en: {_en(draw, 25)}.",
        "    facts:",
    ]
    for fact in range(3):
        math = f" $x_{{{number}}} = \\alpha_{{{draw.randrange(99)}}} y$ " if fact == 1 else ""
        unique = (
            4 * number + fact
        )  # no key term stands in another line, as in content that is right
        zh, en = f"{_zh(draw, 4)} {unique}", f"{_en(draw, 2)} {unique}"
        lines += [
            f"      fact-{fact}:",
            f"        zh: '{_zh(draw, 12)}{{{{c1::{zh}}}}}{math}{_zh(draw, 12)}。'",
            f"        en: '{_en(draw, 8)} {{{{c1::{en}}}}}{math or ' '}{_en(draw, 8)}.'",
        ]
    if number % 2 == 0:
        formula = _FORMULAS[number // 2 % len(_FORMULAS)].format(n=draw.randrange(2, 99))
        lines += ["    formula: |", f"      {formula}"]
    if number % 8 == 3:
        program = _PROGRAM.format(n=number).replace("\n", "\n        ")
        lines += ["    code:", "      language: python", "      source: |", f"        {program}"]
    if number % 10 == 5:
        rows = [f"| {_en(draw, 1)} | {draw.randrange(9999)} | {_en(draw, 3)} |" for _ in range(4)]
        lines += ["    table: |", "      | a | b | c |", "      |---|--:|---|"]
        lines += [f"      {row}" for row in rows]
    lines.append(f"    refs: ['arXiv:2001.{10000 + number}']")
    return "\n".join(lines) + "\n"


def _zh(draw: random.Random, characters: int) -> str:
    return "".join(draw.choice(_ZH) for _ in range(characters // 2))


def _en(draw: random.Random, words: int) -> str:
    return " ".join(draw.choice(_EN) for _ in range(words)).capitalize()
