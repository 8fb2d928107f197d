"""Cuts a large file into parts with a hash, and joins them: for machines that take only so much at once.

    python -m training.parts split model.safetensors parts/ --mebibytes 60
    python -m training.parts join parts/ model.safetensors
"""

import argparse
import hashlib
from pathlib import Path

HASH = "sha256"


def split(file: Path, folder: Path, size: int) -> list[Path]:
    """Writes `part-000` … of at most `size` bytes, and `sha256` of the whole."""
    folder.mkdir(parents=True, exist_ok=True)
    content, paths = file.read_bytes(), []
    for number, at in enumerate(range(0, max(1, len(content)), size)):
        paths.append(folder / f"part-{number:03d}")
        paths[-1].write_bytes(content[at : at + size])
    (folder / HASH).write_text(hashlib.sha256(content).hexdigest() + "\n")
    return paths


def join(folder: Path, file: Path) -> None:
    """The reverse of `split`; refuses when a part is missing or changed."""
    content = b"".join(path.read_bytes() for path in sorted(folder.glob("part-*")))
    expected, got = (folder / HASH).read_text().strip(), hashlib.sha256(content).hexdigest()
    if got != expected:
        raise ValueError(f"{folder}: expected sha-256 {expected}, got {got}")
    file.parent.mkdir(parents=True, exist_ok=True)
    file.write_bytes(content)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("action", choices=("split", "join"))
    parser.add_argument("source", type=Path)
    parser.add_argument("target", type=Path)
    parser.add_argument("--mebibytes", type=int, default=60)
    arguments = parser.parse_args()
    if arguments.action == "split":
        split(arguments.source, arguments.target, arguments.mebibytes << 20)
    else:
        join(arguments.source, arguments.target)


if __name__ == "__main__":
    main()
