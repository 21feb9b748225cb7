"""Stage 0: the first Python code of the built program, which PyInstaller's bootloader runs before PyInstaller's own.

It answers VERSION out of a constant, makes the modules of the bundle importable, and gives a CNI call to `entry`. For
everything else it returns, and PyInstaller's start goes on with the operator's commands: build.spec has the picture.
Nothing imports this module, and it imports only modules that are built into the interpreter; not even `__future__`.
"""

import gc
import marshal
import posix
import sys

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Sequence
    from importlib.machinery import ModuleSpec
    from types import ModuleType

VERSION_ANSWER = (
    b'{"cniVersion":"1.1.0","supportedVersions":["0.1.0","0.2.0","0.3.0","0.3.1","0.4.0","1.0.0","1.1.0"]}\n'
)
"""What `skel` answers to VERSION, as multus and as a plugin that travels with it: 5 ms earlier. A test compares."""
PLUGINS = {"passthru": "plugins.passthru"}
"""The plugins that the program is as well, under the names of links to it."""
BUNDLE = "multus.bundle"
PAYLOAD = "payload/"
"""What the names of the installed layout's files begin with in the single file's archive."""

_STDOUT = 1
_COOKIE, _COOKIE_SIZE, _COOKIE_RANGE = b"MEI\014\013\012\013\016", 88, 1 << 16
_ENTRY_SIZE = 18
_SIZE_SIZE = 8
_CHUNK = 1 << 20


class Bundle:
    """A finder and loader of the modules in one file: the index, then their code, marshalled (tools/bundle.py).

    One read gets the index, and one each module that is wanted; the import system's own search lists directories and
    compares time stamps.
    """

    def __init__(self, path: str, start: int, directory: str) -> None:
        """Read the index.

        Args:
            path: The file.
            start: Where in it the bundle begins.
            directory: What the names of extension modules are relative to.
        """
        self._fd = posix.open(path, posix.O_RDONLY | posix.O_CLOEXEC)
        size = int.from_bytes(posix.pread(self._fd, _SIZE_SIZE, start), "little")
        content = marshal.loads(posix.pread(self._fd, size, start + _SIZE_SIZE))  # noqa: S302 - we wrote it
        self._code: dict[str, tuple[int, int, bool]] = content["code"]
        self._extensions: dict[str, tuple[str, ...]] = content["extensions"]
        self._sequences: dict[str, tuple[str, ...]] = content["sequences"]
        self._start = start + _SIZE_SIZE + size
        self._directory = directory
        self.provide: Callable[[str], None] | None = None
        """Sees to it that a file is in the directory; None where they all are."""

    def find_spec(self, name: str, _path: object = None, _target: object = None) -> "ModuleSpec | None":
        """Say how a module is loaded; None when it is not in the bundle."""
        spec_type = type(sys.__spec__)
        if name in self._code:
            # It walks like a loader; importlib.abc would have to be found first.
            spec = spec_type(name, self, origin=BUNDLE, is_package=self._code[name][2])  # type: ignore[arg-type]
            if spec.submodule_search_locations is not None:  # where PyInstaller's finder looks for the rest of it
                spec.submodule_search_locations.append(f"{self._directory}/{name.replace('.', '/')}")
            return spec
        if name not in self._extensions:
            return None
        needed = self._extensions[name]
        if self.provide:
            for file in needed:
                self.provide(file)
        path = f"{self._directory}/{needed[0]}"
        loader = sys.modules["_frozen_importlib_external"].ExtensionFileLoader(name, path)
        return spec_type(name, loader, origin=path)

    def create_module(self, _spec: "ModuleSpec") -> None:
        """Leave it to the import system."""

    def exec_module(self, module: "ModuleType") -> None:
        """Run a module's code in it."""
        offset, size, _ = self._code[module.__name__]
        code = marshal.loads(posix.pread(self._fd, size, self._start + offset))  # noqa: S302 - we wrote it
        exec(code, module.__dict__)  # noqa: S102 - it is what loaders do

    def load(self, verb: str) -> None:
        """Load the modules that a verb needs, each after those that it imports, so that nothing has to be searched.

        It is the import system's work without its locks and specifications: 5 % of a call's time. A verb that is not
        known gets its modules when they are imported.
        """
        for name in self._sequences.get(verb, ()):
            if name in sys.modules:
                continue
            module = sys.modules[name] = type(sys)(name)
            if self._code[name][2]:
                module.__path__ = []
            self.exec_module(module)
            parent, _, child = name.rpartition(".")
            if parent:
                setattr(sys.modules[parent], child, module)


class Archive:
    """The archive in the single file, PyInstaller's CArchive, as far as it is the payload."""

    def __init__(self, path: str) -> None:
        """Read the index. Raises OSError, and ValueError when there is no archive in the file."""
        self._fd = posix.open(path, posix.O_RDONLY | posix.O_CLOEXEC)
        size = posix.fstat(self._fd).st_size
        tail_start = max(0, size - _COOKIE_RANGE)
        tail = posix.pread(self._fd, _COOKIE_RANGE, tail_start)
        cookie = tail.rindex(_COOKIE)
        length, toc_start, toc_size = _numbers(tail, cookie + len(_COOKIE), 3)
        start = tail_start + cookie + _COOKIE_SIZE - length
        toc = posix.pread(self._fd, toc_size, start + toc_start)
        self._places: dict[str, tuple[int, int]] = {}
        at = 0
        while at < len(toc):
            entry_size, offset, stored = _numbers(toc, at, 3)
            name = toc[at + _ENTRY_SIZE : at + entry_size].rstrip(b"\0").decode()
            if name.startswith(PAYLOAD):
                self._places[name.removeprefix(PAYLOAD)] = start + offset, stored
            at += entry_size

    def names(self) -> "Sequence[str]":
        """Return the names of the installed layout's files."""
        return list(self._places)

    def place(self, name: str) -> int:
        """Return where in the single file a file of the layout begins. Raises KeyError."""
        return self._places[name][0]

    def unpack(self, name: str, target: str) -> None:
        """Write a file of the layout to a path, unless there is one. Raises OSError and KeyError."""
        offset, size = self._places[name]
        _make_directories(target.rpartition("/")[0])
        try:
            fd = posix.open(target, posix.O_WRONLY | posix.O_CREAT | posix.O_EXCL | posix.O_CLOEXEC, _mode(name))
        except FileExistsError:
            return
        try:
            while size:
                part = posix.pread(self._fd, min(size, _CHUNK), offset)
                written = posix.write(fd, part)
                offset, size = offset + written, size - written
        finally:
            posix.close(fd)


def _make_directories(path: str) -> None:
    try:
        posix.mkdir(path, 0o755)
    except FileExistsError:
        pass
    except FileNotFoundError:
        _make_directories(path.rpartition("/")[0])
        posix.mkdir(path, 0o755)


def _mode(name: str) -> int:
    return 0o755 if name == "multus" or ".so" in name else 0o644


def _numbers(data: bytes, at: int, count: int) -> list[int]:
    return [int.from_bytes(data[place : place + 4], "big") for place in range(at, at + 4 * count, 4)]


def main(argv: "Sequence[str]", home: str, executable: str) -> None:
    """Serve a CNI call and end the process; or return, when there are arguments.

    Args:
        argv: The program's name and arguments.
        home: The directory that the bootloader made ready.
        executable: The program's file.
    """
    verb = posix.environ.get(b"CNI_COMMAND", b"").decode(errors="replace")
    plugin = PLUGINS.get(argv[0].rpartition("/")[2])
    called = plugin is not None or len(argv) == 1
    if called and verb == "VERSION":
        posix.write(_STDOUT, VERSION_ANSWER)
        posix._exit(0)  # noqa: SLF001 - os._exit, without the interpreter's clean-up: it takes 1.5 to 3 ms
    try:
        bundle = _open(home, executable, argv)
        if not called:
            return
        gc.disable()  # a call has nothing to collect before it ends: 1 % of its time
        status = _serve(bundle, verb, argv, plugin)
    except BaseException as error:
        if not called:
            raise
        status = _fail(error)
    posix._exit(status)  # noqa: SLF001


def _open(home: str, executable: str, argv: "Sequence[str]") -> Bundle:
    """Make the modules of the bundle importable: those of the installed layout, or those inside the single file."""
    try:
        bundle = Bundle(f"{home}/{BUNDLE}", 0, home)
    except FileNotFoundError:
        archive = Archive(executable)
        bundle = Bundle(executable, archive.place(f"lib/{BUNDLE}"), home)
        bundle.provide = lambda name: archive.unpack(f"lib/{name}", f"{home}/{name}")
        sys.meta_path.insert(0, bundle)
        from multus_py import singlefile

        singlefile.start(argv, home=home, executable=executable, archive=archive)
    else:
        sys.meta_path.insert(0, bundle)
    return bundle


def _serve(bundle: Bundle, verb: str, argv: "Sequence[str]", plugin: str | None) -> int:
    if plugin:
        __import__(plugin)
        status: int = sys.modules[plugin].main()
        return status
    bundle.load(verb)
    from multus_py import entry

    return entry.main(argv[:1], posix.environ) or 0


def _fail(error: BaseException) -> int:
    """Answer with an error object, by hand: what writes them otherwise could not be loaded."""
    text = f"multus is damaged, install it again: {type(error).__name__}: {error}"
    shown = "".join(c if c.isprintable() and c not in '"\\' else "'" for c in text)
    posix.write(_STDOUT, f'{{"code":999,"msg":"{shown}"}}\n'.encode(errors="replace"))
    return 1


if hasattr(sys, "_MEIPASS"):  # the bootloader sets it
    main(sys.argv, sys._MEIPASS, sys.executable)  # noqa: SLF001
