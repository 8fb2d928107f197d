"""Collects open text that is already on this machine: documentation inside Python and npm packages, with its licence.

One line of JSON per document, gzipped. A Python module is one document (its docstrings in order); a Markdown file is one.
Nothing is downloaded. A package whose licence is not in `OPEN_LICENCES` is left out.
"""

import argparse
import ast
import gzip
import importlib.metadata
import json
import re
import sysconfig
from collections.abc import Iterator
from pathlib import Path

from tqdm import tqdm

OPEN_LICENCES = re.compile(r"\b(MIT|BSD|Apache|ISC|PSF|Python Software Foundation|Zlib|Unlicense|0BSD|CC0)\b", re.I)
COPYLEFT = re.compile(r"GPL|MPL|Proprietary|NVIDIA", re.I)
SHORTEST, LONGEST = 300, 40_000  # characters of one document
PYTHON_LICENCE = "PSF-2.0"


def docstrings(path: Path) -> str:
    """All docstrings of one Python file, in order, without signatures."""
    try:
        tree = ast.parse(path.read_text(encoding="utf-8"))
    except (SyntaxError, UnicodeDecodeError, ValueError, RecursionError):
        return ""
    holders = (ast.Module, ast.ClassDef, ast.FunctionDef, ast.AsyncFunctionDef)
    texts = [ast.get_docstring(node) for node in ast.walk(tree) if isinstance(node, holders)]
    return "\n\n".join(text for text in texts if text and len(text) > 60)


def python_itself() -> Iterator[dict]:
    stdlib = Path(sysconfig.get_paths()["stdlib"])
    from pydoc_data.topics import topics

    for name, text in sorted(topics.items()):
        yield {"source": "python-reference", "licence": PYTHON_LICENCE, "name": name, "text": text}
    for path in sorted(stdlib.rglob("*.py")):
        if "site-packages" not in path.parts and "test" not in path.parts and "pydoc_data" not in path.parts:
            name = str(path.relative_to(stdlib))
            yield {"source": "python-docstrings", "licence": PYTHON_LICENCE, "name": name, "text": docstrings(path)}


def licence_of(package: importlib.metadata.Distribution) -> str:
    fields = package.metadata
    classifiers = [c.split(" :: ")[-1] for c in fields.get_all("Classifier") or [] if c.startswith("License")]
    stated = fields.get("License-Expression") or "; ".join(classifiers) or (fields.get("License") or "")
    return stated.strip().splitlines()[0][:80] if stated.strip() else ""


def python_packages() -> Iterator[dict]:
    for package in sorted(importlib.metadata.distributions(), key=lambda p: p.metadata["Name"].lower()):
        licence = licence_of(package)
        if not OPEN_LICENCES.search(licence) or COPYLEFT.search(licence):
            continue
        for file in sorted(package.files or [], key=str):
            if file.suffix == ".py" and "tests" not in file.parts and not str(file).startswith(".."):
                source = f"pypi:{package.metadata['Name']}"
                yield {"source": source, "licence": licence, "name": str(file), "text": docstrings(Path(file.locate()))}


def npm_packages(folder: Path) -> Iterator[dict]:
    for path in sorted(folder.rglob("*.md")):
        home = next((p for p in path.parents if (p / "package.json").exists()), None)
        if home is None or not path.is_file():
            continue
        fields = json.loads((home / "package.json").read_text(encoding="utf-8"))
        licence = str(fields.get("license", ""))
        if OPEN_LICENCES.search(licence) and not COPYLEFT.search(licence) and fields.get("name"):
            text = path.read_text(encoding="utf-8", errors="ignore")
            yield {"source": f"npm:{fields['name']}", "licence": licence, "name": path.name, "text": text}


def pieces(document: dict) -> Iterator[dict]:
    """Cuts a long document at blank lines, so that the held-out split stays representative."""
    text, number = document["text"].strip(), 0
    while len(text) >= SHORTEST:
        cut = len(text) if len(text) <= LONGEST else max(text.rfind("\n\n", SHORTEST, LONGEST), SHORTEST)
        yield {**document, "name": f"{document['name']}#{number}", "text": text[:cut].strip()}
        text, number = text[cut:].strip(), number + 1


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--out", type=Path, default=Path("training/data/text"))
    parser.add_argument("--npm", type=Path, default=Path("node_modules"))
    arguments = parser.parse_args()
    arguments.out.mkdir(parents=True, exist_ok=True)
    streams = {"python": python_itself(), "pypi": python_packages(), "npm": npm_packages(arguments.npm)}
    for name, stream in streams.items():
        with gzip.open(arguments.out / f"{name}.jsonl.gz", "wt") as file:
            for document in tqdm(stream, desc=name, mininterval=2):
                for piece in pieces(document):
                    file.write(json.dumps(piece) + "\n")


if __name__ == "__main__":
    main()
