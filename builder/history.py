"""Earlier states of a project, out of git."""

import io
import subprocess
import tarfile
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from builder import source
from builder.diagnostics import ContentError, Diagnostic
from builder.project import Project


@contextmanager
def checkout(project: Project, ref: str) -> Iterator[Project]:
    """The project as it was at a commit, tag or branch, in a temporary folder.

    Only `content/` and `templates/` are taken: what a build reads.

    Raises:
        ContentError: There is no git, no repository, or no such commit.
    """
    with tempfile.TemporaryDirectory(prefix="deckwright-") as folder:
        root = Path(folder)
        with tarfile.open(fileobj=io.BytesIO(_archive(project, ref))) as archive:
            for member in archive:
                _extract(archive, member, root)
        yield Project(root)


def _extract(archive: tarfile.TarFile, member: tarfile.TarInfo, root: Path) -> None:
    """Write one plain file. By hand: Python 3.11.2, Debian's, has no extraction filter yet.

    Links are left out; a figure must be a file of the project's own anyway.
    """
    data = archive.extractfile(member) if member.isfile() else None
    target = (root / member.name).resolve()
    if data is not None and target.is_relative_to(root.resolve()):
        target.parent.mkdir(parents=True, exist_ok=True)
        target.write_bytes(data.read())


def lock_text(project: Project, ref: str) -> str:
    """`content/deck.lock` as it was at a commit, tag or branch; empty if there was none.

    Raises:
        ContentError: There is no git, no repository, or no such commit, or it was not UTF-8 text.
    """
    with checkout(project, ref) as old:
        path = old.content / "deck.lock"
        return source.plain(path, f"{ref}:content/deck.lock") if path.is_file() else ""


def is_committed(project: Project, name: str) -> bool:
    """Whether the last commit has a file; False too where there is no git and no repository.

    Args:
        project: The project.
        name: The file's path in it, with forward slashes.
    """
    try:
        return bool(_git(project, "HEAD", "ls-tree", "--name-only", "HEAD", "--", name))
    except ContentError:
        return False


@dataclass(frozen=True, slots=True)
class State:
    """Where a project stands in its repository.

    Attributes:
        changed: Files that differ from the commit or are not in it, as git names them.
        shallow: Whether older commits were left out when it was cloned.
        here: The tags of this commit.
        reached: The tags of this commit and of those before it.
    """

    changed: tuple[str, ...]
    shallow: bool
    here: tuple[str, ...]
    reached: tuple[str, ...]


def state(project: Project) -> State:
    """What git says of the present commit.

    Raises:
        ContentError: There is no git, no repository, or no commit yet.
    """

    def lines(*arguments: str) -> tuple[str, ...]:
        return tuple(_git(project, "HEAD", *arguments).decode("utf-8", "replace").splitlines())

    return State(
        changed=tuple(line[3:] for line in lines("status", "--porcelain")),
        shallow=lines("rev-parse", "--is-shallow-repository") == ("true",),
        here=lines("tag", "--points-at", "HEAD"),
        reached=lines("tag", "--merged", "HEAD"),
    )


def _archive(project: Project, ref: str) -> bytes:
    """A tar of the two folders; paths are relative to the project, wherever it is in its repo."""
    if ref.startswith("-"):
        raise ContentError([_problem(ref, "a commit's name does not start with a hyphen")])
    folders = [f for f in ("content", "templates") if _listed(project, ref, f)]
    if "content" not in folders:
        raise ContentError([_problem(ref, f"there is no content/ at '{ref}'")])
    return _git(project, ref, "archive", "--format=tar", ref, "--", *folders)


def _listed(project: Project, ref: str, folder: str) -> bool:
    return bool(_git(project, ref, "ls-tree", "--name-only", ref, "--", folder))


def _git(project: Project, ref: str, *arguments: str) -> bytes:
    try:
        done = subprocess.run(  # noqa: S603 - fixed program, no shell, ref checked above
            ["git", *arguments],  # noqa: S607 - git is where the user's PATH says
            cwd=project.root,
            capture_output=True,
            check=False,
        )
    except FileNotFoundError:
        raise ContentError([_problem(ref, "git is not installed")]) from None
    if done.returncode != 0:
        reason = done.stderr.decode("utf-8", "replace").strip().splitlines()
        raise ContentError([_problem(ref, reason[0] if reason else "git failed")])
    return done.stdout


def _problem(ref: str, reason: str) -> Diagnostic:
    return Diagnostic(
        "unknown-commit",
        f"cannot read '{ref}' from git: {reason}",
        None,
        "name a commit, tag or branch of this project's repository",
    )
