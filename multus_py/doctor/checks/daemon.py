"""Checks of `multus daemon`, as far as calls of the plugin notice it: its socket."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

from multus_py.cluster import daemon, frames, port
from multus_py.cluster.daemon import NoAnswerError
from multus_py.doctor.check import Check, SkippedError, fine, warning
from multus_py.install import place, program

if TYPE_CHECKING:
    from multus_py.doctor.view import View
    from multus_py.findings.finding import Finding

_RESTART = (
    "Look at the daemon's pod on this node (kubectl -n kube-system get pods -l name=multus -o wide) and at its log."
)


def answers(view: View) -> Iterator[Finding]:
    """Ask the daemon for nothing, the way that a call asks it."""
    socket = _socket(view)
    try:
        said = _greeted(view)
    except NoAnswerError as reason:
        yield warning(
            f"the daemon does not answer as it should, so calls ask the API server themselves: {reason}",
            remedy=_RESTART,
            file=socket,
        )
        return
    if said is not None:
        yield fine(f"the daemon answers, in version {frames.VERSION} of the protocol")
    elif socket and view.root(socket).with_name(port.FALLBACKS).exists():
        yield warning(
            "the daemon that was here is not any more: calls ask the API server themselves",
            remedy=_RESTART,
            file=socket,
        )
    else:
        yield fine("no daemon serves calls here: they ask the API server themselves")


def version(view: View) -> Iterator[Finding]:
    """Compare the daemon's version with that of the plugin that runtimes start."""
    try:
        said = _greeted(view)
    except NoAnswerError as reason:
        raise SkippedError(f"the daemon does not answer: {reason} (see daemon-socket)") from reason
    links = [place.Place(view.root(directory)).current() for directory in view.search]
    builds = [build for link in links if link is not None and (build := program.read_build(link))]
    if said and builds and builds[0].version != said:
        yield warning(
            f"the daemon is version {said}, and the plugin is version {builds[0].version}: an update is not complete",
            remedy="See whether it goes on (kubectl -n kube-system rollout status daemonset kube-multus-ds); if not, "
            "look at the log of the init container of the daemon's pod on this node, which installs the plugin.",
            file=_socket(view),
        )
    yield fine(
        f"the daemon and the plugin are version {said}" if said and builds else "there is nothing to compare here"
    )


def _socket(view: View) -> str:
    """Return where calls look for the daemon; empty when they do not."""
    directory = view.settings.daemon_dir
    return f"{directory}/{port.SOCKET}" if directory and view.settings.kubeconfig else ""


def _greeted(view: View) -> str | None:
    """Return the version that the daemon says it is; None without a daemon. Raises NoAnswerError."""
    socket = _socket(view)
    if not socket or not view.root(socket).exists():
        return None
    client = daemon.Daemon(str(view.root(socket)), clock=view.clock, timeout=view.settings.daemon_timeout)
    try:
        return client.greet()
    finally:
        client.close()


CHECKS = (
    Check(
        id="daemon-socket",
        title="the daemon answers, where there is one",
        looks_at=f"`{port.SOCKET}` in `daemonSocketDir`: whose it is (user 0, or our own), whether a question for "
        "nothing is answered within `daemonTimeout`, and in which version of the protocol. That there is no daemon "
        "is no fault.",
        meaning="Calls lose up to `daemonTimeout` each, and the API server gets their questions. Pods start all the "
        "same.",
        remedy=_RESTART,
        look=answers,
    ),
    Check(
        id="daemon-version",
        title="the daemon and the plugin are of one version",
        looks_at="What the daemon says of itself, against the installed version that `multus` in `binDir` or "
        "--cni-bin-dir stands for.",
        meaning="They understand each other all the same; but an update has stopped half-way, and what it was to mend "
        "is not mended.",
        remedy="Look at the DaemonSet's rollout, and at the log of its init container on this node.",
        look=version,
    ),
)
