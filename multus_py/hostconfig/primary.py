"""The primary network's configuration: found among what is in a directory, and never confused with Multus' own.

Only this module knows what a candidate is. A file that is no JSON may be half-written, so nothing that comes after it
is chosen; one that is JSON, but no network, is complete and passed over (multus-behaviour 9.6: B28, B30).
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from multus_py.base import jsontext
from multus_py.base.fields import Fields
from multus_py.cni import conf
from multus_py.cni.errors import CNIError
from multus_py.hostconfig import validation
from multus_py.hostconfig.errors import HostConfigError

if TYPE_CHECKING:
    from multus_py.base.jsontext import JSONObject, JSONValue
    from multus_py.hostconfig.options import Options

EXTENSIONS = (".conf", ".conflist", ".json")
RENAMED = ".old"
OWN = ("00-multus.conflist", "00-multus.conf")
"""The names of what we generate: no candidates, be they ever so broken."""
_MULTUS = ("multus", "multus-shim")


@dataclass(frozen=True, kw_only=True)
class Primary:
    """The primary network."""

    path: Path
    """The file that it is from."""
    name: str
    """The file's name, without what a renaming has added to it."""
    network: conf.Network
    document: JSONObject
    """The whole configuration, with the plugins that a directory of the network's name adds to it."""


@dataclass(frozen=True, kw_only=True)
class Search:
    """What was found."""

    primary: Primary | None = None
    problem: str = ""
    """Why there is no primary to act on; empty when there is one."""
    warnings: tuple[str, ...] = ()


class UnfinishedError(Exception):
    """A file is no JSON (yet); the message says which and why."""


def find(options: Options) -> Search:
    """Look for the primary: the file that the options name, or else the first that is a network but not Multus.

    Raises:
        HostConfigError: The directory cannot be read, or the named file is Multus' own.
    """
    warnings: list[str] = []
    for name, path in _candidates(options):
        try:
            document = parse(read(path), path)
            if is_multus(document) or name in OWN:
                if options.master_cni_file:
                    raise HostConfigError(f"{path} is a Multus configuration: it cannot be its own primary network")
                continue
            return Search(primary=describe(name, path, document), warnings=tuple(warnings))
        except FileNotFoundError:
            continue  # gone since the directory was listed
        except UnfinishedError as error:
            return Search(problem=f"{error}; waiting for it to be completed", warnings=tuple(warnings))
        except ValueError as error:
            warnings.append(f"{path} is no CNI network, so it is passed over: {error}")
    wanted = options.master_cni_file or "configuration of a primary network"
    return Search(problem=f"no {wanted} in {options.autoconfig_dir}", warnings=tuple(warnings))


def read(path: Path) -> bytes:
    """Return a file's content.

    Raises:
        FileNotFoundError: It is not there.
        HostConfigError: It cannot be read.
    """
    try:
        return path.read_bytes()
    except FileNotFoundError:
        raise
    except OSError as error:
        raise HostConfigError(f"cannot read {path}: {error.strerror}") from error


def parse(data: bytes, path: Path) -> JSONObject:
    """Return the object that a file's content is.

    Raises:
        UnfinishedError: It is no JSON.
        ValueError: It is something else than an object.
    """
    try:
        document = jsontext.loads(data)
    except jsontext.JSONError as error:
        raise UnfinishedError(f"{path} is broken: {error}") from error
    if isinstance(document, dict):
        return document
    raise ValueError(f"expected an object, found {jsontext.kind(document)}")


def is_multus(document: JSONValue) -> bool:
    """Tell whether a configuration is Multus' own, whatever its file is called: at the top or anywhere within."""
    if not isinstance(document, dict):
        return False
    fields = Fields(document, "")
    inner = [item for key in ("plugins", "delegates") for item in _items(fields.raw(key))]
    return fields.raw("type") in _MULTUS or any(is_multus(item) for item in inner)


def describe(name: str, path: Path, document: JSONObject) -> Primary:
    """Look at a document as a network.

    Raises:
        ValueError: It is none.
        UnfinishedError: A plugin that belongs to it, in a directory of its name, is broken.
    """
    problems = validation.problems(document, "primary")
    if problems:
        raise ValueError("; ".join(problems))
    network = conf.parse(jsontext.dumps(document).encode())
    if not (network.single or network.only_inlined):
        try:
            appended = conf.plugins_in(str(path.parent / network.name))
        except CNIError as error:
            raise UnfinishedError(f"{path}: a plugin of its chain is broken: {error.msg}") from error
        network = network.replace(plugins=network.plugins + appended, appended=len(appended))
    return Primary(path=path, name=name, network=network, document=jsontext.loads_object(network.effective_raw()))


def _items(value: JSONValue) -> list[JSONValue]:
    return value if isinstance(value, list) else []


def _candidates(options: Options) -> list[tuple[str, Path]]:
    """Return names and paths in the order of the names. A renamed primary has its old name, unless that is taken."""
    try:
        names = {path.name: path for path in options.autoconfig_dir.iterdir() if path.is_file()}
    except OSError as error:
        raise HostConfigError(
            f"cannot list {options.autoconfig_dir}: {error.strerror}; the primary network's configuration is looked "
            "for there (--multus-autoconfig-dir)"
        ) from error
    if options.rename_conf_file:
        names = {name.removesuffix(RENAMED): path for name, path in names.items() if name.endswith(RENAMED)} | names
    wanted = options.master_cni_file
    found = {name: path for name, path in names.items() if name.endswith(EXTENSIONS) and wanted in ("", name)}
    return sorted((name, path) for name, path in found.items() if name not in OWN or name == wanted)
