"""Lists what is in dist/multus, as a CycloneDX document: `make sbom` writes dist/multus.cdx.json.

The build notes down which files it was made of (`contents.json`). Here each is traced to where it came from: a Python
package of the build's environment, the interpreter with its standard library, or a package of the distribution. The
same build gives the same bytes: the document has neither a date nor a serial number.
"""

from __future__ import annotations

import argparse
import json
import platform
import subprocess
import sys
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from hashlib import sha256
from importlib import metadata
from pathlib import Path

from cyclonedx.contrib.license.factories import LicenseFactory
from cyclonedx.model import HashAlgorithm, HashType
from cyclonedx.model.bom import Bom
from cyclonedx.model.component import Component, ComponentType
from cyclonedx.output.json import JsonV1Dot6
from packageurl import PackageURL

import multus_py

ROOT = Path(__file__).parent.parent
CONTENTS, EXECUTABLE = ROOT / "build" / "work" / "build" / "contents.json", ROOT / "dist" / "multus"


class UnknownFileError(Exception):
    """Nobody knows where a part of the build came from."""


@dataclass(frozen=True, order=True)
class Origin:
    """Something that somebody publishes, and that parts of the build came from."""

    kind: str
    """`pypi`, `deb`, or `generic` for the interpreter."""
    name: str
    version: str
    license: str = ""


def main(argv: list[str]) -> int:
    """Write the document; return the exit status."""
    parser = argparse.ArgumentParser(prog="python -m tools.sbom")
    parser.add_argument("--output", type=Path, default=EXECUTABLE.with_suffix(".cdx.json"))
    output = parser.parse_args(argv).output
    try:
        files = [Path(path) for path in json.loads(CONTENTS.read_text())]
        found = origins(files, roots=(ROOT,))
        output.write_text(document(found, digest=sha256(EXECUTABLE.read_bytes()).hexdigest()))
    except (OSError, UnknownFileError) as error:
        print(f"sbom: {error}", file=sys.stderr)
        return 1
    print(f"sbom: {output}: {len(found)} components")
    return 0


def origins(files: Iterable[Path], *, roots: Iterable[Path]) -> list[Origin]:
    """Return where files came from, but for those that are our own, which lie in the roots.

    Raises:
        UnknownFileError: One came from nowhere.
    """
    packages = dict(_packages())
    standard = Path(json.__file__).parents[1]
    found: set[Origin] = set()
    for path in {file.resolve() for file in files}:
        if path in packages:
            found.add(packages[path])
        elif path.is_relative_to(standard) and "dist-packages" not in path.parts:
            found.add(Origin("generic", "cpython", platform.python_version(), "PSF-2.0"))
        elif not any(path.is_relative_to(root) for root in roots):
            found.add(_distributed(path))
    return sorted(found)


def document(found: Iterable[Origin], *, digest: str) -> str:
    """Return the document, for an executable with this SHA-256."""
    bom = Bom()
    product = Component(
        name="multus-py",
        version=multus_py.VERSION,
        type=ComponentType.APPLICATION,
        bom_ref=f"multus-py@{multus_py.VERSION}",
        hashes=[HashType(alg=HashAlgorithm.SHA_256, content=digest)],
    )
    bom.metadata.component = product
    components = [_component(origin) for origin in found]
    bom.components.update(components)
    bom.register_dependency(product, components)
    written = json.loads(JsonV1Dot6(bom).output_as_string())
    written.pop("serialNumber", None)
    written["metadata"].pop("timestamp", None)
    return json.dumps(written, indent=2, sort_keys=True) + "\n"


def _packages() -> Iterator[tuple[Path, Origin]]:
    """Yield the files of the environment's Python packages."""
    for package in metadata.distributions():
        said = package.metadata.json.get("license_expression", "")
        origin = Origin("pypi", package.metadata["Name"].lower(), package.version, str(said))
        for file in package.files or ():
            yield Path(str(file.locate())).resolve(), origin


def _distributed(path: Path) -> Origin:
    """Return the distribution's package that a file belongs to. Raises UnknownFileError."""
    # /lib is /usr/lib, and packages may name either.
    for name in (path, Path("/", *path.parts[2:])):
        asked = subprocess.run(["dpkg-query", "--search", str(name)], check=False, capture_output=True, text=True)
        if asked.returncode == 0:
            package = asked.stdout.partition(": ")[0].partition(",")[0]
            shown = ["dpkg-query", "--show", "--showformat=${Version}", package]
            version = subprocess.run(shown, check=True, capture_output=True, text=True).stdout
            return Origin("deb", package.partition(":")[0], version)
    raise UnknownFileError(f"{path} belongs to no package")


def _component(origin: Origin) -> Component:
    url = PackageURL(
        type=origin.kind, namespace="debian" if origin.kind == "deb" else None, name=origin.name, version=origin.version
    )
    licenses = [LicenseFactory().make_from_string(origin.license)] if origin.license else []
    return Component(
        name=origin.name,
        version=origin.version,
        type=ComponentType.LIBRARY,
        purl=url,
        bom_ref=url.to_string(),
        licenses=licenses,
    )


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
