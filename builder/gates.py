"""What must be true before a release: gates, each with a name and reasons to refuse.

What slips through them cannot be taken back from learners' devices. Versions are what an update
means to a learner: only a new major one may cost review progress.
"""

import re
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from typing import TypeAlias

from builder import diff, history, source
from builder.build import check, lock_is_current, package, package_at
from builder.cache import Cache
from builder.diagnostics import ContentError
from builder.load import Loaded
from builder.project import Project
from builder.proofs import prove

#: Gate -> what it refuses.
GATES = {
    "tree": "a working tree with changes that no commit holds, or a clone without its history",
    "version": "a version that is not MAJOR.MINOR.PATCH, or not above that of the last release",
    "tag": "a commit without the tag of its version",
    "changelog": "a CHANGELOG.md that does not tell of the version",
    "lock": "a content/deck.lock that does not match the content",
    "proofs": "proofs of the content that fail",
    "progress": "an update that loses progress, but for a new major version",
}

Version: TypeAlias = tuple[int, int, int]


@dataclass(frozen=True, slots=True)
class Refusal:
    """A gate that is shut, and why."""

    gate: str
    reason: str


@dataclass(frozen=True, slots=True)
class Candidate:
    """What is to be released.

    Attributes:
        project: The project.
        version: As deck.yaml states it.
        tag: The tag that its commit must have.
        previous: The tag of the release before; None for the first.
        loaded: The content.
        update: What the update does to learners; None for the first release of a deck.
    """

    project: Project
    version: str
    tag: str
    previous: str | None
    loaded: Loaded
    update: diff.Report | None


def examine(
    project: Project, cache: Cache, *, now: int, prefix: str = "v", expected: str | None = None
) -> tuple[Candidate, tuple[Refusal, ...]]:
    """The candidate, and every gate that is shut for it.

    Args:
        project: The project, in a git repository.
        cache: Results of slow pure functions.
        now: Unix time in seconds.
        prefix: What stands before the version in a tag.
        expected: The version that the rest of the repository is of.

    Raises:
        ContentError: The content has errors, so that there is no candidate, or there is no
            repository.
    """
    state = history.state(project)
    loaded = check(project, cache, now)
    version = loaded.deck.file.version
    tag = prefix + version
    number = _number(version)
    previous = _previous(state.reached, prefix, number)
    refusals = [
        *_tree(state),
        *_version(version, expected, prefix, state.reached),
        *_tag(tag, state.here),
        *_changelog(project, version),
        *_lock(project, loaded, cache, now),
        *_proofs(project, loaded),
    ]
    update = None if previous is None else _update(project, previous, loaded, cache, now)
    if previous is not None and update is not None:
        refusals += _progress(update, _number(previous.removeprefix(prefix)), number)
    candidate = Candidate(project, version, tag, previous, loaded, update)
    return candidate, tuple(refusals)


def _update(
    project: Project, previous: str, loaded: Loaded, cache: Cache, now: int
) -> diff.Report | None:
    """What the update does to learners; None if one of the releases has no deck."""
    try:
        old, (_, new) = package_at(project, previous, cache), package(project, cache, now)
    except ContentError as error:
        if all(problem.code == "no-package" for problem in error.diagnostics):
            return None
        raise
    return diff.compare(diff.snapshot(old), diff.snapshot(new), loaded.deck.retired)


def release_before(project: Project, version: str, prefix: str = "v") -> str | None:
    """The tag of the release before a version; None for the first, or without a repository."""
    try:
        return _previous(history.state(project).reached, prefix, _number(version))
    except ContentError:
        return None


def _tree(state: history.State) -> Iterator[Refusal]:
    if state.changed:
        some = ", ".join(state.changed[:5]) + (", …" if len(state.changed) > 5 else "")
        yield Refusal("tree", f"not committed: {some}")
    if state.shallow:
        way = "git fetch --unshallow --tags, or `fetch-depth: 0` in a workflow"
        yield Refusal("tree", f"the clone lacks its history, and so the last release: {way}")


def _version(
    version: str, expected: str | None, prefix: str, reached: Iterable[str]
) -> Iterator[Refusal]:
    number = _number(version)
    if number is None:
        yield Refusal("version", f"'{version}' in deck.yaml is not MAJOR.MINOR.PATCH, as in 1.4.0")
        return
    if expected is not None and expected != version:
        yield Refusal("version", f"deck.yaml says {version}, the repository {expected}")
    latest = max(_released(reached, prefix), default=None)
    if latest is not None and latest[0] > number:
        yield Refusal("version", f"{version} is not above the last release, {latest[1]}")


def _tag(tag: str, here: Sequence[str]) -> Iterator[Refusal]:
    if tag not in here:
        found = f"it has {', '.join(here)}" if here else "it has none"
        yield Refusal("tag", f"this commit must have the tag {tag}; {found}")


def _changelog(project: Project, version: str) -> Iterator[Refusal]:
    text = changelog(project)
    if text is None:
        return  # release notes tell what changed in any case
    heading, _ = changes(text, version)
    if not heading:
        yield Refusal("changelog", f"CHANGELOG.md has no section '## {version}'")
    elif "unreleased" in heading.lower():
        yield Refusal("changelog", f"CHANGELOG.md still says '{heading}'")


def _lock(project: Project, loaded: Loaded, cache: Cache, now: int) -> Iterator[Refusal]:
    if not lock_is_current(project, loaded, cache, now):
        yield Refusal(
            "lock", "content/deck.lock does not match the content: build and commit it, too"
        )


def _proofs(project: Project, loaded: Loaded) -> Iterator[Refusal]:
    for problem in prove(project, loaded.deck, loaded.checks):
        if problem.severity == "error":
            yield Refusal("proofs", f"{problem.span}: {problem.message}")


def _progress(update: diff.Report, before: Version | None, after: Version | None) -> list[Refusal]:
    major = before is not None and after is not None and after[0] > before[0]
    if update.verdict != "loses progress" or major:
        return []
    return [
        Refusal("progress", f"{reason}; only a new major version may do that")
        for reason in update.reasons
    ]


# Versions


def _number(version: str) -> Version | None:
    found = re.fullmatch(r"(0|[1-9]\d*)\.(0|[1-9]\d*)\.(0|[1-9]\d*)", version)
    return (int(found[1]), int(found[2]), int(found[3])) if found else None


def _released(tags: Iterable[str], prefix: str) -> list[tuple[Version, str]]:
    pairs = [(_number(tag[len(prefix) :]), tag) for tag in tags if tag.startswith(prefix)]
    return sorted((number, tag) for number, tag in pairs if number is not None)


def _previous(tags: Iterable[str], prefix: str, number: Version | None) -> str | None:
    """The tag of the newest release below a version; of all, if the version is none."""
    below = [tag for found, tag in _released(tags, prefix) if number is None or found < number]
    return below[-1] if below else None


def changelog(project: Project) -> str | None:
    """What the project's changelog says; None if it has none.

    Raises:
        ContentError: It is not UTF-8 text.
    """
    file = project.root / "CHANGELOG.md"
    return source.plain(file, project.name(file)) if file.is_file() else None


def changes(changelog: str, version: str) -> tuple[str, str]:
    """The heading and the text of a version's section; empty if there is none."""
    parts = re.split(r"^(## .*)$", changelog, flags=re.MULTILINE)
    for heading, text in zip(parts[1::2], parts[2::2], strict=True):
        if re.match(rf"## \[?v?{re.escape(version)}\]?(?![\w.-])", heading):
            return heading, text.strip()
    return "", ""
