"""The schemas: what they refuse and in which words, and that they accept what the plugin's own parser accepts."""

from __future__ import annotations

import json
from pathlib import Path
from typing import TYPE_CHECKING

import jsonschema
import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from multus_py.attach import settings as attach_settings
from multus_py.cni.errors import CNIError
from multus_py.hostconfig import dialect, validation

if TYPE_CHECKING:
    from typing import TypeAlias

    from multus_py.base.jsontext import JSONObject, JSONValue

    Values: TypeAlias = st.SearchStrategy[JSONValue]

SCHEMAS = Path(validation.__file__).parent.parent / "schemas"
PLUGIN: JSONObject = {"name": "n", "type": "bridge"}

MESSAGES: dict[str, tuple[str, JSONValue, tuple[str, ...]]] = {
    "no object": ("primary", [], ("expected an object, found an array",)),
    "neither plugin nor list": ("primary", {"name": "n"}, ("plugins: is missing",)),
    "no name": ("primary", {"type": "bridge"}, ("name: is missing",)),
    "a name that is a path": (
        "primary",
        PLUGIN | {"name": "../n"},
        ('name: expected a name of letters, digits, and _ . - within it, found "../n"',),
    ),
    "no version": (
        "primary",
        PLUGIN | {"cniVersion": "1.x"},
        ('cniVersion: expected a CNI version such as 1.0.0, found "1.x"',),
    ),
    "no plugins": (
        "primary",
        {"name": "n", "plugins": []},
        ("plugins: expected at least one element, found an array",),
    ),
    "several things": (
        "primary",
        {"name": "n", "plugins": [{"type": "a", "capabilities": {"mac": 1}}, {"ipam": 5}]},
        (
            "plugins[0].capabilities.mac: expected true or false or null, found 1",
            "plugins[1].ipam: expected an object, found 5",
            "plugins[1].type: is missing",
        ),
    ),
    "no delegates": ("multus-conf", {}, ("delegates: is missing",)),
    "a delegate's plugin": (
        "multus-conf",
        {"delegates": [PLUGIN | {"dns": {"search": [None]}}]},
        ("delegates[0].dns.search[0]: expected a string, found null",),
    ),
    "a key in another case": (
        "multus-conf",
        {"ClusterNetwork": "n", "LOGFILE": 1},
        ("logFile: expected a string, found 1",),
    ),
    "a number with a point": (
        "multus-conf",
        {"clusterNetwork": "n", "logOptions": {"maxAge": 1.0}},
        ("logOptions.maxAge: expected an integer, found 1.0",),
    ),
    "too much time": (
        "multus-conf",
        {"clusterNetwork": "n", "apiTimeout": 1e6},
        ("apiTimeout: expected at most 86400, found 1000000.0",),
    ),
    "a port in quotes": (
        "daemon-config",
        {"metricsPort": "9091"},
        ('metricsPort: expected an integer, found "9091"',),
    ),
    "a level that is none": (
        "daemon-config",
        {"logLevel": "loud"},
        ('logLevel: expected one of panic, error, verbose, debug, found "loud"',),
    ),
}


@pytest.mark.parametrize(("name", "document", "messages"), MESSAGES.values(), ids=list(MESSAGES))
def test_a_message_says_where_what_was_expected_and_what_was_found(
    name: str, document: JSONValue, messages: tuple[str, ...]
) -> None:
    assert validation.problems(document, name) == messages


@pytest.mark.parametrize("name", dialect.names())
def test_the_schemas_are_schemas(name: str) -> None:
    jsonschema.Draft202012Validator.check_schema(json.loads((SCHEMAS / f"{name}.schema.json").read_text()))


def test_the_originals_daemon_config_is_accepted() -> None:
    """The one of its deployments (multus-behaviour 7.6), and every other key that its documentation has."""
    document: JSONObject = {
        "chrootDir": "/hostroot",
        "cniVersion": "0.3.1",
        "logLevel": "verbose",
        "logToStderr": True,
        "cniConfigDir": "/host/etc/cni/net.d",
        "multusAutoconfigDir": "/host/etc/cni/net.d",
        "multusConfigFile": "auto",
        "socketDir": "/host/run/multus/",
        "metricsPort": 9091,
        "connectionLimit": 100,
        "perNodeCertificate": {"enabled": True, "certDuration": "10m"},
    }
    assert validation.problems(document, "daemon-config") == ()
    assert set(document) <= validation.known_keys()


def parser_accepts(document: JSONObject) -> bool:
    try:
        attach_settings.parse(json.dumps(document).encode())
    except CNIError:
        return False
    return True


anything = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False, allow_infinity=False) | st.text(max_size=3),
    lambda inner: st.lists(inner, max_size=2) | st.dictionaries(st.text(max_size=3), inner, max_size=2),
    max_leaves=4,
)


def arrays(items: Values) -> Values:
    return st.lists(items | st.none(), max_size=2)


texts: Values = st.sampled_from(["", "a", "1.0.0", "0.4.0", "1.x", "1.0.0\n", "1.2.3.4", "TRUE", "false\n", "/x"])
lists = arrays(texts)
capabilities: st.SearchStrategy[JSONObject] = st.dictionaries(
    st.sampled_from(["mac", "MAC", "ips"]), st.booleans() | st.none() | st.just(1), max_size=2
)
KINDS: dict[str, Values] = {
    **dict.fromkeys(
        ["cniVersion", "name", "type", "clusterNetwork", "kubeconfig", "confDir", "cniDir", "binDir"], texts
    ),
    **dict.fromkeys(["logFile", "logLevel", "readinessindicatorfile", "globalNamespaces", "multusNamespace"], texts),
    "auxiliaryCNIChainName": texts,
    **dict.fromkeys(["logToStderr", "namespaceIsolation", "parallelAttachments"], st.booleans()),
    **dict.fromkeys(["legacyNetworkStatus", "retryDeleteOnError"], st.booleans()),
    "missingDevice": st.sampled_from(["", "error", "ignore", "Ignore", "ignored"]),
    **dict.fromkeys(["defaultNetworks", "systemNamespaces", "cniVersions"], lists),
    **dict.fromkeys(["apiTimeout", "delegateTimeout"], st.sampled_from([0, 1.5, 86400, 86401, -1, 10**400])),
    **dict.fromkeys(["disableCheck", "disableGC", "loadOnlyInlinedPlugins"], texts | st.booleans()),
    "capabilities": capabilities,
    "runtimeConfig": st.just({}),
    "prevResult": st.just({}),
}


@st.composite
def objects(draw: st.DrawFn, keys: dict[str, Values]) -> JSONObject:
    """An object with some of the keys, most of them as they should be; some spelt otherwise, null, or of any kind."""
    result: JSONObject = {}
    for key in draw(st.lists(st.sampled_from(sorted(keys)), unique=True, max_size=5)):
        spelt = draw(st.sampled_from([key, key, key, key.lower(), key.upper()]))
        result[spelt] = draw(st.one_of(keys[key], keys[key], keys[key], st.none(), anything))
    return result


def kinds(*names: str) -> dict[str, Values]:
    return {name: KINDS[name] for name in names}


attachments = arrays(objects({"containerID": texts, "ifname": texts}))
dns = objects({"domain": texts, **dict.fromkeys(["nameservers", "search", "options"], lists)})
plugins = objects(
    {
        **kinds("type", "name", "cniVersion", "capabilities", "prevResult"),
        "ipam": objects(kinds("type")),
        "dns": dns,
        "cni.dev/valid-attachments": attachments,
    }
)
typed: st.SearchStrategy[JSONObject] = plugins.map(lambda plugin: {"type": "a"} | plugin)
networks: st.SearchStrategy[JSONObject] = st.one_of(
    typed,
    plugins,
    objects(
        {
            **kinds("name", "cniVersion", "cniVersions", "disableCheck", "disableGC", "loadOnlyInlinedPlugins"),
            "plugins": arrays(typed | plugins),
        }
    ).map(lambda network: {"name": "n", "plugins": [{"type": "a"}]} | network),
)
multus = objects(
    {
        **{key: kind for key, kind in KINDS.items() if key not in ("type", "cniVersions", "prevResult")},
        "logOptions": objects(
            {
                **dict.fromkeys(["maxAge", "maxSize", "maxBackups"], st.integers() | st.just(1.0)),
                "compress": st.booleans(),
            }
        ),
        "delegates": arrays(networks),
        "cni.dev/valid-attachments": attachments,
        "cni.dev/attachments": attachments,
    }
)


@settings(max_examples=400)
@example({"delegates": [{"type": "", "name": "n", "plugins": [{"type": "a"}]}]})
@example({"delegates": [{"Type": "a", "plugins": 5}]})
@example({"delegates": [{"name": "n", "Plugins": [{"type": "a"}]}]})
@example({"delegates": [{"name": None, "plugins": [{"type": "a"}]}]})
@example({"delegates": [{"name": "n", "cniVersions": ["1.0.0"], "cniVersion": "x", "plugins": [{"type": "a"}]}]})
@example({"clusterNetwork": "a", "ClusterNetwork": None, "delegates": 5})
@example({"clusterNetwork": None, "ClusterNetwork": "a"})
@example({"clusterNetwork": "a", "cni.dev/valid-attachments": [], "cni.dev/attachments": 5})
@given(multus | st.tuples(multus, networks).map(lambda pair: {"delegates": [pair[1]]} | pair[0]))
def test_the_schema_accepts_what_the_plugins_parser_accepts_and_nothing_else(document: JSONObject) -> None:
    problems = validation.problems(document, "multus-conf")
    assert parser_accepts(document) == (not problems), problems


@given(st.dictionaries(st.text(max_size=5), anything, max_size=3) | anything)
def test_any_json_is_judged(document: JSONValue) -> None:
    for name in dialect.names():
        assert isinstance(validation.problems(document, name), tuple)
