from __future__ import annotations

import json
from typing import TYPE_CHECKING

import hypothesis
import pytest
from hypothesis import strategies

from multus_py.base import jsontext
from multus_py.cni import conf, errors, versions

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from multus_py.base.jsontext import JSONObject, JSONValue

LIST = "error parsing configuration list: "
SINGLE = "error parsing configuration: "
NO_NUMBER = 'strconv.Atoi: parsing "x": invalid syntax'


def _raw(document: JSONValue) -> bytes:
    return json.dumps(document).encode()


def _list(**changes: JSONValue) -> bytes:
    return _raw({"cniVersion": "1.0.0", "name": "net", "plugins": [{"type": "bridge"}], **changes})


def _refused(read: Callable[[bytes], conf.Network], raw: bytes) -> tuple[int, str]:
    with pytest.raises(conf.ConfError) as caught:
        read(raw)
    return caught.value.code, caught.value.msg


# -------------------------------------------------------------------------------------------------------------- lists


def test_a_list_is_read() -> None:
    raw = _raw(
        {
            "cniVersion": "0.4.0",
            "name": "net",
            "disableCheck": True,
            "plugins": [
                {"type": "bridge", "name": "own", "capabilities": {"ips": True, "mac": False, "dns": None}, "x": [1]},
                {"type": "tuning"},
            ],
        }
    )

    assert conf.parse(raw) == conf.Network(
        name="net",
        version="0.4.0",
        plugins=(
            conf.Plugin(
                type="bridge",
                name="own",
                raw={
                    "type": "bridge",
                    "name": "own",
                    "capabilities": {"ips": True, "mac": False, "dns": None},
                    "x": [1],
                },
                capabilities=frozenset({"ips"}),
            ),
            conf.Plugin(type="tuning", raw={"type": "tuning"}),
        ),
        raw=raw,
        disable_check=True,
    )


def test_a_list_may_have_no_version_and_an_empty_name() -> None:
    network = conf.parse_list(_raw({"name": "", "plugins": [{"type": "a"}]}))

    assert (network.name, network.version, network.single) == ("", "", False)


@pytest.mark.parametrize("key", ["NAME", "Name"])
def test_the_keys_of_a_list_are_exact(key: str) -> None:
    assert _refused(conf.parse_list, _raw({key: "net", "plugins": [{"type": "a"}]})) == (7, f"{LIST}no name")


def test_without_plugins_there_are_none_yet() -> None:
    assert conf.parse_list(_raw({"name": "net"})).plugins == ()


BAD_LISTS: dict[str, tuple[bytes, int, str]] = {
    "not JSON": (b"nope", 6, f"{LIST}Expecting value at line 1, column 1"),
    "nothing": (b"", 6, f"{LIST}unexpected end of JSON input"),
    "an array": (b"[]", 6, f"{LIST}expected a JSON object, found an array"),
    "null": (b"null", 7, f"{LIST}no name"),
    "no name": (_raw({"plugins": []}), 7, f"{LIST}no name"),
    "a number for a name": (_list(name=1), 7, f"{LIST}invalid name type float64"),
    "null for a name": (_list(name=None), 7, f"{LIST}invalid name type <nil>"),
    "an object for a name": (_list(name={}), 7, f"{LIST}invalid name type map[string]interface {{}}"),
    "a number for a version": (_list(cniVersion=1.0), 7, f"{LIST}invalid cniVersion type float64"),
    "a boolean for a version": (_list(cniVersion=True), 7, f"{LIST}invalid cniVersion type bool"),
    "a string for versions": (_list(cniVersions="1.0.0"), 7, f"{LIST}invalid type for cniVersions: string"),
    "null for versions": (_list(cniVersions=None), 7, f"{LIST}invalid type for cniVersions: <nil>"),
    "a number among versions": (
        _list(cniVersions=["1.0.0", 1]),
        7,
        f"{LIST}invalid type for cniVersions index 1: float64",
    ),
    "no version among versions": (
        _list(cniVersions=["1.0.0", "x"]),
        7,
        f'{LIST}invalid cniVersions entry x at index 1: failed to convert major version part "x": {NO_NUMBER}',
    ),
    "no version beside versions": (
        _list(cniVersion="1.2.3.4", cniVersions=["1.0.0"]),
        7,
        f'{LIST}invalid cniVersion 1.2.3.4: invalid version "1.2.3.4": too many parts',
    ),
    "a switch that is neither": (_list(disableCheck="Yes"), 7, f'{LIST}invalid value "yes" for disableCheck'),
    "a number for a switch": (_list(disableGC=1), 7, f"{LIST}invalid type float64 for disableGC"),
    "null for a switch": (
        _list(loadOnlyInlinedPlugins=None),
        7,
        f"{LIST}invalid type <nil> for loadOnlyInlinedPlugins",
    ),
    "only inlined plugins, and none": (
        _raw({"name": "net", "loadOnlyInlinedPlugins": True}),
        7,
        f"{LIST}`loadOnlyInlinedPlugins` is true, and no 'plugins' key",
    ),
    "an object for plugins": (_list(plugins={}), 7, f"{LIST}invalid 'plugins' type map[string]interface {{}}"),
    "null for plugins": (_list(plugins=None), 7, f"{LIST}invalid 'plugins' type <nil>"),
    "an empty list of plugins": (_list(plugins=[]), 7, f"{LIST}no plugins in list"),
    "a plugin without a type": (
        _list(plugins=[{"type": "a"}, {}]),
        7,
        f"failed to parse plugin config 1: {SINGLE}missing 'type'",
    ),
    "null for a plugin": (_list(plugins=[None]), 7, f"failed to parse plugin config 0: {SINGLE}missing 'type'"),
    "a string for a plugin": (
        _list(plugins=["bridge"]),
        6,
        f"failed to parse plugin config 0: {SINGLE}expected an object, found a string",
    ),
    "a plugin with a wrong field": (
        _list(plugins=[{"type": "a", "capabilities": {"mac": "yes"}}]),
        6,
        f'failed to parse plugin config 0: {SINGLE}capabilities.mac: expected true or false, found "yes"',
    ),
}


@pytest.mark.parametrize(("raw", "code", "message"), BAD_LISTS.values(), ids=BAD_LISTS)
def test_a_bad_list_is_refused_in_libcni_s_words(raw: bytes, code: int, message: str) -> None:
    assert _refused(conf.parse_list, raw) == (code, message)


SWITCHES: dict[str, tuple[JSONValue, bool]] = {
    "true": (True, True),
    "false": (False, False),
    "text true": ("True", True),
    "text false": ("FALSE", False),
}


@pytest.mark.parametrize(("given", "expected"), SWITCHES.values(), ids=SWITCHES)
def test_switches_may_be_text(given: JSONValue, *, expected: bool) -> None:
    network = conf.parse_list(_list(disableCheck=given, disableGC=given, loadOnlyInlinedPlugins=given))

    assert (network.disable_check, network.disable_gc, network.only_inlined) == (expected,) * 3


CHOSEN: dict[str, tuple[JSONObject, str]] = {
    "one": ({"cniVersion": "0.4.0"}, "0.4.0"),
    "one that nobody knows": ({"cniVersion": "9.9.9"}, "9.9.9"),
    "one that is none": ({"cniVersion": "x"}, "x"),
    "none": ({}, ""),
    "the highest of several": ({"cniVersions": ["0.4.0", "1.0.0", "0.3.1"]}, "1.0.0"),
    "not one that is too new": ({"cniVersions": ["1.0.0", "1.2.0"]}, "1.0.0"),
    "by number": ({"cniVersions": ["0.4.0", "0.10.0"]}, "0.10.0"),
    "the single one is a candidate too": ({"cniVersion": "1.1.0", "cniVersions": ["0.4.0"]}, "1.1.0"),
    "the single one is too new": ({"cniVersion": "2.0.0", "cniVersions": ["0.4.0"]}, "0.4.0"),
    "all are too new": ({"cniVersion": "2.0.0", "cniVersions": ["3.0.0"]}, "2.0.0"),
    "an empty list": ({"cniVersion": "0.4.0", "cniVersions": []}, "0.4.0"),
    "nothing but an empty list": ({"cniVersions": []}, ""),
}


@pytest.mark.parametrize(("keys", "expected"), CHOSEN.values(), ids=CHOSEN)
def test_the_newest_version_that_both_know_is_chosen(keys: JSONObject, expected: str) -> None:
    raw = _raw({"name": "net", "plugins": [{"type": "a"}], **keys})

    assert conf.parse_list(raw).version == expected


# ------------------------------------------------------------------------------------------------------------- single


@pytest.mark.parametrize("version", versions.SUPPORTED)
def test_a_single_plugin_is_read(version: str) -> None:
    raw = _raw({"cniVersion": version, "name": "net", "type": "bridge", "capabilities": {"ips": True}})

    network = conf.parse(raw)

    assert (network.name, network.version, network.single, network.raw) == ("net", version, True, raw)
    assert network.plugins == (
        conf.Plugin(type="bridge", name="net", raw=json.loads(raw), capabilities=frozenset({"ips"})),
    )


def test_the_keys_of_a_plugin_are_read_without_regard_to_case() -> None:
    network = conf.parse(b'{"CNIVersion": "1.0.0", "NAME": "net", "Type": "bridge"}')

    assert (network.name, network.version, network.plugins[0].type) == ("net", "1.0.0", "bridge")


def test_a_plugin_with_a_type_is_no_list_even_if_it_has_plugins() -> None:
    assert conf.parse(_list(type="multus")).single


@pytest.mark.parametrize("type", ["", None])
def test_an_empty_type_is_none(type: str | None) -> None:
    assert not conf.parse(_list(type=type)).single


def test_the_fields_that_are_looked_at_are_carried_along_too() -> None:
    document: JSONObject = {
        "type": "a",
        "ipam": {"type": "host-local", "subnet": "192.0.2.0/24"},
        "dns": {"nameservers": ["192.0.2.53"], "domain": "example.org", "search": [], "options": None},
        "prevResult": {"cniVersion": "1.0.0"},
        "cni.dev/valid-attachments": [{"containerID": "abc", "ifname": "eth0"}],
    }

    assert conf.parse(_raw(document)).plugins[0].raw == document


def test_numbers_stay_exact_and_unknown_keys_are_kept() -> None:
    raw = b'{"type":"a","big":12345678901234567890,"args":{"cni":{"x":[null,{"y":1}]}}}'

    assert conf.parse(raw).plugins[0].raw == json.loads(raw)


BAD_PLUGINS: dict[str, tuple[bytes, int, str]] = {
    "not JSON": (b'{"type":', 6, "Expecting value at the end of the text"),
    "an array": (b"[]", 6, "expected a JSON object, found an array"),
    "no type": (_raw({"name": "net"}), 7, "missing 'type'"),
    "an empty type": (_raw({"type": ""}), 7, "missing 'type'"),
    "a number for a type": (_raw({"type": 1}), 6, "type: expected a string, found 1"),
    "a number for a name": (_raw({"type": "a", "name": 1}), 6, "name: expected a string, found 1"),
    "a number for a version": (_raw({"type": "a", "cniVersion": 1}), 6, "cniVersion: expected a string, found 1"),
    "an array for capabilities": (
        _raw({"type": "a", "capabilities": ["ips"]}),
        6,
        "capabilities: expected an object, found an array",
    ),
    "a string for an ipam": (_raw({"type": "a", "ipam": "x"}), 6, 'ipam: expected an object, found "x"'),
    "a number for an ipam type": (_raw({"type": "a", "ipam": {"type": 1}}), 6, "ipam.type: expected a string, found 1"),
    "a string for a dns": (_raw({"type": "a", "dns": "x"}), 6, 'dns: expected an object, found "x"'),
    "a string for name servers": (
        _raw({"type": "a", "dns": {"nameservers": "x"}}),
        6,
        'dns.nameservers: expected an array, found "x"',
    ),
    "a number for a domain": (_raw({"type": "a", "dns": {"domain": 1}}), 6, "dns.domain: expected a string, found 1"),
    "an array for a previous result": (
        _raw({"type": "a", "prevResult": []}),
        6,
        "prevResult: expected an object, found an array",
    ),
    "a wrong valid attachment": (
        _raw({"type": "a", "cni.dev/valid-attachments": [{"containerID": 1}]}),
        6,
        "cni.dev/valid-attachments[0].containerID: expected a string, found 1",
    ),
}


@pytest.mark.parametrize(("raw", "code", "message"), BAD_PLUGINS.values(), ids=BAD_PLUGINS)
def test_a_bad_plugin_is_refused_with_the_field(raw: bytes, code: int, message: str) -> None:
    assert _refused(conf.parse_plugin, raw) == (code, SINGLE + message)


def test_what_is_neither_a_plugin_nor_a_list_is_refused() -> None:
    assert _refused(conf.parse, b'{"name":"net"}') == (7, "delegate must have the 'type' or 'plugin' field")
    assert _refused(conf.parse, b'{"type":1}') == (6, f"{SINGLE}type: expected a string, found 1")
    assert _refused(conf.parse, b"x") == (6, f"{SINGLE}Expecting value at line 1, column 1")


# -------------------------------------------------------------------------------------------------------------- files


def _write(directory: Path, files: dict[str, JSONValue]) -> None:
    for name, content in files.items():
        path = directory / name
        path.parent.mkdir(exist_ok=True)
        path.write_bytes(content.encode() if isinstance(content, str) else _raw(content))


def _load(path: Path) -> conf.Network:
    return conf.load(str(path))


def test_a_list_gets_the_plugins_of_its_directory_after_its_own(tmp_path: Path) -> None:
    _write(
        tmp_path,
        {
            "a.conflist": {"name": "net", "cniVersion": "1.0.0", "plugins": [{"type": "one"}]},
            "net/20.conf": {"type": "three", "name": "own", "cniVersion": "0.1.0"},
            "net/10.conf": {"type": "two"},
            "net/30.json": {"type": "not a .conf"},
            "net/40.conflist": "neither",
        },
    )
    (tmp_path / "net" / "50.conf").mkdir()

    network = _load(tmp_path / "a.conflist")

    assert [plugin.type for plugin in network.plugins] == ["one", "two", "three"]
    assert network.appended == 2


def test_appended_plugins_can_be_written_into_the_list(tmp_path: Path) -> None:
    _write(
        tmp_path,
        {
            "a.conflist": {"name": "net", "cniVersions": ["1.0.0"], "other": 1, "plugins": [{"type": "one", "x": 1}]},
            "net/10.conf": {"type": "two", "y": 2},
        },
    )
    network = _load(tmp_path / "a.conflist")

    again = conf.parse(network.effective_raw())

    assert again.plugins == network.plugins
    assert (again.name, again.version, again.only_inlined, again.appended) == ("net", "1.0.0", True, 0)
    assert json.loads(again.raw)["other"] == 1


def test_without_appended_plugins_the_document_is_the_original() -> None:
    raw = b'{ "name":"net", "plugins":[{"type":"a"}] }'

    assert conf.parse(raw).effective_raw() == raw


def test_a_list_of_its_directory_s_plugins_only(tmp_path: Path) -> None:
    _write(tmp_path, {"a.conflist": {"name": "net"}, "net/10.conf": {"type": "two"}})

    network = _load(tmp_path / "a.conflist")

    assert [plugin.type for plugin in network.plugins] == ["two"]
    assert [plugin.type for plugin in conf.parse(network.effective_raw()).plugins] == ["two"]


def test_a_list_may_refuse_the_plugins_of_its_directory(tmp_path: Path) -> None:
    _write(
        tmp_path,
        {
            "a.conflist": {"name": "net", "loadOnlyInlinedPlugins": True, "plugins": [{"type": "one"}]},
            "net/10.conf": "broken",
        },
    )

    assert len(_load(tmp_path / "a.conflist").plugins) == 1


@pytest.mark.parametrize("name", ["a.conf", "a.json", "a"])
def test_other_files_hold_one_plugin(tmp_path: Path, name: str) -> None:
    _write(tmp_path, {name: {"name": "net", "type": "one", "plugins": []}})

    assert _load(tmp_path / name).single


def test_a_plain_list_without_any_plugin_is_refused(tmp_path: Path) -> None:
    _write(tmp_path, {"a.conflist": {"name": "net"}})

    assert _refused(lambda _: _load(tmp_path / "a.conflist"), b"") == (7, "no plugin configs found")


@pytest.mark.parametrize("name", ["..", "a/b", "", "net\n", "/etc"])
def test_a_name_that_leads_elsewhere_is_refused(tmp_path: Path, name: str) -> None:
    _write(tmp_path, {"a.conflist": {"name": name, "plugins": [{"type": "one"}]}})

    assert _refused(lambda _: _load(tmp_path / "a.conflist"), b"") == (7, f"invalid network config name: {name}")


def test_a_broken_file_of_the_directory_is_named(tmp_path: Path) -> None:
    _write(tmp_path, {"a.conflist": {"name": "net"}, "net/10.conf": {"name": "x"}})

    assert _refused(lambda _: _load(tmp_path / "a.conflist"), b"") == (
        7,
        f"{tmp_path}/net/10.conf: {SINGLE}missing 'type'",
    )


def test_what_cannot_be_read_is_named(tmp_path: Path) -> None:
    (tmp_path / "d.conf").mkdir()
    (tmp_path / "net").touch()
    _write(tmp_path, {"a.conflist": {"name": "net"}})
    missing, directory = tmp_path / "x.conf", tmp_path / "d.conf"

    assert _refused(lambda _: _load(missing), b"") == (
        5,
        f"error reading {missing}: open {missing}: no such file or directory",
    )
    assert _refused(lambda _: _load(directory), b"")[1].endswith("is a directory")
    assert _refused(lambda _: conf.load("a\0b"), b"")[0] == 5
    assert _refused(lambda _: _load(tmp_path / "a.conflist"), b"") == (
        5,
        f"failed to read plugin config files in {tmp_path}/net: not a directory",
    )


def test_a_directory_that_does_not_exist_has_no_plugins(tmp_path: Path) -> None:
    assert conf.plugins_in(str(tmp_path / "net")) == ()


def test_a_directory_with_an_impossible_name_is_an_error() -> None:
    with pytest.raises(conf.ConfError, match="failed to read plugin config files"):
        conf.plugins_in("a\0b")


# -------------------------------------------------------------------------------------------------- looked up by name


def test_lists_come_before_single_plugins_whatever_their_names(tmp_path: Path) -> None:
    _write(
        tmp_path,
        {
            "00.conf": {"name": "net", "type": "single"},
            "10.conflist": {"name": "other", "plugins": [{"type": "a"}]},
            "20.conflist": {"name": "net", "plugins": [{"type": "list"}]},
            "30.conflist": "broken, but nobody comes here",
        },
    )

    assert conf.find(str(tmp_path), "net").plugins[0].type == "list"


def test_conf_and_json_files_are_looked_at_in_one_order_and_become_lists(tmp_path: Path) -> None:
    _write(
        tmp_path,
        {
            "10.conf": {"name": "other", "type": "a"},
            "20.json": {"name": "net", "type": "b", "cniVersion": "0.4.0", "x": 1},
            "30.conf": {"name": "net", "type": "c"},
        },
    )

    network = conf.find(str(tmp_path), "net")

    assert (network.plugins[0].type, network.single, network.version) == ("b", False, "0.4.0")
    assert conf.parse(network.raw) == network


def test_a_list_found_by_name_has_the_plugins_of_its_directory(tmp_path: Path) -> None:
    _write(tmp_path, {"10.conflist": {"name": "net"}, "net/10.conf": {"type": "two"}})

    assert conf.find(str(tmp_path), "net").appended == 1


def test_a_broken_file_before_the_match_is_an_error(tmp_path: Path) -> None:
    _write(tmp_path, {"10.conf": "{", "20.conf": {"name": "net", "type": "a"}})

    assert _refused(lambda _: conf.find(str(tmp_path), "net"), b"")[1].startswith(
        f"Error loading CNI config file {tmp_path}/10.conf: {SINGLE}"
    )


NOT_FOUND: dict[str, tuple[dict[str, JSONValue], str]] = {
    "no files": ({}, "no net configurations found in {}"),
    "files of another kind": ({"a.txt": {}, "b.yaml": {}}, "no net configurations found in {}"),
    "only lists": (
        {"a.conflist": {"name": "x", "plugins": [{"type": "a"}]}},
        'no net configuration with name "net" in {}',
    ),
    "only plugins": ({"a.conf": {"name": "x", "type": "a"}}, 'no net configuration with name "net" in {}'),
}


@pytest.mark.parametrize(("files", "message"), NOT_FOUND.values(), ids=NOT_FOUND)
def test_what_is_not_there_is_an_error_of_its_own(tmp_path: Path, files: dict[str, JSONValue], message: str) -> None:
    _write(tmp_path, files)

    with pytest.raises(conf.NotFoundError) as caught:
        conf.find(str(tmp_path), "net")

    assert caught.value.msg == message.format(tmp_path)


def test_a_missing_directory_has_no_configurations(tmp_path: Path) -> None:
    with pytest.raises(conf.NotFoundError, match="no net configurations found in"):
        conf.find(str(tmp_path / "d"), "net")


def test_a_directory_that_cannot_be_listed_is_an_error(tmp_path: Path) -> None:
    (tmp_path / "f").touch()

    assert _refused(lambda _: conf.find(str(tmp_path / "f"), "net"), b"") == (5, f"open {tmp_path}/f: not a directory")


# ---------------------------------------------------------------------------------------------------------- any input

SCALAR = strategies.none() | strategies.booleans() | strategies.integers() | strategies.text() | strategies.floats()
KEYS = (
    "cniVersion cniVersions name NAME type plugins capabilities ipam dns nameservers prevResult disableCheck "
    "loadOnlyInlinedPlugins cni.dev/valid-attachments containerID x"
)
KEY = strategies.sampled_from(KEYS.split())
ANY = strategies.recursive(
    SCALAR, lambda inner: strategies.lists(inner, max_size=3) | strategies.dictionaries(KEY, inner, max_size=4)
)


@hypothesis.given(strategies.binary() | ANY.map(lambda value: json.dumps(value).encode()))
@hypothesis.example(b'{"type":"a","x":' + b"[" * 500 + b"]" * 500 + b"}")
def test_any_input_is_a_network_or_a_cni_error(raw: bytes) -> None:
    for read in (conf.parse, conf.parse_list, conf.parse_plugin):
        try:
            network = read(raw)
        except errors.CNIError as error:
            jsontext.dumps(error.document())
        else:
            assert network.raw == raw
            assert all(plugin.type for plugin in network.plugins)
