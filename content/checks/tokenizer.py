"""Proofs of the topic "Tokenizers"."""

import math
import re
import unicodedata
from collections import Counter
from itertools import pairwise
from types import SimpleNamespace

import numpy as np

#: Relative to numbers of about 1, in double precision.
EXACT = 1e-9
#: The corpus of arXiv:1508.07909, Algorithm 1, as the cards write it.
CORPUS = "low×5, lower×2, newest×6, widest×3"


def _same(a, b):
    return np.allclose(a, b, rtol=0, atol=EXACT)


def _names(card):
    names = {}
    exec(card.code, names)  # noqa: S102 - the code block is what is proved
    return names


def _counts():
    return {word: int(count) for word, count in re.findall(r"(\w+)×(\d+)", CORPUS)}


def embedding_rows(card):
    """An embedding is a V by d matrix: looking up a row is a product with a one-hot vector.

    Source: arXiv:1706.03762 §3.4. Sharing its weights, the output layer adds none; of its own it
    adds V d, and both grow linearly with the vocabulary.
    """
    vocabulary, width = 7, 3
    table = np.random.default_rng(0).standard_normal((vocabulary, width))
    ids = [4, 0, 4]
    assert _same(np.eye(vocabulary)[ids] @ table, table[ids])
    logits = table[ids] @ table.T
    assert logits.shape == (3, 7)
    separate = table.size + table.T.size
    assert [table.size, separate] == [21, 42]
    card.says("Vd")


def unigram_em(card):
    """EM raises the likelihood of a unigram model at every step; rarely used pieces cost least.

    Source: arXiv:1804.10959 §3.2. All segmentations are listed, so expectations are exact. Of the
    pieces of two letters the one whose loss lowers the likelihood least is the one pruned first:
    the one that EM has made least likely. No gradient is taken anywhere.
    """
    words = Counter("abab abab abab abc abc ca a b c".split())
    pieces = ["a", "b", "c", "ab", "bc", "ca"]

    def splits(word):
        if not word:
            return [()]
        ends = range(1, len(word) + 1)
        return [(word[:e], *rest) for e in ends if word[:e] in pieces for rest in splits(word[e:])]

    def step(p):
        expected, nll = Counter(), 0
        for word, count in words.items():
            chances = {way: math.prod(p.get(piece, 0) for piece in way) for way in splits(word)}
            total = sum(chances.values())
            nll -= count * math.log(total)
            for way, chance in chances.items():
                for piece in way:
                    expected[piece] += count * chance / total
        return {piece: expected[piece] / expected.total() for piece in pieces}, nll

    p = dict.fromkeys(pieces, 1 / len(pieces))
    losses = []
    for _ in range(20):
        p, nll = step(p)
        losses.append(nll)
    assert (np.diff(losses) <= EXACT).all(), "the likelihood falls"
    assert losses[0] - losses[-1] > 5
    assert _same(sum(p.values()), 1)
    cost = {piece: step({**p, piece: 0})[1] for piece in ("ab", "bc", "ca")}
    assert min(cost, key=cost.get) == min(cost, key=p.get) == "bc"
    assert max(cost, key=cost.get) == "ab"
    card.says("EM", "fertility", "Unigram", "BPE")


def bpe_classic(card):
    """The card's code merges es, est, est</w>, lo, low on the classic corpus; es wins a tie at 9.

    Source: arXiv:1508.07909 §3.2, the corpus of its Algorithm 1, run through the very code of the
    card. The vocabulary is base symbols plus merges, and encoding replays the merges in order: on
    `abc` that gives a and bc where the longest match from the left gives ab and c.
    """
    names = _names(card)
    train, merge = names["train_bpe"], names["merge"]
    counts = _counts()
    assert list(counts.values()) == [5, 2, 6, 3]
    rules = train(counts, 5)
    assert ["".join(rule) for rule in rules] == ["es", "est", "est</w>", "lo", "low"]
    pairs = Counter()
    for word, count in counts.items():
        symbols = [*word, "</w>"]
        for pair in pairwise(symbols):
            pairs["".join(pair)] += count
    assert [pair for pair, count in pairs.items() if count == 9] == ["es", "st", "t</w>"]
    assert max(pairs.values()) == 9
    assert pairs["lo"] == 7

    base = {symbol for word in counts for symbol in [*word, "</w>"]}
    assert len(base) == 11
    assert len(base | {"".join(rule) for rule in rules}) == 16
    assert merge(tuple("aaa"), ("a", "a")) == ("aa", "a")
    assert len(train({"ab": 1}, 9)) == 2, "does not stop without pairs"

    rules = train({"bcd": 5, "abd": 3}, 4)
    assert ["".join(rule) for rule in rules] == ["d</w>", "bc", "bcd</w>", "ab"]
    symbols = (*"abc", "</w>")
    for rule in rules:
        symbols = merge(symbols, rule)
    assert symbols == ("a", "bc", "</w>"), "the longest match, ab, comes first"
    card.says(*CORPUS.split(", "), "est</w>", "9")


def byte_level(card):
    """256 bytes, 50,000 merges and one special token are GPT-2's 50,257; UTF-8 writes any text.

    Source: Radford et al. 2019 §2.2 and the vocabulary sizes in tiktoken's published registry. Text
    of several scripts goes to bytes below 256 and back without loss, so no `<unk>` is needed.
    """
    merges, special = 50_000, 1
    text = "naïve 词元 😀 \x00 ﷽ \U0010ffff"
    data = text.encode()
    assert bytes(list(data)).decode() == text
    symbols = max(len(bytes([byte])) for byte in data) * 2**8
    assert max(data) < symbols
    card.says(f"{symbols}", f"{merges:,}", f"{symbols + merges + special:,}")


def utf8_cjk(card):
    """Every common Chinese character takes 3 bytes in UTF-8, rare ones and emoji 4, Latin 1.

    Source: RFC 3629 §3. All 20,992 places of the block of common characters are encoded. Without
    merges a byte-level tokenizer spends one token on each byte.
    """
    common = range(0x4E00, 0xA000)
    assert len(common) == 20_992
    lengths = {len(chr(code).encode()) for code in common}
    assert lengths == {3}
    assert [len(text.encode()) for text in ("a", "é", "😀", "\U00020000")] == [1, 2, 4, 4]
    card.says("3")


def wordpiece_code(card):
    """The card's code takes the longest piece from the left and gives up a whole word at once.

    Source: arXiv:1810.04805 and BERT's published tokenizer, run through the very code of the card.
    Greedy, it never comes back: a shorter first piece may lead on where the longest does not.
    """
    split = _names(card)["wordpiece"]
    vocabulary = {"un", "una", "##aff", "##ffable", "##f", "##fab", "##able"}
    assert split("unaffable", vocabulary) == ["una", "##ffable"]
    vocabulary -= {"##ffable"}
    assert split("unaffable", vocabulary) == ["[UNK]"], "a part survives"
    vocabulary -= {"una"}
    assert split("unaffable", vocabulary) == ["un", "##aff", "##able"]
    assert split("affable", vocabulary) == ["[UNK]"], "a piece with ## begins a word"
    assert split("unun", vocabulary, unk="?") == ["?"], "a piece without ## stands inside a word"
    starts = [len(piece.removeprefix("##")) for piece in split("unaffable", vocabulary)]
    assert starts == [2, 3, 4]
    card.says("##", "[UNK]")


def wordpiece_score(card):
    """On the classic corpus BPE merges e and s, seen 9 times; WordPiece's best pairs occur 3 times.

    Source: the score on the card. It is exp(PMI) over the number of symbols, so both rank pairs
    alike: the rarer the parts on their own, the higher. At the top are i, d and the initial w, i,
    both with 3/(3*3).
    """
    single, pairs = Counter(), Counter()
    for word, count in _counts().items():
        symbols = [word[0], *("##" + letter for letter in word[1:])]
        for symbol in symbols:
            single[symbol] += count
        for pair in pairwise(symbols):
            pairs[pair] += count
    assert max(pairs, key=pairs.get) == ("##e", "##s")
    assert pairs["##e", "##s"] == 9
    score = {(a, b): count / (single[a] * single[b]) for (a, b), count in pairs.items()}
    best = [pair for pair in score if score[pair] == max(score.values())]
    assert ["".join(pair).replace("##", "") for pair in best] == ["wi", "id"]
    assert {pairs[pair] for pair in best} == {3}
    assert _same(max(score.values()), 1 / 3)
    total = single.total()
    assert total == 79
    for (a, b), count in pairs.items():
        pmi = math.log(count / total / (single[a] / total * single[b] / total))
        assert _same(math.exp(pmi) / total, score[a, b])
    if card.item == "wordpiece-vs-bpe":
        card.says(*CORPUS.split(", "), "9", "3")
    else:
        card.says(
            r"\mathrm{score}(a,b)=\frac{\mathrm{freq}(ab)}{\mathrm{freq}(a)\,\mathrm{freq}(b)}"
        )


def sentencepiece_lossless(card):
    """With ▁ for spaces, joining the pieces gives back Normalize(x), whatever way it was cut.

    Source: arXiv:1808.06226 §3.1 and §3.2. Splitting on spaces instead loses how many there were.
    NFKC is not undone, so full-width letters come back in half width. Characters without a piece
    go to their UTF-8 bytes and come back from them.
    """
    text = "Ｈello  世界 e\u0301"
    normal = unicodedata.normalize("NFKC", text)
    assert normal == "Hello  世界 é"
    assert normal != text
    stream = normal.replace(" ", "▁")
    for size in range(1, 5):
        pieces = [stream[start : start + size] for start in range(0, len(stream), size)]
        assert "".join(pieces).replace("▁", " ") == normal
    assert len(pieces) == 3
    assert " ".join(normal.split()) != normal, "words keep every space"
    fallback = [f"<0x{byte:02X}>" for byte in "界".encode()]
    assert fallback == ["<0xE7>", "<0x95>", "<0x8C>"]
    assert bytes(int(piece[3:5], 16) for piece in fallback).decode() == "界"
    card.says(r"\mathrm{Decode}(\mathrm{Encode}(\mathrm{Normalize}(x)))=\mathrm{Normalize}(x)")
    card.says("▁", "NFKC", "UTF-8")


def vocabulary_padding(card):
    """Embedding rows are the vocabularies of the card, padded to multiples of 128.

    Source: the published configurations named on the card. T5 has 32,000 pieces and 100 sentinels;
    GPT-2 256 bytes, 50,000 merges and one special token; Llama 3 100,000 + 28,000 + 256.
    """

    def padded(rows, multiple=128):
        return -(-rows // multiple) * multiple

    t5 = 32_000 + 100
    assert padded(t5) == 32_128
    for rows in (250_880, 151_936, 152_064, 248_320, 65_024, 125_696):
        assert padded(rows) == rows
    gpt2, llama3 = 256 + 50_000 + 1, 100_000 + 28_000 + 256
    card.says("32,000", "100", "128", f"{padded(t5):,}", f"{gpt2:,}", f"{llama3:,}")
    card.says("250,880", "151,936", "152,064", "248,320", "65,024", "125,696")


def digit_groups(card):
    """cl100k_base cuts numbers into groups of up to 3 digits from the left, LLaMA-1 into digits.

    Source: the pattern in tiktoken's published registry, here the part for numbers, and
    arXiv:2302.13971 §2.1. So one digit more shifts all groups, but not single digits.
    """
    most = 3
    groups = {
        len(number): re.findall(rf"\d{{1,{most}}}", number) for number in ("1234567", "123456")
    }
    assert groups == {7: ["123", "456", "7"], 6: ["123", "456"]}
    assert [len(re.findall(r"\d", number)) for number in ("1234567", "7")] == [7, 1]
    card.says(f"{most}")


def language_sampling(card):
    """p ~ n^alpha with alpha < 1 raises small languages: at 0.3 a share of 1 % becomes 16 %.

    Source: arXiv:1911.02116 §3.1. alpha = 1 keeps the shares, alpha = 0 makes them equal; in
    between the order stays, and every language below the average gains.
    """
    data = np.array([96, 3, 1])

    def shares(alpha):
        weights = data**alpha
        return weights / weights.sum()

    assert _same(shares(1), data / 100)
    assert _same(shares(0), 1 / 3)
    xlm_r = shares(0.3)
    assert [round(100 * share) for share in xlm_r] == [62, 22, 16]
    assert (np.diff(xlm_r) < 0).all()
    card.says("n_i^{", r"\alpha", "0.3")


def nfkc_merges(card):
    """NFKC gives full-width and half-width, composed and decomposed spellings one form.

    Source: Unicode Standard Annex #15, as the standard library implements it. NFC merges the
    composed forms only.
    """

    def forms(kind, *texts):
        return len({unicodedata.normalize(kind, text) for text in texts})

    widths, accents = ("Ａ１", "A1"), ("é", "e\u0301")
    assert [forms("NFKC", *widths), forms("NFKC", *accents)] == [1, 1]
    assert [forms("NFC", *widths), forms("NFC", *accents)] == [2, 1]
    card.says("NFKC")


def tokenizer_resize(card):
    """The card's code grows an embedding that is too small, leaves a padded one, and saves both.

    Source: the documented behaviour of `resize_token_embeddings`, which sets the number of rows,
    down as well as up. Runs the very code of the card on stand-ins with Qwen3's sizes.
    """
    rows = 151_936

    def run(tokens):
        log = {"rows": rows, "saved": []}
        tokenizer, model = {"tokens": tokens}, SimpleNamespace()

        class Tokenizer:
            def __len__(self):
                return tokenizer["tokens"]

            def add_tokens(self, added, special_tokens):
                assert special_tokens
                tokenizer["tokens"] += len(added)

            def save_pretrained(self, path):
                log["saved"].append((path, "tokenizer"))

        model.get_input_embeddings = lambda: SimpleNamespace(num_embeddings=log["rows"])
        model.resize_token_embeddings = lambda new: log.update(rows=new)
        model.save_pretrained = lambda path: log["saved"].append((path, "model"))
        exec(card.code, {"tokenizer": Tokenizer(), "model": model, "path": "p"})  # noqa: S102 - the card's code is what is proved
        assert sorted(log["saved"]) == [("p", "model"), ("p", "tokenizer")]
        return log["rows"]

    assert run(151_669) == rows, "a padded embedding shrinks"
    assert run(rows - 1) == rows
    assert run(rows) == 151_937, "no row for the new token"
    card.says(f"{rows:,}")


def left_padding(card):
    """Padded on the left, the last place of each row holds its last token; on the right padding.

    Source: what generation does: it appends to the end of every row and reads the logits there.
    """
    prompts, pad = [[5, 6, 7], [8]], 0
    longest = max(map(len, prompts))
    left = [[pad] * (longest - len(prompt)) + prompt for prompt in prompts]
    right = [prompt + [pad] * (longest - len(prompt)) for prompt in prompts]
    assert [row[-1] for row in left] == [7, 8]
    assert [row[-1] for row in right] == [7, pad]
    assert [*right[1], 9] == [8, pad, pad, 9], "no padding inside"
    card.says("BOS")
