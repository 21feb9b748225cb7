"""An embedded Kubernetes API server: good enough for real clients, and able to misbehave on purpose.

    with APIServer() as server:
        server.create({"apiVersion": "v1", "kind": "Pod", "metadata": {"name": "pod1"}})
        server.kubeconfig(path)

It serves pods (with `status`), events, namespaces, NetworkAttachmentDefinitions, reviews of what one may do, and of
dynamic resource allocation claims (with `status`) and slices. Where it is less than a real one: no controllers, no
admission, no RBAC but `deny`, no schema checks of specs and statuses, no finalizers or grace periods (DELETE removes at
once), no bookmarks but those of `send_bookmarks`, no server-side apply, no protobuf.
"""

from __future__ import annotations

import secrets
import socket
from collections.abc import Callable, Iterable, Mapping
from copy import deepcopy
from pathlib import Path
from types import TracebackType
from typing import Literal, Self, TypeAlias

from multus_py.lab import kinds, kubeconfig
from multus_py.lab.api import Api
from multus_py.lab.certs import Authority
from multus_py.lab.faults import Fault
from multus_py.lab.httpd import HttpServer, Request
from multus_py.lab.kubeconfig import Access, Form
from multus_py.lab.objects import Object, text
from multus_py.lab.store import Key, Selection, Store

LOOPBACK = ("127.0.0.1", "::1", "localhost")

Login: TypeAlias = Literal["token", "certificate", "none"]
"""What a kubeconfig's user brings to prove who it is."""


class APIServer:
    """The server: a context manager that serves from entry to exit, once."""

    def __init__(
        self,
        *,
        listen: socket.socket | None = None,
        names: Iterable[str] = LOOPBACK,
        authority: Authority | None = None,
        tokens: Mapping[str, str] | None = None,
        tls: bool = True,
        store: Store | None = None,
    ) -> None:
        """Prepare a server.

        Args:
            listen: A socket that listens already, perhaps in another network namespace; the server closes it. By
                default a new one on loopback, on a free port.
            names: The addresses and host names that the server's certificate is for.
            authority: Who issues the certificates; by default a new one.
            tokens: Bearer tokens and whom they are for; by default one random token, for the user `lab`.
            tls: Whether to speak HTTPS.
            store: The objects; by default none but the namespaces `default` and `kube-system`.
        """
        self.authority = authority or Authority()
        self._tokens = dict(tokens) if tokens is not None else {secrets.token_urlsafe(): "lab"}
        self.store = store or Store()
        context = self.authority.server_context(tuple(names)) if tls else None
        listener = listen or socket.create_server(("127.0.0.1", 0))
        host, port = listener.getsockname()[:2]
        host = f"[{host}]" if ":" in host else host
        self.url = f"{'https' if tls else 'http'}://{host}:{port}"
        self._api = Api(self.store)
        self._http = HttpServer(listener, tls=context, api=self._api, tokens=self._tokens)

    def __enter__(self) -> Self:
        """Start serving."""
        self._http.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        """Stop serving: close the socket, end all connections, join all threads."""
        self._http.stopping.set()
        self.store.interrupt_watches()
        self._http.stop()

    @property
    def tokens(self) -> dict[str, str]:
        """Bearer tokens and whom they are for. Change it in place, at any time."""
        return self._tokens

    @property
    def requests(self) -> tuple[Request, ...]:
        """Return every request so far, in the order of arrival."""
        return self._http.log.read()

    def forget_requests(self) -> None:
        """Empty the request log."""
        self._http.log.clear()

    def wait_for_requests(self, wanted: Callable[[Request], bool], *, times: int = 1, timeout: float = 10) -> None:
        """Return as soon as the log has `times` requests that are as wanted.

        Raises:
            TimeoutError: When it did not come to that.
        """
        if not self._http.log.wait_for(wanted, times=times, timeout=timeout):
            seen = "\n".join(f"  {request.method} {request.path}" for request in self.requests)
            raise TimeoutError(f"no {times} such requests in {timeout} s; there were:\n{seen}")

    def inject(self, *faults: Fault) -> None:
        """Put further fault rules behind those in force."""
        self._http.faults.add(*faults)

    def deny(self, verb: str, resource: str) -> None:
        """Deny a verb on a resource to everybody, both as kubectl calls them: `patch`, `pods/status`."""
        self._api.permissions.deny(verb, resource)

    def set_clock(self, *, ahead: float) -> None:
        """Tell a time in answers that is so many seconds ahead of the machine's."""
        self._http.ahead = ahead

    def heal(self) -> None:
        """Drop all fault rules."""
        self._http.faults.clear()

    def drop_connections(self) -> None:
        """End every connection that is open now, watches included."""
        self._http.drop_connections()
        self.store.interrupt_watches()

    def end_watches(self) -> None:
        """End every watch that is running now, properly, as a server does after some minutes."""
        self.store.interrupt_watches()

    def forget_history(self) -> None:
        """Compact: watches from any older version, and lists half read, are answered 410 from now on."""
        self.store.forget_history()
        self._api.forget_pages()

    def send_bookmarks(self) -> None:
        """Send a bookmark to every watch that is running now and wants them, as a server does every minute."""
        self.store.send_bookmarks()

    def create(self, obj: Object) -> Object:
        """Create an object, with its status if it has one, and return it as stored.

        The namespace is the object's own, else `default`; it is created too when it does not exist.

        Raises:
            ApiError: When the object is not acceptable or exists already.
            KeyError: When the server does not serve its kind.
        """
        kind = kinds.of(obj)
        namespace = (text(obj, "metadata", "namespace") or "default") if kind.namespaced else ""
        if namespace:
            self.store.ensure_namespace(namespace)
        return deepcopy(self.store.create(kind, namespace, obj))

    def get(self, resource: str, name: str, namespace: str = "default") -> Object:
        """Return one object; `resource` is a plural, singular or short name, such as `pod` or `nad`.

        Raises:
            ApiError: When there is no such object.
            KeyError: When the server does not serve such a resource.
        """
        return deepcopy(self.store.get(_key(resource, name, namespace)))

    def list(self, resource: str, namespace: str = "") -> list[Object]:
        """Return all objects of a namespace, or of all namespaces.

        Raises:
            KeyError: When the server does not serve such a resource.
        """
        items, _ = self.store.select(Selection(kinds.named(resource), namespace))
        return deepcopy(items)

    def edit(
        self,
        resource: str,
        name: str,
        change: Callable[[Object], None],
        *,
        namespace: str = "default",
        subresource: str = "",
    ) -> Object:
        """Change an object in place, in one step, as another client would, and return it as stored.

        Raises:
            ApiError: When there is no such object, or the change is not acceptable.
            KeyError: When the server does not serve such a resource.
        """

        def edited(old: Object) -> Object:
            made = deepcopy(old)
            change(made)
            return made

        return deepcopy(self.store.change(_key(resource, name, namespace), edited, subresource=subresource))

    def delete(self, resource: str, name: str, namespace: str = "default") -> None:
        """Remove an object.

        Raises:
            ApiError: When there is no such object.
            KeyError: When the server does not serve such a resource.
        """
        self.store.delete(_key(resource, name, namespace))

    def kubeconfig(
        self,
        path: Path,
        *,
        login: Login = "token",
        user: str = "lab",
        form: Form = "inline",
        insecure: bool = False,
        yaml: bool = False,
    ) -> Path:
        """Write a kubeconfig for this server to `path`, and return the path.

        Args:
            path: Where to write it. With the form `file` the files that it names stand beside it.
            login: The first token of the user, a new client certificate for the user, or nothing.
            user: Who logs in; with `token` there has to be a token for this user.
            form: Whether certificates and tokens stand in the kubeconfig or in files that it names.
            insecure: Whether to skip verification of the server instead of naming its authority.
            yaml: Whether to write YAML rather than JSON.

        Raises:
            LookupError: When `login` is `token` and there is no token for `user`.
        """
        access = Access(
            self.url,
            authority=b"" if insecure or self.url.startswith("http:") else self.authority.pem,
            insecure=insecure,
            token=self.token(user) if login == "token" else "",
            client=self.authority.client(user) if login == "certificate" else None,
        )
        return kubeconfig.write(path, access, form=form, yaml=yaml)

    def service_account(self, directory: Path, *, user: str = "lab", namespace: str = "kube-system") -> None:
        """Write the files that a pod finds at its service account's mount."""
        kubeconfig.write_service_account(
            directory, authority=self.authority.pem, token=self.token(user), namespace=namespace
        )

    def token(self, user: str = "lab") -> str:
        """Return the first token of a user.

        Raises:
            LookupError: When there is none.
        """
        for token, owner in self.tokens.items():
            if owner == user:
                return token
        raise LookupError(f"no token for {user}")


def _key(resource: str, name: str, namespace: str) -> Key:
    kind = kinds.named(resource)
    return Key(kind, namespace if kind.namespaced else "", name)
