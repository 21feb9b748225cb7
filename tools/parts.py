"""Makes the parts of the build that PyInstaller does not make: called by build.spec, which says what they are for."""

from __future__ import annotations

import importlib.util
import json
import platform
import py_compile
import subprocess
import sys
import zipfile
from hashlib import sha256
from pathlib import Path
from typing import TYPE_CHECKING, TypeAlias

from tools import elf

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    Entry: TypeAlias = tuple[str, str, str]
    """A line of PyInstaller's tables of contents: the name in the build, the source, the kind."""

_TOOLS = Path(__file__).parent
_DYNLOAD = f"python{sys.version_info[0]}.{sys.version_info[1]}/lib-dynload/"
# What the interpreter opens before any of our code can run.
_START_CODECS = ("encodings", "encodings.aliases", "encodings.ascii", "encodings.latin_1", "encodings.utf_8")


def pyc(source: Path, target: Path, shown: str) -> str:
    """Compile a module, without docstrings and without a time stamp; return the path of the file."""
    target.parent.mkdir(parents=True, exist_ok=True)
    mode = py_compile.PycInvalidationMode.UNCHECKED_HASH
    py_compile.compile(str(source), str(target), shown, doraise=True, optimize=2, invalidation_mode=mode)
    return str(target)


def base_library(target: Path) -> Entry:
    """Write a base_library.zip with the codecs that the interpreter needs to start, and nothing else."""
    target.mkdir(parents=True, exist_ok=True)
    path = target / "base_library.zip"
    with zipfile.ZipFile(path, "w", zipfile.ZIP_STORED) as archive:
        for name in _START_CODECS:
            source = _source(name)
            inside = (
                f"{name.replace('.', '/')}/__init__.pyc" if name == "encodings" else f"{name.replace('.', '/')}.pyc"
            )
            compiled = pyc(source, target / inside, inside.removesuffix("c"))
            archive.writestr(zipfile.ZipInfo(inside), Path(compiled).read_bytes())  # a ZipInfo is dated 1980
    return (path.name, str(path), "DATA")


def base_modules(datas: Iterable[Entry]) -> list[tuple[str, str]]:
    """Return the modules that PyInstaller put into its base_library.zip, except those frozen into the interpreter."""
    (path,) = [source for name, source, _ in datas if name == "base_library.zip"]
    inside = [name.removesuffix(".pyc").replace("/", ".") for name in zipfile.ZipFile(path).namelist()]
    names = [name.removesuffix(".__init__") for name in inside]
    return [(name, str(source)) for name in names if (source := _source(name)).is_file()]


def _source(name: str) -> Path:
    spec = importlib.util.find_spec(name)
    if spec is None or spec.origin is None:
        raise SystemExit(f"build: {name} has no source")
    return Path(spec.origin)  # "frozen" for some


def bundle(
    path: Path, modules: Iterable[tuple[str, str]], *, binaries: Sequence[Entry], verbs: dict[str, list[str]]
) -> Entry:
    """Write the bundle of the plugin path, in an interpreter of its own (bundle.py says why)."""
    sources = {name: Path(source) for name, source, _ in binaries}
    extensions = {
        _module_of(name): [name, *elf.closure(Path(source), sources)]
        for name, source, kind in binaries
        if kind == "EXTENSION"
    }
    asked = {
        "root": str(_TOOLS.parent),
        "path": str(path),
        "modules": sorted(modules),
        "extensions": extensions,
        "verbs": verbs,
    }
    # Without the columns of expressions, which tracebacks would underline: a tenth of what is read at a start.
    command = [sys.executable, "-I", "-S", "-X", "no_debug_ranges", str(_TOOLS / "bundle.py")]
    subprocess.run(command, input=json.dumps(asked), text=True, check=True)
    return (path.name, str(path), "DATA")


def _module_of(name: str) -> str:
    """Return the name of the module in an extension's file: yaml._yaml for yaml/_yaml.cpython-311-x86_64.so."""
    directory, _, file = name.removeprefix(_DYNLOAD).rpartition("/")
    return f"{directory.replace('/', '.')}.{file.partition('.')[0]}".lstrip(".")


def record(layout: Path, *, version: str) -> None:
    """Write what the build is, to `lib/build.json` of the installed layout: `multus version` tells."""
    content = sha256()
    for path in sorted(each for each in layout.rglob("*") if each.is_file()):
        content.update(f"{path.relative_to(layout)}\0{path.stat().st_size}\0".encode() + path.read_bytes())
    built = {
        "version": version,
        "id": content.hexdigest()[:12],
        "python": platform.python_version(),
        "machine": platform.machine(),
        "glibc": elf.glibc_floor([layout / "multus", *layout.rglob("*.so"), *layout.rglob("*.so.*")]),
    }
    (layout / "lib/build.json").write_text(json.dumps(built, indent=2) + "\n")


def note(path: Path, *tables: Iterable[tuple[str, ...]]) -> None:
    """Write down which files the build was made of: sbom.py tells where they came from. Each entry's second is one."""
    sources = {entry[1] for table in tables for entry in table if Path(entry[1]).is_file()}
    path.write_text(json.dumps(sorted(sources), indent=0) + "\n")


def files(layout: Path, names: Iterable[str], kind: str, *, prefix: str = "") -> list[Entry]:
    """Return the table of contents of some files in the installed layout."""
    return [(prefix + name, str(layout / name), kind) for name in names]
