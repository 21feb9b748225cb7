"""Network namespaces by path: what they are, what is in them, and how to get in and out.

Most questions are asked from outside: the kernel gives a namespace a number on request (nsid), and looks for a link in
the namespace with that number. Only a change in a namespace needs a thread to go there.
"""

from __future__ import annotations

import errno
import fcntl
import posix

from multus_py.node import errors, netlink

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterable
    from typing import Self

    from multus_py.node.netlink import Socket

_OWN = "/proc/thread-self/ns/net"  # not /proc/self: threads can be in different namespaces
_CLONE_NEWNET = 0x40000000
_GET_TYPE = 0xB703  # ioctl NS_GET_NSTYPE
_NEW_NSID, _GET_NSID = 88, 90
_NSID, _NSID_FD = 1, 3
_UNASSIGNED = -1
_FAMILY = bytes(4)
_UNSUPPORTED = (errno.EPERM, errno.EOPNOTSUPP, errno.EINVAL, errno.ENOSYS)


class Namespace:
    """An open network namespace. It lives at least as long as this, even if its path goes away."""

    def __init__(self, path: str) -> None:
        """Open it.

        Raises:
            NodeError: Nothing is there, or something that is not a network namespace.
        """
        self.path = path
        try:
            self.fd = posix.open(path, posix.O_RDONLY | posix.O_CLOEXEC)
        except FileNotFoundError as error:
            raise errors.NodeError(f"network namespace {path} does not exist (any more)") from error
        except (OSError, ValueError) as error:  # ValueError: a NUL byte in the path
            raise errors.NodeError(f"network namespace {path} cannot be opened: {error}") from error
        try:
            found = fcntl.ioctl(self.fd, _GET_TYPE)
        except OSError:
            found = 0
        if found != _CLONE_NEWNET:
            posix.close(self.fd)
            raise errors.NodeError(f"{path} is not a network namespace")

    def __enter__(self) -> Self:
        """Do nothing: it is open."""
        return self

    def __exit__(self, *_exception: object) -> None:
        """Close it."""
        posix.close(self.fd)

    def identity(self) -> tuple[int, int]:
        """Return what is the same for all paths of one namespace, and different for two."""
        status = posix.fstat(self.fd)
        return status.st_dev, status.st_ino

    def socket(self) -> Socket:
        """Return a netlink socket that speaks for this namespace; the thread comes back at once. Raises NodeError."""
        with Inside(self):
            return netlink.Socket()


class Inside:
    """`with Inside(namespace):` the calling thread is there, and afterwards in its old namespace, come what may."""

    def __init__(self, namespace: Namespace) -> None:
        """Name the namespace; nothing is done yet."""
        self._namespace = namespace
        self._old: Namespace

    def __enter__(self) -> None:
        """Go there. Raises NodeError, and stays where it was."""
        self._old = Namespace(_OWN)
        try:
            _set(self._namespace)
        except BaseException:
            self._old.__exit__()
            raise

    def __exit__(self, *_exception: object) -> None:
        """Come back. Raises NodeError when that is not possible; the thread must not go on then."""
        with self._old:
            _set(self._old)


def is_namespace(path: str) -> bool:
    """Tell whether a network namespace is at that path."""
    try:
        with Namespace(path):
            return True
    except errors.NodeError:
        return False


def same(first: str, second: str = _OWN) -> bool:
    """Tell whether two paths are of one namespace; without a second one, whether it is our own. Raises NodeError."""
    with Namespace(first) as one, Namespace(second) as other:
        return one.identity() == other.identity()


def first_existing(netns_path: str, ifnames: Iterable[str]) -> str:
    """Return the first of several interfaces that is in a namespace, "" when none is.

    Raises:
        NodeError: When the namespace is gone, or the kernel does not tell.
    """
    names = tuple(ifnames)
    with Namespace(netns_path) as namespace:
        try:
            with netlink.Socket() as socket:
                return _first(socket, names, _number(socket, namespace))
        except errors.KernelError as error:
            if error.errno not in _UNSUPPORTED:
                raise errors.NodeError(
                    f"{netns_path}: cannot look for interface {' or '.join(names)}: {error}"
                ) from error
        with namespace.socket() as socket:  # an old kernel, or a user namespace in between
            return _first(socket, names)


def interface_exists(netns_path: str, ifname: str) -> bool:
    """Tell whether an interface is in a namespace. Raises NodeError, like `first_existing`."""
    return bool(first_existing(netns_path, [ifname]))


def socket_in(netns_path: str) -> Socket:
    """Return a netlink socket that speaks for a namespace. The calling thread is in its old one again.

    Raises:
        NodeError: When the namespace is gone, or may not be entered.
    """
    with Namespace(netns_path) as namespace:
        return namespace.socket()


def _exists(socket: Socket, ifname: str, nsid: int | None = None) -> bool:
    try:
        link = socket.link(ifname, nsid=nsid)
    except errors.KernelError as error:
        if error.errno == errno.ENODEV:
            return False
        raise
    if link.nsid != nsid:  # a kernel that does not know the attribute has looked in our own namespace
        raise errors.KernelError(errno.EOPNOTSUPP)
    return True


def _first(socket: Socket, ifnames: Iterable[str], nsid: int | None = None) -> str:
    return next((ifname for ifname in ifnames if _exists(socket, ifname, nsid)), "")


def _number(socket: Socket, namespace: Namespace) -> int:
    """Return the number by which our own namespace knows another one. It is given one when it has none."""
    wanted = netlink.attribute(_NSID_FD, netlink.INTEGER.pack(namespace.fd))
    number = _known_number(socket, wanted)
    if number == _UNASSIGNED:
        try:
            socket.request(_NEW_NSID, _FAMILY + netlink.attribute(_NSID, netlink.INTEGER.pack(_UNASSIGNED)) + wanted)
        except errors.KernelError as error:
            if error.errno != errno.EEXIST:  # somebody else has just done it
                raise
        number = _known_number(socket, wanted)
    return number


def _known_number(socket: Socket, wanted: bytes) -> int:
    for message in socket.request(_GET_NSID, _FAMILY + wanted):
        number: int = netlink.INTEGER.unpack(netlink.attributes(message.payload, len(_FAMILY)).get(_NSID, b""))[0]
        return number
    raise errors.KernelError(errno.EOPNOTSUPP)


def _set(namespace: Namespace) -> None:
    try:
        if hasattr(posix, "setns"):  # from Python 3.12 on
            posix.setns(namespace.fd, _CLONE_NEWNET)
        else:
            _set_by_libc(namespace.fd)
    except OSError as error:
        raise errors.NodeError(f"network namespace {namespace.path} cannot be entered: {error.strerror}") from error


def _set_by_libc(fd: int) -> None:
    import ctypes  # 2.5 ms: only where a namespace must be entered, to change its routes

    libc = ctypes.CDLL(None, use_errno=True)
    if libc.setns(fd, _CLONE_NEWNET):
        number = ctypes.get_errno()
        raise OSError(number, posix.strerror(number))
