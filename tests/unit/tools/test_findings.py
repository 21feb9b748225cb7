"""The reference of findings says what the command knows."""

from __future__ import annotations

import re
from pathlib import Path

from multus_py.validate import rules
from tools import findings

VALIDATE = Path(rules.__file__).parent
COMMAND = VALIDATE.parent / "cli" / "validate.py"


def test_the_page_is_made_of_the_rules() -> None:
    assert findings.PAGE.read_text() == findings.page(), "make docs"


def test_every_id_is_reported_somewhere_and_every_reported_id_is_explained() -> None:
    elsewhere = (VALIDATE.parent / name for name in ("hostconfig/validation.py", "base/yamltext.py"))
    sources = (*VALIDATE.glob("*.py"), COMMAND, *elsewhere)
    text = "\n".join(path.read_text() for path in sources if path.name != "rules.py")
    explained = {rule.id for rule in rules.RULES}
    assert {id for id in explained if f'"{id}"' not in text} == set()
    assert set(re.findall(r'(?:finding\(|_whole\(file,|rule=|id=)\s*"([a-z]+(?:-[a-z]+)+)"', text)) <= explained
