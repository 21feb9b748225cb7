"""The list of what is in the build: complete, and the same each time."""

from __future__ import annotations

import json
import subprocess
from hashlib import sha256
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
PYTHON, CONTENTS, BUILT = ROOT / "build/venv/bin/python", ROOT / "build/work/build/contents.json", ROOT / "dist/multus"


def made(output: Path) -> str:
    if not (PYTHON.exists() and CONTENTS.exists() and BUILT.exists()):
        pytest.skip("no build here: make build")
    subprocess.run(
        [PYTHON, "-m", "tools.sbom", "--output", output], check=True, cwd=ROOT, capture_output=True, timeout=120
    )
    return output.read_text()


@pytest.mark.slow
def test_every_part_of_the_build_has_its_origin(tmp_path: Path) -> None:
    text = made(tmp_path / "one.json")
    assert text == made(tmp_path / "two.json")

    document = json.loads(text)
    names = {component["purl"].partition("@")[0] for component in document["components"]}
    assert {"pkg:generic/cpython", "pkg:pypi/grpcio", "pkg:pypi/jsonschema", "pkg:pypi/pyinstaller"} <= names
    assert any(name.startswith("pkg:deb/debian/libssl") for name in names), "OpenSSL is the system's"
    assert all("@" in component["purl"] for component in document["components"])
    (digest,) = document["metadata"]["component"]["hashes"]
    assert digest["content"] == sha256(BUILT.read_bytes()).hexdigest()
