from pathlib import Path

import pytest

from builder import figures
from builder.figures import problem

NS = 'xmlns="http://www.w3.org/2000/svg"'
SVG = '<svg xmlns="http://www.w3.org/2000/svg" xmlns:xlink="http://www.w3.org/1999/xlink">{}</svg>'


def code_of(folder: Path, name: str) -> str | None:
    found = problem(folder, name)
    return found.code if found else None


@pytest.mark.parametrize(
    "body",
    [
        "<circle r='1'/>",
        "<use href='#a'/>",
        "<rect fill='url(#g)'/>",
        "<style>.a{fill:url(#g)}</style>",
    ],
)
def test_harmless_svg(tmp_path: Path, body: str) -> None:
    (tmp_path / "a.svg").write_text(SVG.format(body))
    assert code_of(tmp_path, "a.svg") is None


@pytest.mark.parametrize(
    "body",
    [
        "<script>1</script>",
        "<a xlink:href='javascript:x'/>",
        "<use href='other.svg#a'/>",
        "<image href='data:image/svg+xml,x'/>",
        "<rect onclick='x'/>",
        "<foreignObject/>",
        "<rect fill='url(http://x/y)'/>",
        "<style>@import 'x.css';</style>",
        '<style>.a{background:url( "file:///x" )}</style>',
        "<?xml-stylesheet href='x.css'?>",
        "<a href='#'><animate attributeName='href' to='javascript:x'/></a>",
        r"<rect style='fill:u\72l(http://x/y)'/>",
        "<style>@im<title/>port 'x.css';</style>",
        "<image href='data:image/png;base64,AA=='/>",
    ],
)
def test_svg_that_reaches_out_is_refused(tmp_path: Path, body: str) -> None:
    (tmp_path / "a.svg").write_text(SVG.format(body))
    assert code_of(tmp_path, "a.svg") == "unsafe-image"


@pytest.mark.parametrize(
    ("tag", "what", "fix"),
    [
        ("<svg viewBox='0 0 9 9'>", "name space", 'add xmlns="http://www.w3.org/2000/svg"'),
        ("<svg xmlns='http://www.w3.org/1998/svg'>", "name space", "add xmlns="),
        ("<s:svg xmlns='http://www.w3.org/2000/svg' xmlns:s='x'>", "name space", 'xmlns:s="http'),
        (f"<svg {NS} viewBox='a b'>", "viewBox='a b'", "four numbers"),
        (f"<svg {NS} viewBox='0 0 9'>", "viewBox='0 0 9'", "four numbers"),
        (f"<svg {NS} viewBox='0 0 0 9'>", "viewBox='0 0 0 9'", "four numbers"),
        (f"<svg {NS} viewBox='0 0 9 nan'>", "viewBox='0 0 9 nan'", "four numbers"),
        (f"<svg {NS} width='wide'>", "width='wide'", "a number"),
        (f"<svg {NS} height='-3'>", "height='-3'", "a number"),
    ],
)
def test_svg_that_nothing_draws_is_refused(tmp_path: Path, tag: str, what: str, fix: str) -> None:
    (tmp_path / "a.svg").write_text(f"{tag}<title/></{tag[1:].split(maxsplit=1)[0]}>")
    found = problem(tmp_path, "a.svg")
    assert found is not None
    assert found.code == "bad-image"
    assert what in found.message
    assert fix in found.help


@pytest.mark.parametrize(
    "attributes",
    [
        "",
        "viewBox='0 0 320 96.5'",
        "viewBox='-1e1,-.5 , 32 +9.' width='100%' height='4.2cm'",
        "width='320' height='96.5px'",
        "width='auto'",
    ],
)
def test_svg_of_any_size(tmp_path: Path, attributes: str) -> None:
    (tmp_path / "a.svg").write_text(f"<svg {NS} {attributes}><rect/></svg>")
    assert code_of(tmp_path, "a.svg") is None


def test_prefixed_svg(tmp_path: Path) -> None:
    (tmp_path / "a.svg").write_text("<s:svg xmlns:s='http://www.w3.org/2000/svg'><s:g/></s:svg>")
    assert code_of(tmp_path, "a.svg") is None


@pytest.mark.parametrize(
    ("name", "code"),
    [
        ("a.svg", "missing-image"),
        ("../a.svg", "escaping-path"),
        ("/etc/a.svg", "escaping-path"),
        ("x\\a.svg", "escaping-path"),
        ("https://x/a.svg", "remote-image"),
        ("//x/a.svg", "remote-image"),
        ("data:image/png;base64,x", "remote-image"),
        ("a.exe", "bad-image"),
        ("", "bad-image"),
    ],
)
def test_names_that_cannot_be_used(tmp_path: Path, name: str, code: str) -> None:
    assert code_of(tmp_path, name) == code


def test_a_link_out_of_the_folder_is_refused(tmp_path: Path) -> None:
    figures = tmp_path / "figures"
    figures.mkdir()
    (tmp_path / "out.png").write_bytes(b"x")
    (figures / "in.png").symlink_to(tmp_path / "out.png")
    assert code_of(figures, "in.png") == "escaping-path"


def test_a_near_name_is_suggested(tmp_path: Path) -> None:
    (tmp_path / "rope.svg").write_text(SVG.format(""))
    found = problem(tmp_path, "ropes.svg")
    assert found is not None
    assert found.help == "did you mean 'rope.svg'?"


@pytest.mark.parametrize(
    ("encoding", "declared"),
    [
        ("utf-16", "<?xml version='1.0' encoding='utf-16'?>"),
        ("utf-16", ""),
        ("utf-16-le", ""),
        ("latin-1", "<?xml version='1.0' encoding='iso-8859-1'?>"),
        ("gbk", "<?xml version='1.0' encoding='gbk'?>"),
        ("latin-1", ""),
    ],
)
def test_an_svg_that_is_not_utf_8(tmp_path: Path, encoding: str, declared: str) -> None:
    text = declared + SVG.format("<text lang='en'>è</text>")
    (tmp_path / "a.svg").write_bytes(text.encode(encoding))
    found = problem(tmp_path, "a.svg")
    assert found is not None
    assert (found.code, found.message) == ("bad-image", "'a.svg' is not UTF-8 text")
    assert (
        found.help == "save the file with the encoding UTF-8; drawing programs do so by themselves"
    )


def test_svg_that_says_it_is_utf_8(tmp_path: Path) -> None:
    text = "\ufeff<?xml version='1.0' encoding='UTF-8'?>" + SVG.format("<text>第</text>")
    (tmp_path / "a.svg").write_text(text, "utf-8")
    assert code_of(tmp_path, "a.svg") is None


def test_broken_svg(tmp_path: Path) -> None:
    (tmp_path / "a.svg").write_text("<svg><g></svg>")
    assert code_of(tmp_path, "a.svg") == "bad-image"


WORDS = SVG.format(
    "<title lang='zh'>图</title><title lang='en'>A > b</title>"
    "<g><path d='M0 0'/></g><text lang='zh'>注意<tspan lang='en'>x</tspan></text>"
    '<text x="1" lang="en">attention</text><use lang="zh" href="#a>b"/>'
    '<g><use lang="en" href="#a"/></g>'
)


@pytest.fixture
def words(tmp_path: Path) -> Path:
    (tmp_path / "a.svg").write_text(WORDS, "utf-8")
    (tmp_path / "plain.svg").write_text(SVG.format("<title>A dot</title><circle r='1'/>"))
    return tmp_path


def test_a_figure_with_words_has_a_picture_a_language(words: Path) -> None:
    assert figures.in_language(words, "a.svg", "zh") == "a.svg?lang=zh"
    assert figures.in_language(words, "plain.svg", "zh") == "plain.svg"
    assert figures.path("sub/a.svg?lang=zh") == "sub/a.svg"
    assert figures.spoken(words, "a.svg") == {"zh", "en"}


def test_the_picture_in_one_language_lacks_the_others_and_nothing_else(words: Path) -> None:
    assert figures.read(words / "a.svg?lang=zh").decode() == SVG.format(
        "<title lang='zh'>图</title><g><path d='M0 0'/></g><text lang='zh'>注意</text>"
        '<use lang="zh" href="#a>b"/><g></g>'
    )
    assert figures.read(words / "a.svg?lang=en").decode() == SVG.format(
        "<title lang='en'>A > b</title><g><path d='M0 0'/></g>"
        '<text x="1" lang="en">attention</text><g><use lang="en" href="#a"/></g>'
    )
    assert figures.read(words / "a.svg").decode() == WORDS


@pytest.mark.parametrize("data", [b"<svg><text", b"", "\ufeff<svg/>".encode("utf-16-le")])
def test_a_file_that_is_being_written_is_no_picture_yet(tmp_path: Path, data: bytes) -> None:
    (tmp_path / "a.svg").write_bytes(data)
    with pytest.raises(ValueError, match=r"a\.svg"):
        figures.read(tmp_path / "a.svg?lang=en")


def test_titles_describe_a_figure(words: Path) -> None:
    assert figures.title(words, "a.svg", "zh") == "图"
    assert figures.title(words, "a.svg", "en") == "A > b"
    assert figures.title(words, "plain.svg", "zh") == "A dot"
    assert figures.title(words, "a.png", "zh") == ""


def test_the_language_of_the_whole_picture_is_no_choice(tmp_path: Path) -> None:
    (tmp_path / "a.svg").write_text('<svg lang="en"><text>x</text></svg>')
    assert figures.in_language(tmp_path, "a.svg", "en") == "a.svg"
