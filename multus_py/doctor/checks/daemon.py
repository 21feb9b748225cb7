"""Checks of `multus daemon`, as far as calls of the plugin notice it: its socket."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

from multus_py.cluster import daemon, frames, port
from multus_py.doctor.check import Check, fine, warning

if TYPE_CHECKING:
    from multus_py.doctor.view import View
    from multus_py.findings.finding import Finding

_RESTART = (
    "Look at the daemon's pod on this node (kubectl -n kube-system get pods -l name=multus -o wide) and at its log."
)


def answers(view: View) -> Iterator[Finding]:
    """Ask the daemon for nothing, the way that a call asks it."""
    directory = view.settings.daemon_dir
    path = view.root(f"{directory}/{port.SOCKET}")
    if not directory or not view.settings.kubeconfig:
        yield fine("calls ask no daemon here")
    elif not path.exists():
        if view.root(f"{directory}/{port.FALLBACKS}").exists():
            yield warning(
                "the daemon that was here is not any more: calls ask the API server themselves",
                remedy=_RESTART,
                file=f"{directory}/{port.SOCKET}",
            )
        yield fine("no daemon serves calls here: they ask the API server themselves")
    else:
        client = daemon.Daemon(str(path), clock=view.clock, timeout=view.settings.daemon_timeout)
        try:
            client.greet()
        except daemon.NoAnswerError as reason:
            yield warning(
                f"the daemon does not answer as it should, so calls ask the API server themselves: {reason}",
                remedy=_RESTART,
                file=f"{directory}/{port.SOCKET}",
            )
        finally:
            client.close()
        yield fine(f"the daemon answers, in version {frames.VERSION} of the protocol")


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
)
