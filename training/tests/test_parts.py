"""Cutting and joining files: the same bytes come back, and a changed part is refused."""

import os

import pytest

from training.parts import join, split


@pytest.mark.parametrize("size", [0, 1, 99, 100, 101, 1000])
def test_joined_parts_are_the_file(tmp_path, size):
    (tmp_path / "file").write_bytes(os.urandom(size))
    paths = split(tmp_path / "file", tmp_path / "parts", 100)
    assert all(path.stat().st_size <= 100 for path in paths)
    join(tmp_path / "parts", tmp_path / "again")
    assert (tmp_path / "again").read_bytes() == (tmp_path / "file").read_bytes()


def test_a_changed_or_missing_part_is_refused(tmp_path):
    (tmp_path / "file").write_bytes(os.urandom(300))
    paths = split(tmp_path / "file", tmp_path / "parts", 100)
    paths[1].unlink()
    with pytest.raises(ValueError, match="expected sha-256"):
        join(tmp_path / "parts", tmp_path / "again")
