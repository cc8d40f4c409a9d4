"""The command line: options only; the work is done elsewhere and imported when needed."""

import gc
import io
import os
import shlex
import sys
from collections.abc import Callable
from functools import wraps
from pathlib import Path
from typing import TYPE_CHECKING, Any, ParamSpec, cast

import click

if TYPE_CHECKING:
    from builder.cache import Cache
    from builder.console import Console, Format
    from builder.project import Project

P = ParamSpec("P")

_FOLDER = click.Path(exists=True, file_okay=False, path_type=Path)
_PROJECT = click.option(
    "-C",
    "--project",
    "folder",
    type=_FOLDER,
    default=Path(),
    help="The project's folder, or one inside it.  [default: this folder]",
)
_FORMAT = click.option(
    "--format",
    "form",
    type=click.Choice(["text", "json", "github"]),
    default="text",
    show_default=True,
    help="How problems are shown: for people, as JSON, or as GitHub annotations.",
)
_PREFIX = click.option(
    "--prefix",
    default="v",
    show_default=True,
    help="What stands before the version in a tag; one for each deck of a repository of many.",
)
_NO_CACHE = click.option("--no-cache", is_flag=True, help="Do everything anew; same result.")


def _tags(_: click.Context, __: click.Parameter, languages: tuple[str, ...]) -> tuple[str, ...]:
    from builder.model import language_problem

    problem = language_problem(languages)
    if problem:
        raise click.BadParameter(problem)
    return languages


_LANGUAGES = click.option(
    "--language",
    "languages",
    multiple=True,
    metavar="TAG",
    callback=_tags,
    help="A language of the deck (BCP 47), the first the main one; give it once for each.",
)
_TABLE_FORMAT = click.option(
    "--format",
    "form",
    type=click.Choice(["text", "json"]),
    default="text",
    show_default=True,
    help="A table for people, or JSON for tools.",
)
_NEW_FOLDER = click.Path(file_okay=False, path_type=Path)


@click.group(context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 100})
@click.version_option(package_name="deckwright", prog_name="deckwright")
def main() -> None:
    """One YAML source becomes an Anki deck, a cheat sheet and a bilingual handout."""
    for stream in (sys.stdout, sys.stderr):
        # Where output goes to a file, Windows still writes its old code pages, which lack most
        # letters; a terminal of any encoding shows what it cannot show as an escape.
        if isinstance(stream, io.TextIOWrapper):
            stream.reconfigure(
                encoding=None if stream.isatty() else "utf-8", errors="backslashreplace"
            )
    # Hardly anything that a command makes is garbage before it ends: looking for it costs a fifth
    # of the time of `check` (measured).
    gc.set_threshold(1_000_000, 20, 100)
    # A thread here only hands on what other processes make, and these wait for it: Python would let
    # it wait for 5 ms each time, a twelfth of their time (measured).
    sys.setswitchinterval(0.0001)


def _presented(command: Callable[P, int]) -> Callable[P, None]:
    """Turn what a command raises into messages and exit codes; a bug says where to report it."""

    @wraps(command)
    def run(*args: P.args, **kwargs: P.kwargs) -> None:
        from builder.console import Exit

        try:
            code = command(*args, **kwargs)
        except (click.ClickException, click.exceptions.Exit, click.Abort):
            raise
        except KeyboardInterrupt:
            raise click.Abort from None
        except Exception as error:
            code = _unexpected(error)
        # Python looks through everything once more when it ends, for nothing: a fifth of `check`.
        gc.freeze()
        sys.exit(Exit(code))

    return cast("Callable[P, None]", run)


def _unexpected(error: Exception) -> int:
    from builder.console import Exit
    from builder.diagnostics import EnvironmentProblem

    if isinstance(error, EnvironmentProblem):
        click.echo(f"error: {error}", err=True)
        return Exit.ENVIRONMENT
    if isinstance(error, OSError):
        click.echo(f"error: {error}", err=True)
        return Exit.ENVIRONMENT
    import traceback

    traceback.print_exc()
    click.echo("\nThis is a bug in Deckwright, not in your deck. Please report it.", err=True)
    return Exit.BUG


def _open(folder: Path, form: str, *, no_cache: bool) -> "tuple[Project, Console, Cache]":
    from builder.console import Console
    from builder.project import find

    project = find(folder.resolve())
    if project is None:
        raise click.UsageError(
            f"there is no content/deck.yaml in '{click.format_filename(folder)}' or above it"
        )

    def read(path: str) -> str:
        file = project.root / path
        return file.read_bytes().decode("utf-8-sig", "replace") if file.is_file() else ""

    # Set by GitHub's runners: where the repository is.
    workspace = os.environ.get("GITHUB_WORKSPACE")
    place = ""
    if form == "github" and workspace and project.root.is_relative_to(Path(workspace).resolve()):
        inside = project.root.relative_to(Path(workspace).resolve())
        place = "".join(f"{part}/" for part in inside.parts)
    console = Console(cast("Format", form), read, place)
    return project, console, _cache(no_cache=no_cache)


def _cache(*, no_cache: bool) -> "Cache":
    from builder.cache import Cache, default_folder

    if not no_cache:
        return Cache(default_folder())
    # A cache of this run alone: nothing is believed, and still nothing is made twice.
    import tempfile

    temporary = tempfile.TemporaryDirectory(prefix="deckwright-", ignore_cleanup_errors=True)
    return Cache(Path(click.get_current_context().with_resource(temporary)))


def _now() -> int:
    """The time that new and changed notes get."""
    from builder import clock

    try:
        return clock.now()
    except ValueError as error:
        raise click.UsageError(str(error)) from None


def _content_error(console: "Console", error: Any) -> int:
    from builder.console import Exit, as_json

    console.report(error.diagnostics)
    console.finish({"ok": False, "diagnostics": [as_json(d) for d in error.diagnostics]})
    return Exit.CONTENT


@main.command()
@_PROJECT
@click.option(
    "--proofs",
    is_flag=True,
    help="Also run the proofs in content/checks. They are programs: only for content you trust.",
)
@_FORMAT
@_NO_CACHE
@_presented
def check(folder: Path, proofs: bool, form: str, no_cache: bool) -> int:
    """Find everything that is wrong with the content; make nothing."""
    from builder.build import check as run
    from builder.console import Exit, as_json
    from builder.diagnostics import ContentError, in_order

    project, console, cache = _open(folder, form, no_cache=no_cache)
    try:
        loaded = run(project, cache, _now(), os.cpu_count() or 1)
        warnings = loaded.warnings
        if proofs:
            from builder.proofs import prove

            warnings = in_order([*warnings, *prove(project, loaded.deck, loaded.checks)])
    except ContentError as error:
        return _content_error(console, error)
    if any(warning.severity == "error" for warning in warnings):
        return _content_error(console, ContentError(warnings))
    console.report(warnings)
    items = sum(1 for _ in loaded.deck.items())
    waived = f", {loaded.waived} waived" if loaded.waived else ""
    console.say(f"fine: {items} items, {len(loaded.notes)} notes{waived}")
    if proofs:
        proved = len({item for item, _ in loaded.checks})
        console.say(f"proved: {len({name for _, name in loaded.checks})} claims, {proved} items")
    console.finish(
        {"ok": True, "waived": loaded.waived, "diagnostics": [as_json(d) for d in warnings]}
    )
    return Exit.FINE


@main.command()
@click.argument("code", required=False)
@_presented
def explain(code: str | None) -> int:
    """Say what the CODE of a problem means, with an example; without one, list all codes."""
    from builder import explain as explainer
    from builder.console import Exit

    if code is None:
        click.echo(explainer.overview(), nl=False)
        return Exit.FINE
    try:
        click.echo(explainer.explain(code.strip("[]")), nl=False)
    except KeyError as error:
        raise click.UsageError(str(error.args[0])) from None
    return Exit.FINE


@main.command()
@click.argument("names", nargs=-1, metavar="[NAME]...")
@_PROJECT
@click.option("--locked", is_flag=True, help="Fail rather than change content/deck.lock.")
@click.option("--since", metavar="REF", help="Also write update.txt: what changed since a release.")
@_FORMAT
@_NO_CACHE
@_presented
def build(
    names: tuple[str, ...],
    folder: Path,
    locked: bool,
    since: str | None,
    form: str,
    no_cache: bool,
) -> int:
    """Make the outputs of deck.yaml, or those named, in dist/."""
    import hashlib

    from builder.build import build as run
    from builder.console import Exit, as_json
    from builder.diagnostics import ContentError

    project, console, cache = _open(folder, form, no_cache=no_cache)
    try:
        built = run(
            project,
            cache,
            now=_now(),
            names=names,
            locked=locked,
            since=since,
            progress=lambda name: console.say(f"made {name}"),
            drawing=lambda names: console.say(f"drawing {', '.join(names)}"),
            drawn=lambda name: console.say(f"drawn {name}"),
        )
    except ContentError as error:
        return _content_error(console, error)
    console.report(built.warnings)
    if built.lock_changed:
        console.say("updated content/deck.lock; commit it with the content")
    console.finish(
        {
            "ok": True,
            "artifacts": [
                {
                    "path": f"dist/{a.name}",
                    "bytes": len(a.data),
                    "sha256": hashlib.sha256(a.data).hexdigest(),
                }
                for a in built.artifacts
            ],
            "diagnostics": [as_json(d) for d in built.warnings],
        }
    )
    return Exit.FINE


@main.command()
@_PROJECT
@click.option(
    "--port",
    type=click.IntRange(0, 65535),
    help="The port to listen on, 0 for any free one.  [default: 8642 if it is free]",
)
@click.option("--no-open", is_flag=True, help="Print the address, but open no browser.")
@click.option(
    "--export",
    "target",
    type=_NEW_FOLDER,
    metavar="DIR",
    help="Write a static site of the same into DIR and end: the deck's demo on the web.",
)
@_NO_CACHE
@_presented
def preview(
    folder: Path, port: int | None, no_open: bool, target: Path | None, no_cache: bool
) -> int:
    """Show every card as Anki draws it, and every page; saved changes appear at once.

    For this machine's browser only. Ends with Ctrl-C.
    """
    from builder import preview as previewer
    from builder.console import Exit
    from builder.diagnostics import ContentError

    project, console, cache = _open(folder, "text", no_cache=no_cache)
    if target is None:

        def ready(address: str) -> None:
            console.say(f"preview: {address}  (Ctrl-C ends it)")

        previewer.serve(project, cache, _now(), port=port, ready=ready, browse=not no_open)
        return Exit.FINE
    try:
        exported = previewer.export(project, cache, _now(), target)
    except ContentError as error:
        return _content_error(console, error)
    except FileExistsError as error:
        raise click.UsageError(f"'{click.format_filename(target)}': {error}") from None
    console.report(exported.warnings)
    console.say(f"made {len(exported.files)} files in {click.format_filename(target)}")
    return Exit.FINE


@main.command()
@click.argument("before", metavar="REF|FILE.apkg")
@_PROJECT
@click.option(
    "--format",
    "form",
    type=click.Choice(["text", "json", "markdown"]),
    default="text",
    show_default=True,
    help="For a terminal, for tools, or for release notes.",
)
@_presented
def diff(before: str, folder: Path, form: str) -> int:
    """What updating from BEFORE to the present content does to a learner.

    BEFORE is a commit, tag or branch, or a package that was published.
    """
    import json

    from builder import diff as differ
    from builder.build import package, package_at
    from builder.console import Console, Exit
    from builder.diagnostics import ContentError

    project, console, cache = _open(folder, "text", no_cache=False)
    try:
        deck, new = package(project, cache, _now())
        if before.endswith(".apkg"):
            if not Path(before).is_file():
                raise click.UsageError(f"there is no file '{click.format_filename(before)}'")
            old = Path(before).read_bytes()
        else:
            old = package_at(project, before, cache)
        report = differ.compare(differ.snapshot(old), differ.snapshot(new), deck.retired)
    except ContentError as error:
        return _content_error(Console("text", console.read), error)
    except ValueError as error:
        raise click.UsageError(f"'{click.format_filename(before)}': {error}") from None
    if form == "json":
        click.echo(json.dumps(differ.as_json(report), ensure_ascii=False, indent=2))
    else:
        render = differ.as_markdown if form == "markdown" else differ.as_text
        click.echo(render(report), nl=False)
    return Exit.FINE


@main.command()
@click.argument("target", metavar="DIR", type=_NEW_FOLDER)
@_PROJECT
@click.option("--dry-run", is_flag=True, help="Make the folder even if a gate is shut.")
@_PREFIX
@click.option("--expect", metavar="VERSION", help="Refuse a deck.yaml that states another version.")
@click.option(
    "--add",
    "added",
    multiple=True,
    metavar="FILE",
    type=click.Path(exists=True, dir_okay=False, path_type=Path),
    help="Publish this file, too; may be given several times.",
)
@_NO_CACHE
@_presented
def release(
    target: Path,
    folder: Path,
    dry_run: bool,
    prefix: str,
    expect: str | None,
    added: tuple[Path, ...],
    no_cache: bool,
) -> int:
    """Make in DIR all that a release publishes: files, sums, web demo, notes.

    Gates come first. Refused are: changes that are not committed; a version that is not above the
    last release; a commit without its tag; a CHANGELOG.md that does not tell of the version; a
    deck.lock that does not match; proofs that fail, which are programs and are run; an update that
    loses progress without a new major version.
    """
    from builder import gates, preview
    from builder.console import Exit
    from builder.diagnostics import ContentError
    from builder.release import publish

    project, console, cache = _open(folder, "text", no_cache=no_cache)
    try:
        candidate, refusals = gates.examine(
            project, cache, now=_now(), prefix=prefix, expected=expect
        )
        shut = {refusal.gate for refusal in refusals}
        for gate in gates.GATES:
            console.say(f"gate {gate}: {'shut' if gate in shut else 'open'}")
            for refusal in refusals:
                if refusal.gate == gate:
                    console.say(f"  {refusal.reason}")
        if refusals and not dry_run:
            console.say(f"refused: {', '.join(gate for gate in gates.GATES if gate in shut)}")
            return Exit.CONTENT
        names = publish(
            candidate,
            target,
            cache,
            now=_now(),
            locked=not dry_run,
            export=lambda site: preview.export(project, cache, _now(), site),
            added=added,
            drawn=lambda name: console.say(f"drawn {name}"),
        )
    except ContentError as error:
        return _content_error(console, error)
    for name in names:
        console.say(f"made {name}")
    console.say(f"{len(names)} files of {candidate.tag} in {click.format_filename(target)}/assets")
    if refusals:
        console.say(f"a release would be refused: {', '.join(g for g in gates.GATES if g in shut)}")
    return Exit.FINE


@main.command()
@click.argument("release", metavar="FOLDER", type=_FOLDER)
@click.option(
    "-C",
    "--project",
    "folder",
    type=_FOLDER,
    help="The source, at the release's commit.  [default: the project that this folder is in]",
)
@click.option(
    "--since",
    metavar="REF",
    help="The release that update.txt starts from.  [default: the one before, by its tag]",
)
@_PREFIX
@click.option(
    "--print/--no-print",
    "prints",
    default=True,
    help="Compare PDFs, too. They need the Pango and HarfBuzz of the release.  [default: print]",
)
@_TABLE_FORMAT
@_NO_CACHE
@_presented
def verify(
    release: Path,
    folder: Path | None,
    since: str | None,
    prefix: str,
    prints: bool,
    form: str,
    no_cache: bool,
) -> int:
    """Check the files of a release in FOLDER.

    Their sums; whether Anki imports the packages, if `deckwright[anki]` is installed; and whether
    the source gives the same bytes, if it is at hand.
    """
    import json
    from dataclasses import asdict

    from builder import verify as verifier
    from builder.console import Exit
    from builder.project import find

    project = find((folder or Path()).resolve())
    if project is None and folder is not None:
        raise click.UsageError(f"there is no project in '{click.format_filename(folder)}'")
    project = project or find(release.resolve())
    cache = _cache(no_cache=no_cache)
    findings = tuple(
        verifier.verify(
            release, project, cache, now=_now(), since=since, prefix=prefix, prints=prints
        )
    )
    fine = verifier.healthy(findings)
    if form == "json":
        document = {"ok": fine, "findings": [asdict(finding) for finding in findings]}
        click.echo(json.dumps(document, ensure_ascii=False, indent=2))
    else:
        click.echo(verifier.as_text(findings))
    return Exit.FINE if fine else Exit.CONTENT


@main.command()
@click.argument("name", required=False)
@click.option("--write", "target", type=_NEW_FOLDER, help="Write it, or all, into this folder.")
@_LANGUAGES
@_presented
def schema(name: str | None, target: Path | None, languages: tuple[str, ...]) -> int:
    """Print the JSON Schema of a kind of content file, for editors.

    NAME is deck, topic, symbols, glossary, papers or retired. With --language, texts have exactly
    these languages.
    """
    from builder import schema as schemas
    from builder.console import Exit
    from builder.diagnostics import did_you_mean

    if name is not None and name not in schemas.SCHEMAS:
        raise click.UsageError(
            f"there is no schema '{name}'; "
            + (did_you_mean(name, schemas.SCHEMAS) or f"there are {', '.join(schemas.SCHEMAS)}")
        )
    if target is not None:
        for each in schemas.SCHEMAS if name is None else (name,):
            target.mkdir(parents=True, exist_ok=True)
            (target / f"{each}.json").write_bytes(schemas.text(each, languages).encode())
    elif name is None:
        raise click.UsageError(f"name one of {', '.join(schemas.SCHEMAS)}, or give --write DIR")
    else:
        click.echo(schemas.text(name, languages), nl=False)
    return Exit.FINE


@main.command()
@click.argument("folder", metavar="DIR", type=_NEW_FOLDER)
@_LANGUAGES
@click.option("--title", help="The deck's name for learners.  [default: from the folder's name]")
@_presented
def new(folder: Path, languages: tuple[str, ...], title: str | None) -> int:
    """Start a deck in the new or empty folder DIR: small, complete, ready to build.

    Without --language it is in English. The sample's texts are English, and Chinese for zh.
    """
    from builder import scaffold
    from builder.console import Console, Exit

    name = folder.resolve().name
    title = (title if title is not None else name.replace("-", " ").replace("_", " ")).strip()
    if not title:
        raise click.BadParameter("the title is empty", param_hint="--title")
    title = scaffold.plain_title(title)
    where = click.format_filename(folder)
    try:
        scaffold.create(folder, scaffold.Choices(name, title, languages or ("en",)))
    except scaffold.NotEmptyError:
        raise click.UsageError(f"'{where}' is not empty; `new` changes nothing there") from None
    console = Console()
    console.say(f"made '{title}' in {where}")
    console.say(f"next: cd {shlex.quote(where)} && deckwright build")
    return Exit.FINE


@main.command("import")
@click.argument(
    "file",
    metavar="FILE.apkg|FILE.csv|FILE.txt",
    type=click.Path(exists=True, dir_okay=False, path_type=Path),
)
@click.argument("folder", metavar="DIR", type=_NEW_FOLDER)
@click.option(
    "--language",
    metavar="TAG",
    help="Its language (BCP 47).  [default: zh, ja or ko if its script says so, else en]",
)
@click.option("--title", help="Name of the deck in Anki.  [default: from the file]")
@_NO_CACHE
@_presented
def import_deck(
    file: Path, folder: Path, language: str | None, title: str | None, no_cache: bool
) -> int:
    """Make a project of an Anki deck or a text file, in the new or empty folder DIR.

    Learners keep their progress: notes, note types and cards stay those that they have. Packages
    of Anki's newest format need `deckwright[anki]`.
    """
    from builder.console import Console, Exit
    from builder.importing import project as importer
    from builder.importing.records import UnreadableError
    from builder.model import language_problem
    from builder.scaffold import NotEmptyError

    if language is not None and (problem := language_problem((language,))):
        raise click.BadParameter(problem, param_hint="--language")
    where = click.format_filename(folder)
    choices = importer.Choices(folder.resolve().name, language, title)
    console = Console()
    try:
        report = importer.create(file, folder, choices, _cache(no_cache=no_cache), _now())
    except NotEmptyError:
        raise click.UsageError(f"'{where}' is not empty; `import` changes nothing there") from None
    except UnreadableError as error:
        console.say(f"error: cannot import '{click.format_filename(file)}': {error}")
        return Exit.CONTENT
    console.say(report.as_text())
    console.say(f"next: cd {shlex.quote(where)} && deckwright build")
    return Exit.FINE


@main.command()
@_TABLE_FORMAT
@_presented
def doctor(form: str) -> int:
    """Say whether this machine has all that Deckwright needs, and what to install."""
    import json
    from dataclasses import asdict

    from builder import doctor as examiner
    from builder.console import Exit

    checks = examiner.examine()
    fine = examiner.healthy(checks)
    if form == "json":
        document = {"ok": fine, "checks": [asdict(check) for check in checks]}
        click.echo(json.dumps(document, ensure_ascii=False, indent=2))
    else:
        click.echo(examiner.as_text(checks))
    return Exit.FINE if fine else Exit.ENVIRONMENT
