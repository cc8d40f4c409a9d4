import contextlib
import io
import os
import subprocess
import sys
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pikepdf
import pypdfium2
import pytest

from builder.cache import Cache
from builder.diagnostics import EnvironmentProblem
from builder.forms import math_img, math_key
from builder.pdf import (
    APT,
    PrintError,
    Rendered,
    render_pdf,
    versions,
)
from builder.typeset import Drawing, Formula, typeset

CSS = """
@page { size: 100mm 60mm; margin: 5mm }
body { font: 10pt "DW Sans SC"; margin: 0 }
"""


def document(body: str) -> str:
    head = '<meta charset="utf-8"><title>注意力 Attention</title><meta name="author" content="Ada">'
    return f'<!DOCTYPE html><html lang="zh-Hans"><head>{head}</head><body>{body}</body></html>'


def render(
    body: str, cache: Cache, *, css: str = "", folders: Mapping[str, Path] | None = None
) -> Rendered:
    return render_pdf(
        document(body), css=CSS + css, drawings={}, folders=folders or {}, cache=cache
    )


def with_math(body: str, *formulas: Formula, cache: Cache) -> Rendered:
    """Put formulas into the places `{0}`, `{1}` … of the body."""
    drawn = typeset(formulas, cache)
    drawings: dict[str, Drawing] = {}
    images = []
    for formula in formulas:
        drawing = drawn[formula]
        assert isinstance(drawing, Drawing)
        drawings[math_key(formula)] = drawing
        images.append(math_img(formula, drawing))
    return render_pdf(
        document(body.format(*images)), css=CSS, drawings=drawings, folders={}, cache=cache
    )


def ink(rendered: Rendered, scale: float = 4) -> Any:
    """The first page as an array of RGB pixels, `scale` pixels a point."""
    with pypdfium2.PdfDocument(rendered.pdf) as pdf:
        return pdf[0].render(scale=scale, rev_byteorder=True).to_numpy()[:, :, :3].copy()


def box(dark: Any) -> tuple[int, int, int, int]:
    """Left, top, right and bottom of what is true in an array."""
    rows, columns = dark.any(axis=1).nonzero()[0], dark.any(axis=0).nonzero()[0]
    return columns[0], rows[0], columns[-1], rows[-1]


def problems(body: str, cache: Cache, **options: Any) -> tuple[str, ...]:
    with pytest.raises(PrintError) as caught:
        render(body, cache, **options)
    return caught.value.problems


def test_metadata_and_language_come_from_the_html(cache: Cache) -> None:
    rendered = render("<h1>标题</h1>", cache)
    assert rendered.pages == 1
    with pikepdf.open(io.BytesIO(rendered.pdf)) as pdf:
        assert str(pdf.docinfo["/Title"]) == "注意力 Attention"
        assert str(pdf.docinfo["/Author"]) == "Ada"
        assert "/CreationDate" not in pdf.docinfo
        assert str(pdf.Root.Lang) == "zh-Hans"
        assert pdf.Root.MarkInfo.Marked


def test_text_is_there_and_only_our_fonts(cache: Cache) -> None:
    rendered = render("<p>注意力 attention <code>code</code></p>", cache)
    with pypdfium2.PdfDocument(rendered.pdf) as pdf:
        assert "注意力 attention" in pdf[0].get_textpage().get_text_bounded()
    with pikepdf.open(io.BytesIO(rendered.pdf)) as pdf:
        fonts = {str(o.BaseFont) for o in pdf.objects if _is_font(o)}
    assert {name.partition("+")[2] for name in fonts} == {"DW-Sans-SC"}


def _is_font(thing: Any) -> bool:
    return isinstance(thing, pikepdf.Dictionary) and "/BaseFont" in thing


def test_formulas_stand_once_each_with_their_latex_as_alternative_text(cache: Cache) -> None:
    x, frac = Formula("x<y", False), Formula(r"\frac{x}{y}", True)
    rendered = with_math("<p>{0} {0} {0}</p>{1}", x, frac, cache=cache)
    with pikepdf.open(io.BytesIO(rendered.pdf)) as pdf:
        forms = [o for o in pdf.objects if isinstance(o, pikepdf.Stream) and "/BBox" in o]
        formulas = [form for form in forms if "/Resources" in form]
        assert len(formulas) == 2
        # x, y and < make three glyphs; the larger formula is of the same x and y.
        assert len(forms) - len(formulas) == 3
        alternatives = [str(o.Alt) for o in pdf.objects if _is_figure(o)]
    assert sorted(alternatives) == [r"\frac{x}{y}", "x<y", "x<y", "x<y"]


def _is_figure(thing: Any) -> bool:
    return isinstance(thing, pikepdf.Dictionary) and thing.get("/S") == "/Figure"


def test_formulas_have_the_size_and_colour_of_their_text(cache: Cache) -> None:
    # The rule is 2 em wide, from 0.5 em below to 1 em above the baseline of 20 pt text.
    rule = Formula(r"\boldsymbol{\text{口}}", False)
    body = '<p style="font-size:20pt;color:#f00;margin:0">{0}</p>'
    pixels = ink(with_math(body, rule, cache=cache))
    red = (pixels[:, :, 0] > 200) & (pixels[:, :, 1] < 100)
    left, top, right, bottom = box(red)
    assert 0.6 * 80 < right - left < 0.9 * 80
    assert 0.6 * 80 < bottom - top < 0.9 * 80


def test_formulas_sit_on_the_baseline(cache: Cache) -> None:
    # An "x" of the text and one of the formula must end at the same height, whatever its depth.
    formula = Formula(r"\text{x}\phantom{\displaystyle\int}", False)
    body = (
        '<p style="font-size:24pt;margin:0;line-height:3"><span style="color:#f00">x</span>{0}</p>'
    )
    pixels = ink(with_math(body, formula, cache=cache))
    red = (pixels[:, :, 0] > 200) & (pixels[:, :, 1] < 100)
    black = pixels.max(axis=2) < 100
    assert abs(box(red)[3] - box(black)[3]) <= 2  # half a point


def test_wide_formulas_shrink_to_their_column(cache: Cache) -> None:
    wide = Formula(r"\boxed{\hspace{60em}x}", True)
    left, _, right, _ = box(ink(with_math("{0}", wide, cache=cache)).max(axis=2) < 128)
    margin = 5 / 25.4 * 72 * 4
    assert left >= margin - 2
    assert right <= 100 / 25.4 * 72 * 4 - margin + 2


def test_ink_far_outside_a_formulas_box_is_cut_off(cache: Cache) -> None:
    far = Formula(r"\hspace{-20em}\text{口}\hspace{20em}", False)
    body = '<p style="margin:0;padding-left:60mm">{0}</p>'
    assert (ink(with_math(body, far, cache=cache)) > 250).all()


def test_the_image_of_a_formula_is_measured_in_em() -> None:
    drawing = Drawing(2.5, 1.0, 0.25, {}, "")
    inline = Formula("a\n<b", False)
    assert math_img(inline, drawing) == (
        f'<img class="math" src="math:{math_key(inline)}" alt="a &lt;b" '
        'style="width:2.5em;height:1.25em;vertical-align:-0.25em">'
    )
    display = math_img(Formula("a", True), drawing)
    assert 'class="math display"' in display
    assert "width:2.5em;max-width:100%;height:auto" in display


def test_keys_tell_formulas_and_styles_apart() -> None:
    keys = {math_key(Formula(latex, style)) for latex in "ab" for style in (True, False)}
    assert len(keys) == 4


def test_pictures_of_the_given_folders_are_printed(cache: Cache, tmp_path: Path) -> None:
    size = 'width="40" height="40"'
    square = f'<rect {size} fill="#f00"/>'
    svg = f'<svg xmlns="http://www.w3.org/2000/svg" {size}>{square}</svg>'
    (tmp_path / "a b.svg").write_text(svg, "utf-8")
    rendered = render(
        '<img alt="Red" src="figures/a%20b.svg">', cache, folders={"figures": tmp_path}
    )
    pixels = ink(rendered)
    assert ((pixels[:, :, 0] > 200) & (pixels[:, :, 1] < 50)).sum() > 40 * 40


@pytest.mark.parametrize(
    "url",
    [
        "figures/../secret.svg",
        "figures/%2e%2e/secret.svg",
        "figures/../secret.svg?lang=en",
        "figures/link.svg?lang=en",
        "figures/link.svg",
        "secret.svg",
        "/etc/hostname",
        "file:///etc/hostname",
        "http://127.0.0.1:9/x.png",
        "https://example.org/x.png",
        "ftp://example.org/x.png",
        "data:image/svg+xml,<svg xmlns='http://www.w3.org/2000/svg'/>",
        "figures/missing.svg",
        "math:unknown",
    ],
)
def test_nothing_else_is_read(url: str, cache: Cache, tmp_path: Path) -> None:
    folder = tmp_path / "figures"
    folder.mkdir()
    (tmp_path / "secret.svg").write_text('<svg xmlns="http://www.w3.org/2000/svg"/>', "utf-8")
    (folder / "link.svg").symlink_to(tmp_path / "secret.svg")
    (problem,) = problems(f'<img alt="X" src="{url}">', cache, folders={"figures": folder})
    assert "Failed to load image" in problem


def test_style_sheets_reach_nothing_either(cache: Cache) -> None:
    css = "@import url(file:///etc/hostname); p { background: url(https://example.org/a.png) }"
    found = problems("<p>x</p>", cache, css=css)
    assert any("/etc/hostname" in problem for problem in found)


@pytest.mark.parametrize("body", ["<p>fine</p>", '<img src="x/none.png" alt="none">'])
def test_no_file_is_left_behind(
    body: str, cache: Cache, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("tempfile.tempdir", str(tmp_path))
    with contextlib.suppress(PrintError):
        render(body, cache)
    assert list(tmp_path.iterdir()) == []


def test_warnings_are_errors_all_at_once(cache: Cache) -> None:
    found = problems("<p>x</p>", cache, css="p { colour: red } p { width: wide }")
    assert len(found) == 2
    assert "colour" in found[0]


def test_a_character_without_a_font_is_an_error(cache: Cache) -> None:
    (problem,) = problems("<p>😀</p>", cache)
    assert problem == "no font of this document has the character '😀' (U+1F600)"


PROGRAM = """
import sys
from pathlib import Path
sys.path.insert(0, sys.argv[1])
from builder.cache import Cache
from builder.forms import math_img, math_key
from builder.pdf import render_pdf
from builder.typeset import Formula, typeset
cache = Cache(Path(sys.argv[2]))
drawn = typeset([Formula(chr(92) + "frac{x}{中}", True), Formula("a+b", False)], cache)
html = "<!DOCTYPE html><html lang=en><title>t</title><body><p id=a>中文 <a href='#a'>text</a>"
html += "".join(math_img(f, d) for f, d in drawn.items())
css = "body { font-family: 'DW Sans SC', 'DW Mono' } @page { @top-left { content: counter(page) } }"
drawings = {math_key(f): d for f, d in drawn.items()}
pdf = render_pdf(html, css=css, drawings=drawings, folders={}, cache=cache).pdf
sys.stdout.buffer.write(pdf)
"""


def test_the_bytes_depend_on_the_input_alone(cache: Cache, tmp_path: Path) -> None:
    root = Path(__file__).parents[2]
    made = set()
    for seed, zone, folder in (("1", "UTC", root), ("2", "Asia/Shanghai", tmp_path)):
        environment = {**os.environ, "PYTHONHASHSEED": seed, "TZ": zone, "LC_ALL": "C"}
        result = subprocess.run(
            [sys.executable, "-c", PROGRAM, str(root), str(cache.folder)],
            capture_output=True,
            check=True,
            cwd=folder,
            env=environment,
        )
        assert result.stderr == b""
        made.add(result.stdout)
    assert len(made) == 1
    assert next(iter(made)).startswith(b"%PDF-")


def test_missing_libraries_are_named_with_the_line_that_installs_them(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "weasyprint").mkdir()
    (tmp_path / "weasyprint" / "__init__.py").write_text(
        "print('long advice')\nraise OSError(\"cannot load library 'libpango-1.0-0'\")\n"
    )
    program = (
        "import sys; sys.path[:0] = sys.argv[1:]\n"
        "from builder.diagnostics import EnvironmentProblem\n"
        "from builder.pdf import versions\n"
        "try: versions()\n"
        "except EnvironmentProblem as problem: print(problem)\n"
    )
    root = Path(__file__).parents[2]
    result = subprocess.run(
        [sys.executable, "-c", program, str(tmp_path), str(root)],
        capture_output=True,
        check=True,
        text=True,
    )
    assert "cannot load library 'libpango-1.0-0'" in result.stdout
    assert APT in result.stdout
    assert "advice" not in result.stdout


def test_the_subsetting_library_is_required_too(monkeypatch: pytest.MonkeyPatch) -> None:
    import weasyprint.text.ffi

    monkeypatch.setattr(weasyprint.text.ffi, "harfbuzz_subset", None)
    with pytest.raises(EnvironmentProblem, match="libharfbuzz-subset0"):
        versions()


def test_the_versions_name_what_shapes_a_pdf() -> None:
    text = versions()
    for name in ("weasyprint 70", "pydyf", "fonttools", "pango 1", "harfbuzz "):
        assert name in text
    assert text == versions()


def test_the_environment_is_left_as_it_was(cache: Cache) -> None:
    before = dict(os.environ)
    render("<p>x</p>", cache)
    assert dict(os.environ) == before
