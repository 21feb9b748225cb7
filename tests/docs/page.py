"""A page of documentation as its readers use it: links, documents to copy, commands to type and what they print.

What a fenced block is stands behind its fence:

    yaml, json      a document. With a file's name behind it, `yaml pod.yaml`, the commands of the page find it there
    console         lines that begin with `$ ` are typed in a shell in the repository, the others are what they print
    console lab     the same as root on the lab's node (`multus lab shell`)
    console build   the same with dist/multus, where there is a build
    console e2e     the same on the Kubernetes of `make e2e`
    text, mermaid   for the eye only

In what is printed `...` stands for whatever differs from run to run: alone on a line, for any number of lines.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from pathlib import Path

ROOT = Path(__file__).parents[2]
PAGES = tuple(sorted((ROOT / "docs").glob("**/*.md")))
DOCUMENTS, FOR_THE_EYE = ("yaml", "json"), ("text", "mermaid")
CONSOLES = ("console", "console lab", "console build", "console e2e")

_FENCE = re.compile(r"^```(.*)\n((?:.*\n)*?)```$", re.MULTILINE)
_LINK = re.compile(r"\[[^\]]*\]\(([^)\s]+)\)")
_HEADING = re.compile(r"^#+ +(.*)$", re.MULTILINE)


@dataclass(frozen=True, kw_only=True)
class Block:
    """What stands between two fences."""

    line: int
    info: str
    text: str

    @property
    def file(self) -> str:
        """Return the file that the page's commands know a document by; empty when they do not."""
        return self.info.partition(" ")[2] if self.info.startswith(DOCUMENTS) else ""

    @property
    def steps(self) -> list[Step]:
        """Return the commands with what each prints."""
        steps: list[Step] = []
        for line in self.text.splitlines():
            if line.startswith("$ "):
                steps.append(Step(command=line[2:]))
            elif steps and not steps[-1].expected and steps[-1].command.endswith("\\"):
                steps[-1] = Step(command=f"{steps[-1].command}\n{line.removeprefix('> ')}")
            elif steps:
                steps[-1] = Step(command=steps[-1].command, expected=(*steps[-1].expected, line))
            else:
                raise ValueError(f"line {self.line}: a console block begins with a command: $ ...")
        return steps


@dataclass(frozen=True, kw_only=True)
class Step:
    """A command, and what a reader is shown of its output."""

    command: str
    expected: tuple[str, ...] = ()

    def accepts(self, printed: str) -> bool:
        """Tell whether this is what the page shows."""
        pattern = "".join(map(_line_pattern, self.expected))
        return re.fullmatch(pattern, "".join(f"{line.rstrip()}\n" for line in printed.splitlines())) is not None


def blocks(text: str) -> list[Block]:
    """Return the fenced blocks of a page."""
    return [
        Block(line=text.count("\n", 0, found.start()) + 1, info=found[1].strip(), text=found[2])
        for found in _FENCE.finditer(text)
    ]


def prose(text: str) -> str:
    """Return a page without its blocks."""
    return _FENCE.sub("", text)


def links(text: str) -> list[str]:
    """Return where the links of a page lead."""
    return _LINK.findall(prose(text))


def anchors(text: str) -> set[str]:
    """Return what links can name on a page: its headings, as forges write them."""
    titles = _HEADING.findall(prose(text))
    return {re.sub(r"[^\w\- ]", "", title.lower()).replace(" ", "-") for title in titles}


def _line_pattern(line: str) -> str:
    if line.strip() == "...":
        return r"(?:.*\n)*?"
    return ".*".join(re.escape(part) for part in line.rstrip().split("...")) + r"\n"
