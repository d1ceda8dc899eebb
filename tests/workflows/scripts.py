"""Reads a workflow. Usage: scripts.py texts FILE >JSON: each scalar as text, which is how Azure Pipelines takes it and
how its schema has it. scripts.py scripts FILE FOLDER: each script as a file, for a linter."""

import json
import sys
from pathlib import Path

from ruamel.yaml import YAML

KEYS = ("run", "bash", "script", "before_script")


def scripts(value):
    """Every script below a value; a list of lines is one."""
    if isinstance(value, dict):
        for key, member in value.items():
            if key in KEYS and isinstance(member, str):
                yield member
            elif key in KEYS and isinstance(member, list):
                yield "\n".join(line for line in member if isinstance(line, str))
            else:
                yield from scripts(member)
    elif isinstance(value, list):
        for member in value:
            yield from scripts(member)


def main():
    document = YAML(typ="base").load(Path(sys.argv[2]))
    if sys.argv[1] == "texts":
        json.dump(document, sys.stdout)
        return
    folder = Path(sys.argv[3])
    folder.mkdir(parents=True)
    for index, script in enumerate(scripts(document)):
        (folder / f"{index}.sh").write_text(script + "\n", encoding="utf-8")


main()
