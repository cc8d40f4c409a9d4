"""How the fixtures show a document: problems with their excerpts, then what each target writes."""

from collections.abc import Iterator
from dataclasses import replace

from builder import markup

STYLES = {
    "anki": markup.Style(
        "anki", markup.anki_math, lambda src, alt: f'<img src="{src}" alt="{alt}">'
    ),
    "mark": markup.Style(
        "mark",
        lambda latex, display: f"<math {'block' if display else 'inline'}>{latex}</math>",
        lambda src, alt: f"<image {src} {alt}>",
        autospace=True,
        inline=True,
    ),
    "blank": markup.Style(
        "blank", lambda latex, _: f"<math>{latex}</math>", lambda src, _: src, inline=True
    ),
}

STYLES["gap"] = replace(STYLES["blank"], asked=2)
STYLES["asked"] = replace(STYLES["mark"], asked=2)


def records(
    document: markup.Document,
) -> Iterator[markup.Cloze | markup.Math | markup.Image | markup.Code]:
    """All that is noted of a text beside its problems."""
    yield from document.clozes
    yield from document.maths
    yield from document.images
    yield from document.codes


def show(text: str, wanted: list[str]) -> str:
    """The parts named in `wanted`, in this order."""
    document = markup.parse(text)
    lines = []
    for part in wanted:
        if part == "problems":
            lines += [
                f"{p.code} {p.start}-{p.end} {text[p.start : p.end]!r}: {p.message}; {p.help}"
                for p in document.problems
            ] or ["no problems"]
        elif part == "records":
            for record in records(document):
                lines.append(f"{record} {text[record.start : record.end]!r}")
        elif part == "plain":
            lines.append(markup.plain(document))
        else:
            html = markup.render(document, STYLES[part])
            lines.append(html.replace("\u2009", "⟨thin⟩").rstrip("\n"))
    return "\n".join(lines)
