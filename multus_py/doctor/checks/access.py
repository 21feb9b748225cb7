"""Checks of the way to the API server: kubeconfig, token, connection, trust, clock, permissions, definition of NADs."""

from __future__ import annotations

import stat
from collections.abc import Iterator
from datetime import timedelta
from typing import TYPE_CHECKING

from multus_py.base import clock as clocks
from multus_py.doctor import server
from multus_py.doctor.check import BlockedError, Check, error, fine, warning
from multus_py.doctor.permissions import NADS, PERMISSIONS
from multus_py.doctor.server import RefusedError
from multus_py.doctor.view import NADS_PATH

if TYPE_CHECKING:
    from multus_py.base.jsontext import JSONObject
    from multus_py.doctor.view import View
    from multus_py.findings.finding import Finding

_SOON = 600.0
_LITTLE = 0.1
"""Of a certificate's lifetime: whoever renews it by itself has done so before."""
_SKEW, _GREAT_SKEW = 30.0, 300.0


def kubeconfig(view: View) -> Iterator[Finding]:
    """Read the kubeconfig, and what it names."""
    access, _ = view.access, view.server
    path = view.settings.kubeconfig
    mode = stat.S_IMODE(view.root(path).stat().st_mode)
    if mode & (stat.S_IRWXG | stat.S_IRWXO):
        yield warning(
            f"others than its owner can read or write it (mode {mode:04o}), and it holds what the node's account is",
            remedy=f"Run chmod 0600 {path}.",
            file=path,
        )
    yield fine(f"{path} leads to {access.server}")


def expiry(view: View) -> Iterator[Finding]:
    """Read the time in the token."""
    expires = view.token_expires
    if expires is None:
        yield fine("there is no token that says when it expires")
        return
    left = expires - view.now
    if left > 0 and left < _SOON:
        yield warning(
            f"the token expires in {left / 60:.0f} minutes, at {clocks.rfc3339(expires)}",
            remedy="Let `multus daemon` run on the node, which replaces it in time; if it does run, look at its log "
            "and at the kubelet's.",
            file=view.settings.kubeconfig,
        )
    if left <= 0:
        view.cluster  # noqa: B018 - raises what there is to say
    yield fine(f"the token is good until {clocks.rfc3339(expires)}")


def certificate(view: View) -> Iterator[Finding]:
    """Read the times in the client certificate."""
    if view.certificate_lifetime is None:
        yield fine("no client certificate is shown to the API server")
        return
    begins, ends = view.certificate_lifetime
    left = ends - view.now
    if view.certificate_problem:
        view.cluster  # noqa: B018 - raises what there is to say, unless a token goes beside it
        yield warning(
            f"{view.certificate_problem}; the token beside it is good",
            remedy="Take the certificate out of the kubeconfig, or put a good one there.",
            file=view.settings.kubeconfig,
        )
    elif left < (ends - begins) * _LITTLE:
        yield warning(
            f"the client certificate expires in {timedelta(seconds=round(left))}, at {clocks.rfc3339(ends)}",
            remedy="Put another one into the kubeconfig before that, or let `multus daemon` write one with a token, "
            "which it replaces in time.",
            file=view.settings.kubeconfig,
        )
    yield fine(f"the client certificate is good until {clocks.rfc3339(ends)}")


def reachable(view: View) -> Iterator[Finding]:
    """Connect, and ask for something."""
    view.contact  # noqa: B018 - raises what there is to say
    try:
        view.cluster  # noqa: B018 - so does this
    except BlockedError as blocked:
        if blocked.check == "api-reachable":
            raise
    yield fine(f"{view.access.server} answers")


def trusted(view: View) -> Iterator[Finding]:
    """Look at whether the server's certificate is the one that the kubeconfig trusts."""
    view.contact  # noqa: B018 - raises what there is to say
    if view.access.insecure:
        yield warning(
            "the kubeconfig says that nobody looks at the API server's certificate",
            remedy="Take --skip-tls-verify away, or name the CA in the kubeconfig.",
            file=view.settings.kubeconfig,
        )
    yield fine("the API server's certificate is trusted")


def skew(view: View) -> Iterator[Finding]:
    """Compare the answer's header Date with this machine's clock."""
    theirs = server.time_of(view.contact[1])
    if theirs is None:
        yield fine("the API server does not tell its time")
        return
    ahead = view.now - theirs
    if abs(ahead) > _SKEW:
        say = error if abs(ahead) > _GREAT_SKEW else warning
        yield say(
            f"this node's clock is {abs(ahead):.0f} seconds {'ahead of' if ahead > 0 else 'behind'} the API server's",
            remedy="Let chrony or systemd-timesyncd run on the node: tokens and certificates have times in them.",
        )
    yield fine("this node's clock agrees with the API server's")


def credentials(view: View) -> Iterator[Finding]:
    """Look at whether the server knows us."""
    view.cluster  # noqa: B018 - raises what there is to say
    yield fine("the API server accepts the node's credentials")


def permissions(view: View) -> Iterator[Finding]:
    """Ask for a review of each permission."""
    for permission in PERMISSIONS:
        try:
            with view.asking("ask for permissions") as server:
                allowed = server.may(permission.attributes)
        except RefusedError as refused:
            yield warning(
                f"the API server does not tell what the node's account may: {refused}",
                remedy="Give it system:basic-user, as every account has by default.",
            )
            return
        if not allowed:
            say = error if permission.vital else warning
            yield say(
                f"the node's account may not {permission}: {permission.lost}",
                remedy="Apply conf/rbac.yaml, and see that its ClusterRoleBinding names the account of the kubeconfig.",
            )
    yield fine(f"the node's account may do all {len(PERMISSIONS)} things that Multus does")


def definition(view: View) -> Iterator[Finding]:
    """Look at what version of NADs the cluster serves."""
    first = view.contact[1]
    try:
        with view.asking("ask for NetworkAttachmentDefinitions") as cluster:
            if first.status == 200 and NADS in _each(server.document(first), "resources", "name"):
                yield fine("the cluster serves NetworkAttachmentDefinitions, version v1")
                return
            found = _each(cluster.get(NADS_PATH.rpartition("/")[0]), "versions", "version")
    except RefusedError as refused:
        if refused.status != 404:
            yield warning(
                f"the API server does not tell what it serves: {refused}",
                remedy="Give the node's account system:discovery, as every account has by default.",
            )
            return
        found = []
    problem = f"the cluster serves them as {', '.join(found)} only, not as v1" if found else "the cluster has none"
    yield error(f"no NetworkAttachmentDefinitions of version v1: {problem}", remedy="Apply conf/crd.yaml.")


def _each(document: JSONObject, key: str, name: str) -> list[str]:
    """Return what the objects of a list have under a name."""
    items = document.get(key)
    return [str(item.get(name)) for item in items if isinstance(item, dict)] if isinstance(items, list) else []


CHECKS = (
    Check(
        id="kubeconfig",
        title="the kubeconfig can be used",
        looks_at="The file that the configuration names, its permissions, the files that it names in turn, and whether "
        "certificates and keys are any.",
        meaning="Multus cannot ask the cluster: every pod fails.",
        remedy="Let `multus daemon` write it, or correct it.",
        look=kubeconfig,
    ),
    Check(
        id="token-expiry",
        title="the token is good for a while",
        looks_at="The time `exp` in the token, if it is a JWT.",
        meaning='Every pod fails: "Unauthorized".',
        remedy="Let `multus daemon` run on the node: it replaces the token whenever Kubernetes does.",
        look=expiry,
    ),
    Check(
        id="client-certificate",
        title="the client certificate is good for a while",
        looks_at="The times in the certificate that the kubeconfig shows to the API server, if it has one: less than a "
        "tenth of its lifetime left is a warning.",
        meaning='Every pod fails: "Unauthorized".',
        remedy="Put another certificate into the kubeconfig, or let `multus daemon` write one with a token.",
        look=certificate,
    ),
    Check(
        id="api-reachable",
        title="the API server answers",
        looks_at=f"One request for {NADS_PATH} to the server of the kubeconfig, with five seconds of patience.",
        meaning="Every pod fails, after `apiTimeout`.",
        remedy="Check address, firewalls, kube-proxy, and the API server itself.",
        look=reachable,
    ),
    Check(
        id="api-trusted",
        title="the API server is the one that the kubeconfig trusts",
        looks_at="The TLS handshake of that request.",
        meaning="Every pod fails.",
        remedy="Let `multus daemon` write the kubeconfig, or correct its certificate authority.",
        look=trusted,
    ),
    Check(
        id="clock-skew",
        title="the node's clock is right",
        looks_at="The header Date of that answer, against this machine's clock: 30 seconds are a warning, 300 an "
        "error.",
        meaning="Tokens and certificates that are good are refused, or will be.",
        remedy="Let chrony or systemd-timesyncd run on the node.",
        look=skew,
    ),
    Check(
        id="api-credentials",
        title="the API server knows the node's account",
        looks_at="Whether that request was answered with 401.",
        meaning='Every pod fails: "Unauthorized".',
        remedy="Let `multus daemon` write the kubeconfig anew.",
        look=credentials,
    ),
    Check(
        id="permissions",
        title="the node's account may do what Multus does",
        looks_at="A SelfSubjectAccessReview for each verb of conf/rbac.yaml. The server answers them and keeps "
        "nothing.",
        meaning="Each finding says what does not work without it.",
        remedy="Apply conf/rbac.yaml.",
        look=permissions,
        patience=30.0,
    ),
    Check(
        id="crd-served",
        title="the cluster has NetworkAttachmentDefinitions",
        looks_at=f"What the API server lists below {NADS_PATH}.",
        meaning="No network can be found: every pod that asks for one fails.",
        remedy="Apply conf/crd.yaml.",
        look=definition,
    ),
)
