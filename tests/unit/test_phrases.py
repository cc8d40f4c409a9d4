"""`python -m builder.phrases`, as authors call it."""

import subprocess
import sys
from pathlib import Path

import pytest


@pytest.mark.parametrize(
    ("data", "said"), [(None, "cannot read"), (b"caf\xe9", "is not UTF-8 text")]
)
def test_a_text_that_cannot_be_read_is_named(tmp_path: Path, data: bytes | None, said: str) -> None:
    file = tmp_path / "text.txt"
    if data is not None:
        file.write_bytes(data)
    command = [sys.executable, "-m", "builder.phrases", str(file)]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    assert done.returncode == 1
    assert done.stdout == ""
    assert said in done.stderr
    assert str(file) in done.stderr
    assert "Traceback" not in done.stderr
