"""Perform: run the plugins of each attachment in order; undo, in reverse, what cannot stay."""

from __future__ import annotations

from multus_py.attach import devinfo, record
from multus_py.attach.attachment import Attached
from multus_py.base import value
from multus_py.cni import errors, network
from multus_py.node import errors as node_errors

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from multus_py.attach.attachment import Attachment, Plan
    from multus_py.attach.work import Work

_NODE = "/proc/thread-self/ns/net"
"""The node's own network namespace: that of the call."""


class AttachError(errors.CNIError):
    """A delegate's ADD failed. The code is the delegate's own."""

    def __init__(self, work: Work, attachment: Attachment, cause: errors.CNIError) -> None:
        """Say which pod, which network and what the plugin said, in the original's words (cni-behaviour 15.1.2)."""
        name = attachment.network.name
        problem = f'[{work.subject}:{name}]: error adding container to network "{name}": {cause.msg}'
        super().__init__(cause.code, problem, cause.details)
        self.attachment = attachment
        self.cause = cause


class Failure(value.Value):
    """A delegate's DEL that failed."""

    attachment: Attachment
    error: errors.CNIError
    leaves_something: bool
    """Whether its ADD had succeeded. If not, its plugin has cleaned up by itself, or cannot (cni-behaviour 6.6)."""


def attach_all(work: Work, plan: Plan, made: list[Attached]) -> None:
    """Make every attachment of a plan, then settle the default routes.

    Args:
        work: The call.
        plan: What to do.
        made: Where the attachments that succeeded are put, one by one, so that the caller knows them after a failure.

    Raises:
        CNIError: One failed; those after it were not tried.
    """
    first, *others = plan.attachments
    made.append(_attach(work, first))
    if work.settings.parallel:
        from multus_py.attach import together  # like the next one: 0.3 ms that few calls need

        made += together.attach_together(work, others, _attach)
    else:
        for attachment in others:
            made.append(_attach(work, attachment))
    for wanted in plan.default_routes:
        from multus_py.attach import rerouting

        made[:] = rerouting.reroute(work, wanted, made)


def check_interfaces(work: Work, plan: Plan) -> None:
    """Refuse to begin when an interface of that name is in the pod's namespace already.

    Checked before anything is recorded or run: a second ADD for a running container must not undo the first one.

    Raises:
        CNIError: One exists, or the namespace cannot be looked into.
    """
    wanted = {attachment.ifname: attachment for attachment in plan.attachments}
    try:
        ifname = work.ports.node.first_interface(work.request.call.netns, wanted)
    except node_errors.NodeError as error:
        raise errors.CNIError(errors.INVALID_NETNS, f"[{work.subject}]: {error}") from error
    if ifname:
        kind = wanted[ifname].network.plugins[0].type
        problem = f"validateIfName: interface name {ifname} already exists"
        refusal = f'DelegateAdd: cannot set "{kind}" interface name to "{ifname}": {problem}'
        raise AttachError(work, wanted[ifname], errors.CNIError(errors.INVALID_ENVIRONMENT, refusal))


def undo(work: Work, plan: Plan, made: Sequence[Attached], *, earlier: tuple[Attachment, ...] = ()) -> None:
    """Take back what was made or begun of a plan.

    What cannot be taken back stays recorded, for DEL to try; the log says what it is. The error that led here is the
    one that the runtime must hear, so none is raised.

    Args:
        work: The call.
        plan: What was to be done.
        made: What of it was made.
        earlier: What stays recorded in any case, because other calls made it.
    """
    call = work.request.call
    begun = len(plan.attachments) if work.settings.parallel and made else len(made) + 1
    failures = detach_all(work, plan.attachments[:begun], container_id=call.container_id, netns=call.netns)
    if failures:
        return
    try:
        if earlier:
            record.save(work, call.container_id, earlier)
        else:
            record.remove(work, call.container_id)
    except errors.CNIError as error:
        work.log.error(f"ADD: everything was undone, but {error}")


def release(
    work: Work, attachments: Sequence[Attachment], *, container_id: str, netns: str | None
) -> tuple[errors.CNIError, ...]:
    """Take back all of a container, and then what is recorded of it; the record stays until nothing else is left.

    Args:
        work: The call.
        attachments: What is recorded of the container.
        container_id: The container.
        netns: As for `detach_all`.

    Returns:
        The failures that leave something; the record is there for the next one to try.

    Raises:
        CNIError: Everything was taken back, but the record, or what killed calls have left, cannot be removed.
    """
    failures = detach_all(work, attachments, container_id=container_id, netns=netns)
    blocking = tuple(failure.error for failure in failures if failure.leaves_something)
    if not blocking:
        record.sweep(work, container_id)
        record.remove(work, container_id)
    return blocking


def detach_all(
    work: Work, attachments: Sequence[Attachment], *, container_id: str, netns: str | None
) -> tuple[Failure, ...]:
    """Take attachments back, the last one first, and go on past failures, which are logged.

    Args:
        work: The call.
        attachments: What to take back, in the order of ADD.
        container_id: Whose they are.
        netns: The namespace as the runtime gave it, which may be empty; None for the recorded one.
    """
    subject = work.subject if container_id == work.request.call.container_id else f"container {container_id}"
    failures = []
    for attachment in reversed(attachments):
        leaves_something = record.completed(work, container_id, attachment)
        where = _recorded_namespace(attachment) if netns is None else netns
        runtime = work.runtime(attachment, container_id=container_id, netns=where)
        try:
            network.delete(attachment.network, runtime, work.executor, thorough=not leaves_something)
        except errors.CNIError as error:
            located = error.prefixed(f"[{subject}:{attachment.name}]: {attachment.ifname}: ")
            work.log.error(f"DEL: {located}")
            failures.append(Failure(attachment=attachment, error=located, leaves_something=leaves_something))
            if leaves_something:
                continue
        devinfo.forget(work, attachment)
    return tuple(failures)


def _recorded_namespace(attachment: Attachment) -> str:
    """Return where an attachment was made; "" for the namespace of a process, which may be another pod's by now."""
    return "" if attachment.netns.startswith("/proc/") else attachment.netns


def combined(failures: Iterable[errors.CNIError]) -> errors.CNIError:
    """Return one error for several; their code if they agree, as the original's text (cni-behaviour 15.1.3)."""
    several = tuple(failures)
    codes = {error.code for error in several}
    text = " / ".join(str(error) for error in several)
    return errors.CNIError(codes.pop() if len(codes) == 1 else errors.INTERNAL, f"errors: {text}")


def _attach(work: Work, attachment: Attachment) -> Attached:
    devinfo.prepare(work, attachment)
    try:
        result = network.add(attachment.network, work.runtime(attachment), work.executor)
    except errors.CNIError as error:
        raise AttachError(work, attachment, _explained(work, attachment, error)) from error
    work.log.verbose(f"Add: {work.subject}:{attachment.name}({attachment.network.name}):{attachment.ifname}")
    return Attached(attachment=attachment, result=result, device_info=devinfo.info(attachment))


def _explained(work: Work, attachment: Attachment, error: errors.CNIError) -> errors.CNIError:
    """Add which master interface the node lacks, if that is so: "Link not found" is all that some plugins say."""
    for plugin in attachment.network.plugins:
        master = plugin.raw.get("master")
        if isinstance(master, str) and master and not plugin.raw.get("linkInContainer") and _is_missing(work, master):
            problem = f'{error.msg}: the node has no interface "{master}", the master of network "{attachment.name}"'
            return errors.CNIError(error.code, problem, error.details)
    return error


def _is_missing(work: Work, ifname: str) -> bool:
    try:
        return not work.ports.node.first_interface(_NODE, [ifname])
    except node_errors.NodeError:
        return False
