"""A pack is read back as docs/notation.md draws it."""

import hashlib
import json
import struct

import numpy as np
import torch

from training import checkpoint
from training.pack import Q4, read_matrix, unstacked
from training.splice import splice, vector_bytes, with_codes


def packed_q4(rows: int, columns: int, seed: int = 0) -> tuple[bytes, np.ndarray]:
    """Random bytes in kernel order, and their values by the formula w = d·s·q + m·t, one weight at a time."""
    random, blocks = np.random.default_rng(seed), -(-columns // 32)
    size = 64 + blocks * 144
    data = bytearray(random.integers(0, 256, size * (-(-rows // 8)), dtype=np.uint8).tobytes())
    values = np.zeros((rows, columns), np.float32)
    for group in range(-(-rows // 8)):
        for lane in range(8):
            struct.pack_into("<f", data, group * size + lane * 4, 0.01 * (lane + 1))
            struct.pack_into("<f", data, group * size + 32 + lane * 4, -0.02 * (lane + 1))
    for r in range(rows):
        start, lane = r // 8 * size, r % 8
        d, m = struct.unpack_from("<f", data, start + lane * 4)[0], struct.unpack_from("<f", data, start + 32 + lane * 4)[0]
        for c in range(columns):
            block = start + 64 + c // 32 * 144
            byte = data[block + 16 + (c % 16) // 4 * 32 + lane // 4 * 16 + lane % 4 * 4 + c % 4]
            q = byte >> 4 if c % 32 >= 16 else byte & 15
            values[r, c] = d * data[block + lane] * q + m * data[block + 8 + lane]
    return bytes(data), values


def test_4_bit_matrices_and_their_grid():
    data, values = packed_q4(11, 70)
    matrix = read_matrix(data, "q4", 11, 70)
    np.testing.assert_allclose(matrix.weight.numpy(), values, rtol=1e-5, atol=1e-5)
    assert matrix.codes.shape == (11, 3, 32) and matrix.scale.shape == (11, 3)
    assert int(matrix.codes.max()) == 15 and matrix.offset.max() <= 0


def test_8_bit_and_float_matrices():
    random = np.random.default_rng(1)
    data = bytearray(random.integers(0, 256, 2 * 2 * 288, dtype=np.uint8).tobytes())
    for block in range(4):
        struct.pack_into("<8f", data, block * 288, *(0.1 * (lane + 1) for lane in range(8)))
    got = read_matrix(bytes(data), "q8", 10, 40)
    assert got.shape == (10, 40)
    byte = data[1 * 576 + 288 + 32 + (7 // 2) * 16 + 1 * 2 + 7 % 2]  # row 9, column 39: second group, second block, lane 1, column 7
    assert abs(float(got[9, 39]) - 0.2 * (byte - 256 if byte > 127 else byte)) < 1e-5
    values = random.normal(size=(16, 5)).astype("<f4")
    kernel_order = values.reshape(2, 8, 5).transpose(0, 2, 1).tobytes()
    assert np.array_equal(read_matrix(kernel_order, "f32", 13, 5).numpy(), values[:13])


class Config:
    num_attention_heads, num_key_value_heads = 4, 2


def test_stacked_matrices_come_apart():
    rows = torch.arange(16.0).repeat_interleave(3).reshape(16, 3)
    parts = unstacked("a.qkv_proj.weight", rows, Config)
    assert {name: len(part) for name, part in parts.items()} == {"a.q_proj.weight": 8, "a.k_proj.weight": 4, "a.v_proj.weight": 4}
    assert float(parts["a.v_proj.weight"][0, 0]) == 12
    grid = Q4(torch.zeros(8, 1, 32), torch.ones(8, 1), torch.arange(8.0)[:, None], 20)
    halves = unstacked("m.gate_up_proj.weight", grid, Config)
    assert float(halves["m.up_proj.weight"].weight[0, 0]) == 4 and halves["m.up_proj.weight"].weight.shape == (4, 20)


def test_what_the_pack_keeps_in_another_form_comes_back():
    taps = torch.arange(12.0).reshape(3, 1, 4)
    kept = taps[:, 0].T.contiguous().reshape(3, 1, 4)  # tap by tap, under the checkpoint's shape
    assert torch.equal(unstacked("x.conv1d.weight", kept, Config)["x.conv1d.weight"], taps)
    assert torch.allclose(unstacked("x.A_log", -torch.tensor([1.0, 2.0]).exp(), Config)["x.A_log"], torch.tensor([1.0, 2.0]))


def test_codes_and_gains_go_where_they_lie_in_a_pack():
    data, _ = packed_q4(11, 70)
    before, gain = read_matrix(data, "q4", 11, 70), torch.linspace(0.5, 2, 11)[:, None]
    assert with_codes(data, before.codes, torch.ones(11, 1)) == data
    codes = 15 - before.codes
    after = read_matrix(with_codes(data, codes, gain), "q4", 11, 70)
    assert torch.equal(after.codes, codes)
    torch.testing.assert_close(after.scale, before.scale * gain)
    torch.testing.assert_close(after.offset, before.offset * gain)


def test_vectors_go_into_a_pack_in_its_own_form():
    taps = torch.arange(12.0).reshape(3, 1, 4)
    kept = torch.frombuffer(bytearray(vector_bytes("x.conv1d.weight", taps)), dtype=torch.float32).reshape(3, 1, 4)
    assert torch.equal(unstacked("x.conv1d.weight", kept, Config)["x.conv1d.weight"], taps)
    log = torch.tensor([1.0, 2.0])
    assert torch.allclose(unstacked("x.A_log", torch.frombuffer(bytearray(vector_bytes("x.A_log", log)), dtype=torch.float32), Config)["x.A_log"], log)


def test_a_spliced_pack_says_what_it_was_made_of_and_still_who_taught_it(tmp_path):
    pack, saved = tmp_path / "pack", tmp_path / "checkpoint.pt"
    pack.mkdir()
    (pack / "weights.bin").write_bytes(np.ones(4, "<f4").tobytes())
    told = {"teacher": "a teacher", "made_with": "a recipe"}
    stated = json.dumps({
        "shards": [{"file": "weights.bin", "bytes": 16, "sha256": "0" * 64}],
        "tensors": [{"name": "norm.weight", "kind": "vector", "dtype": "f32", "shape": [4], "shard": 0, "offset": 0, "bytes": 16}],
        "provenance": {"format": "safetensors", "files": [{"file": "an earlier one"}], **told},
        "golden": {},
    })  # fmt: skip
    (pack / "manifest.json").write_text(stated)
    checkpoint.save(saved, {"student": {"norm.weight": torch.full((4,), 2.0)}, "grid": {"gain": {}}})
    assert splice(pack, saved, tmp_path / "out") == {"weights.bin": 1}
    assert (tmp_path / "out" / "weights.bin").read_bytes() == np.full(4, 2, "<f4").tobytes()
    made = json.loads((tmp_path / "out" / "manifest.json").read_text())
    assert made["provenance"].items() >= told.items() and made["provenance"]["format"] == "rivulet-pack"
    assert [file["file"] for file in made["provenance"]["files"]] == ["manifest.json", "checkpoint.pt"]
    assert made["provenance"]["files"][0]["sha256"] == hashlib.sha256(stated.encode()).hexdigest()
