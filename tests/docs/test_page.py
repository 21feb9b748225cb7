"""How pages are read."""

from __future__ import annotations

import pytest

from tests.docs import page
from tests.docs.page import Step

TEXT = """\
# A page, with a (hard) heading

See [there](other.md#part) and [here](#a-page-with-a-hard-heading).

```yaml pod.yaml
kind: Pod
```

```console lab
$ multus show \\
>   pods
web ... up
...
the end
$ true
```
"""


def test_blocks_know_their_line_kind_and_file() -> None:
    first, second = page.blocks(TEXT)

    assert (first.line, first.info, first.file, first.text) == (5, "yaml pod.yaml", "pod.yaml", "kind: Pod\n")
    assert (second.info, second.file) == ("console lab", "")


def test_commands_stand_with_what_they_print() -> None:
    _, block = page.blocks(TEXT)

    assert block.steps == [
        Step(command="multus show \\\n  pods", expected=("web ... up", "...", "the end")),
        Step(command="true"),
    ]


@pytest.mark.parametrize(
    ("printed", "accepted"),
    [
        ("web 198.51.100.2 up\nthe end\n", True),
        ("web 198.51.100.2 up   \none\ntwo\nthe end", True),
        ("web 198.51.100.2 down\nthe end\n", False),
        ("web 198.51.100.2 up\nthe end\nmore\n", False),
        ("", False),
    ],
)
def test_three_dots_stand_for_what_differs(printed: str, *, accepted: bool) -> None:
    assert page.blocks(TEXT)[1].steps[0].accepts(printed) is accepted


def test_a_command_that_shows_nothing_prints_nothing() -> None:
    assert Step(command="true").accepts("")
    assert not Step(command="true").accepts("something\n")


def test_a_console_begins_with_a_command() -> None:
    (block,) = page.blocks("```console\nls\n```\n")
    with pytest.raises(ValueError, match="line 1"):
        _ = block.steps


def test_links_and_anchors() -> None:
    assert page.links(TEXT) == ["other.md#part", "#a-page-with-a-hard-heading"]
    assert page.anchors(TEXT) == {"a-page-with-a-hard-heading"}
