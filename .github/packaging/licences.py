"""Prints the licences of all crates that are compiled into the binary for a target: their texts must
go with it. Usage: licences.py TARGET"""

import json
import subprocess
import sys
from pathlib import Path

PREFIXES = ("LICENSE", "LICENCE", "COPYING", "COPYRIGHT", "NOTICE", "UNLICENSE")


def compiled_in(metadata: dict) -> list[dict]:
    """The crates that the binary is linked with: what only tests, build scripts or macros need is not."""
    packages = {package["id"]: package for package in metadata["packages"]}
    nodes = {node["id"]: node for node in metadata["resolve"]["nodes"]}
    root = metadata["resolve"]["root"]
    found, waiting = set(), [root]
    while waiting:
        for dependency in nodes[waiting.pop()]["deps"]:
            crate = dependency["pkg"]
            is_linked = any(kind["kind"] is None for kind in dependency["dep_kinds"])
            is_macro = any("proc-macro" in target["kind"] for target in packages[crate]["targets"])
            if is_linked and not is_macro and crate not in found:
                found.add(crate)
                waiting.append(crate)
    return sorted((packages[crate] for crate in found), key=lambda crate: (crate["name"], crate["version"]))


def texts(crate: dict) -> list[str]:
    """The texts of its licences, as its authors ship them. Of a choice that has MIT, MIT."""
    folder = Path(crate["manifest_path"]).parent
    files = sorted(path for path in folder.iterdir() if path.is_file() and path.name.upper().startswith(PREFIXES))
    files = [path for path in files if path.suffix not in {".rs", ".json"}]
    is_choice = " OR " in (crate["license"] or "") or "/" in (crate["license"] or "")
    if is_choice and any("MIT" in path.name.upper() for path in files):
        files = [path for path in files if "MIT" in path.name.upper() or path.name.upper().startswith("NOTICE")]
    read = (path.read_text(encoding="utf-8", errors="replace") for path in files)
    return ["\n".join(line.rstrip() for line in text.strip().splitlines()) for text in read]


def main() -> None:
    command = ["cargo", "metadata", "--locked", "--format-version=1", "--filter-platform", sys.argv[1]]
    metadata = json.loads(subprocess.run(command, check=True, capture_output=True).stdout)
    crates = compiled_in(metadata)
    sys.stdout.reconfigure(encoding="utf-8", newline="\n")
    print("hubjobs contains code of these crates, each under the licence beside it. The texts follow that their")
    print("authors ship; a crate whose name does not come again ships none.\n")
    print("std, the standard library of Rust: MIT OR Apache-2.0")
    if sys.argv[1].endswith("-musl"):
        print("musl, the C library: MIT")
    users: dict[str, list[str]] = {}
    for crate in crates:
        name = f"{crate['name']} {crate['version']}"
        print(f"{name}: {crate['license'] or 'see its text'}")
        for text in texts(crate):
            users.setdefault(text, []).append(name)
    for text, names in users.items():
        print(f"\n{'=' * 80}\n{', '.join(names)}\n{'-' * 80}\n\n{text}")


main()
