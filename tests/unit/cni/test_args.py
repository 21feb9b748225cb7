from __future__ import annotations

import unicodedata

import hypothesis
import pytest
from hypothesis import strategies

from multus_py.cni import args, errors

FULL = {
    b"CNI_COMMAND": b"ADD",
    b"CNI_CONTAINERID": b"abc",
    b"CNI_NETNS": b"/var/run/netns/x",
    b"CNI_IFNAME": b"eth0",
    b"CNI_ARGS": b"K=V",
    b"CNI_PATH": b"/opt/cni/bin:/usr/lib/cni",
}


def _error(environ: dict[bytes, bytes]) -> errors.CNIError:
    with pytest.raises(errors.CNIError) as caught:
        args.call_from_environ(environ)
    return caught.value


def test_all_variables_are_read() -> None:
    assert args.call_from_environ(FULL) == args.Call(
        command="ADD",
        container_id="abc",
        netns="/var/run/netns/x",
        ifname="eth0",
        args="K=V",
        path=("/opt/cni/bin", "/usr/lib/cni"),
        netns_override=False,
    )


REQUIRED = {
    "ADD": "CNI_CONTAINERID,CNI_NETNS,CNI_IFNAME,CNI_PATH",
    "CHECK": "CNI_CONTAINERID,CNI_NETNS,CNI_IFNAME,CNI_PATH",
    "DEL": "CNI_CONTAINERID,CNI_IFNAME,CNI_PATH",
    "GC": "CNI_PATH",
    "STATUS": "CNI_PATH",
    "": "CNI_COMMAND",
}


@pytest.mark.parametrize(("command", "names"), REQUIRED.items(), ids=REQUIRED)
def test_all_missing_variables_are_named_together(command: str, names: str) -> None:
    error = _error({b"CNI_COMMAND": command.encode(), b"CNI_PATH": b"", b"CNI_IFNAME": b""})

    assert (error.code, error.msg, error.details) == (4, f"required env variables [{names}] missing", "")


@pytest.mark.parametrize("command", ["VERSION", "add", "UNKNOWN"])
def test_other_commands_require_nothing_else(command: str) -> None:
    assert args.call_from_environ({b"CNI_COMMAND": command.encode()}) == args.Call(command=command)


@pytest.mark.parametrize("command", REQUIRED)
@pytest.mark.parametrize("name", [b"CNI_CONTAINERID", b"CNI_NETNS", b"CNI_IFNAME", b"CNI_PATH"])
def test_each_variable_is_required_where_the_table_says(command: str, name: bytes) -> None:
    environ = {**FULL, b"CNI_COMMAND": command.encode()}
    del environ[name]

    if name.decode() in REQUIRED[command].split(","):
        assert name.decode() in _error(environ).msg
    elif command:
        assert args.call_from_environ(environ).command == command


def test_an_invalid_name_is_reported_before_a_missing_variable() -> None:
    environ = {b"CNI_COMMAND": b"ADD", b"CNI_CONTAINERID": b"abc", b"CNI_IFNAME": b"a/b"}

    assert _error(environ).msg == "interface name contains / or : or whitespace characters"


def test_the_container_id_is_looked_at_before_the_interface_name() -> None:
    environ = {**FULL, b"CNI_CONTAINERID": b"%%", b"CNI_IFNAME": b"a/b"}

    assert _error(environ).msg == "invalid characters in containerID"


@pytest.mark.parametrize("command", ["GC", "STATUS", "VERSION", "other"])
def test_names_are_not_looked_at_by_commands_that_do_not_need_them(command: str) -> None:
    environ = {**FULL, b"CNI_COMMAND": command.encode(), b"CNI_CONTAINERID": b"%%", b"CNI_IFNAME": b"a/b"}

    assert args.call_from_environ(environ).container_id == "%%"


OVERRIDES = {b"1": True, b"true": True, b"TRUE": True, b"True": True, b"yes": False, b"": False, b"0": False}


@pytest.mark.parametrize(("text", "expected"), OVERRIDES.items(), ids=map(str, OVERRIDES))
def test_the_override_of_the_namespace_check(text: bytes, *, expected: bool) -> None:
    assert args.call_from_environ({**FULL, b"CNI_NETNS_OVERRIDE": text}).netns_override is expected


def test_empty_directories_of_the_path_are_left_out() -> None:
    assert args.call_from_environ({**FULL, b"CNI_PATH": b":/a::/b:"}).path == ("/a", "/b")


def test_bytes_that_are_not_utf8_are_no_crash() -> None:
    environ = {**FULL, b"CNI_IFNAME": b"eth\xff", b"CNI_NETNS": b"/\xfe"}

    assert args.call_from_environ(environ).ifname == "eth\udcff"


# -------------------------------------------------------------------------------------------------------------- names

GOOD_NAMES = ["a", "0", "a-b_c.d", "A" * 200, "9f86d081884c7d65"]
BAD_NAMES = ["-a", ".a", "_a", "a/b", "a b", "a\n", "ä", "a\0", "..", "%%", "a:b", "\u0661"]


@pytest.mark.parametrize("name", GOOD_NAMES)
def test_good_container_ids_and_network_names(name: str) -> None:
    args.validate_container_id(name)
    args.validate_network_name(name)


@pytest.mark.parametrize("name", BAD_NAMES)
def test_bad_container_ids(name: str) -> None:
    with pytest.raises(errors.CNIError) as caught:
        args.validate_container_id(name)

    assert caught.value.document() == {"code": 4, "msg": "invalid characters in containerID", "details": name}


@pytest.mark.parametrize("name", BAD_NAMES)
def test_bad_network_names(name: str) -> None:
    with pytest.raises(errors.CNIError) as caught:
        args.validate_network_name(name)

    assert caught.value.document() == {"code": 7, "msg": "invalid characters found in network name", "details": name}


def test_an_empty_container_id_has_a_code_of_its_own() -> None:
    with pytest.raises(errors.CNIError) as caught:
        args.validate_container_id("")

    assert caught.value.document() == {"code": 3, "msg": "missing containerID"}


def test_an_empty_network_name() -> None:
    with pytest.raises(errors.CNIError) as caught:
        args.validate_network_name("")

    assert caught.value.document() == {"code": 7, "msg": "missing network name:"}


@pytest.mark.parametrize("name", ["eth0", "a", "x" * 15, "net1.100", "@", "a\x1cb", "...", "äöü"])
def test_good_interface_names(name: str) -> None:
    args.validate_interface_name(name)


_CHARACTERS = "interface name contains / or : or whitespace characters"
BAD_INTERFACES = {
    "": ("interface name is empty", ""),
    "x" * 16: ("interface name is too long", "interface name should be less than 16 characters"),
    "ä" * 8: ("interface name is too long", "interface name should be less than 16 characters"),
    "/" * 16: ("interface name is too long", "interface name should be less than 16 characters"),
    ".": ("interface name is . or ..", ""),
    "..": ("interface name is . or ..", ""),
    "a/b": (_CHARACTERS, ""),
    "a:b": (_CHARACTERS, ""),
    "a b": (_CHARACTERS, ""),
    "a\n": (_CHARACTERS, ""),
    "a\x85": (_CHARACTERS, ""),
    "a\u3000": (_CHARACTERS, ""),
}


@pytest.mark.parametrize(("name", "expected"), BAD_INTERFACES.items(), ids=map(repr, BAD_INTERFACES))
def test_bad_interface_names(name: str, expected: tuple[str, str]) -> None:
    with pytest.raises(errors.CNIError) as caught:
        args.validate_interface_name(name)

    assert (caught.value.code, caught.value.msg, caught.value.details) == (4, *expected)


@hypothesis.given(strategies.characters())
def test_white_space_is_what_go_takes_for_it(character: str) -> None:
    go = character in "\t\n\v\f\r \x85\xa0" or unicodedata.category(character) in ("Zs", "Zl", "Zp")

    assert (character in args._SPACE) == go


# ----------------------------------------------------------------------------------------------------------- CNI_ARGS

PAIRS = {
    "empty": ("", ()),
    "one": ("A=1", (("A", "1"),)),
    "several": ("A=1;B=2;A=3", (("A", "1"), ("B", "2"), ("A", "3"))),
    "an empty value": ("A=", (("A", ""),)),
    "an empty key": ("=1", (("", "1"),)),
    "blanks are kept": (" A = 1 ", ((" A ", " 1 "),)),
}


@pytest.mark.parametrize(("text", "expected"), PAIRS.values(), ids=PAIRS)
def test_args_are_parsed_and_written(text: str, expected: tuple[tuple[str, str], ...]) -> None:
    assert args.parse_args(text) == expected
    assert args.split_args(text) == expected
    assert args.join_args(expected) == text


BAD_PAIRS = {
    "a trailing semicolon": ("A=1;", '""', (("A", "1"),)),
    "an empty pair": ("A=1;;B=2", '""', (("A", "1"), ("B", "2"))),
    "two equals signs": ("A=1=2", '"A=1=2"', (("A", "1=2"),)),
    "none": ("A=1;B", '"B"', (("A", "1"),)),
}


@pytest.mark.parametrize(("text", "pair", "lenient"), BAD_PAIRS.values(), ids=BAD_PAIRS)
def test_bad_pairs_are_refused_unless_read_leniently(
    text: str, pair: str, lenient: tuple[tuple[str, str], ...]
) -> None:
    with pytest.raises(errors.CNIError) as caught:
        args.parse_args(text)

    assert caught.value.document() == {"code": 4, "msg": f"ARGS: invalid pair {pair}"}
    assert args.split_args(text) == lenient


@hypothesis.given(strategies.text())
def test_any_text_is_args_or_a_cni_error(text: str) -> None:
    try:
        pairs = args.parse_args(text)
    except errors.CNIError:
        return
    assert args.join_args(pairs) == text
    assert args.split_args(text) == pairs
