import json

import numpy as np
import pytest

from training import sentence_tower
from training.sentence_encoder import BRANCH, ORDERS, VECTOR, Encoder
from training.sentence_tower import Stage, Tower, fitted

HIDDEN, FEATURES = 320, VECTOR + len(ORDERS) * BRANCH


@pytest.fixture
def parts():
    draw = np.random.default_rng(1)
    matrix = lambda rows, columns: draw.normal(size=(rows, columns)) / np.sqrt(columns)
    matrices = {"project": matrix(3 * BRANCH, VECTOR)} | {f"{layer}_{n}": matrix(BRANCH, n * BRANCH) for layer in ("first", "second") for n, _ in ORDERS}
    matrices |= {"pool": matrix(VECTOR, FEATURES), "d0": matrix(HIDDEN, VECTOR), "p1": matrix(HIDDEN, VECTOR), "d1": matrix(HIDDEN, HIDDEN)}
    matrices |= {"d2": matrix(VECTOR, HIDDEN), "p3": matrix(VECTOR, HIDDEN), "d3": matrix(VECTOR, VECTOR)}
    lengths = {"project": 3 * BRANCH, "project_gain": 3 * BRANCH, "project_bias": 3 * BRANCH, "gain": FEATURES, "bias": FEATURES, "pool": VECTOR}
    lengths |= {f"{layer}_{n}": BRANCH for layer in ("first", "second") for n, _ in ORDERS}
    vectors = {name: draw.normal(size=length) / 10 + ("gain" in name) for name, length in lengths.items()}
    return draw.normal(size=(40, VECTOR)) * 3, matrices, vectors, draw.normal(size=VECTOR) / 100


def test_it_computes_what_the_encoder_computes_whatever_else_is_in_the_batch(parts):
    table, matrices, vectors, mean = parts
    encoder, tower = Encoder(table, matrices, vectors), Tower(*parts, ORDERS)
    texts = [[1, 2], [1, 7, 9, 30, 12, 12, 5, 2], [1, 39, 2], [1, 4, 4, 2], [1, 8, 2]]
    for text, direction in zip(texts, tower(texts).detach().numpy()):
        expected = encoder(text) - mean
        assert direction @ expected / np.linalg.norm(expected) > 0.999  # sums of 16 bits


def test_a_question_comes_nearer_to_what_answers_it(parts, tmp_path, monkeypatch):
    for name, value in {"STAGES": (Stage(30, 5e-4, 2e-4, 1e-3, 2), Stage(10, 5e-4, 2e-4, 1e-3, 2)), "WARM_UP": 4, "BATCH": 8, "OTHERS": 4, "UNANSWERED": 2}.items():
        monkeypatch.setattr(sentence_tower, name, value)
    rows = [{"kind": "pair", "group": str(i), "lang": "en", "question": f"{i}", "statement": f"{i}", "said": f"{i + 8}"} for i in range(8)] + [{"kind": "said", "said": f"{i}"} for i in range(16, 20)]
    rows += [{"kind": kind, "question": f"{i}", "statement": f"{i}", "said": f"{i + 2}"} for kind, places in (("world", (20, 21)), ("unanswered", (22, 23))) for i in places]
    file = tmp_path / "pairs.jsonl"
    file.write_text("".join(json.dumps(row) + "\n" for row in rows))
    ids_of = lambda text: [1, 3 + int(text), 2] if text.isdigit() else [1, 3 + len(text) % 30, 2]
    results = [fitted(*parts, ORDERS, ids_of, file) for _ in range(2)]

    def found(matrices, vectors, added):
        directions = Tower(parts[0], matrices, vectors, parts[3], ORDERS)([ids_of(str(i)) for i in range(16)]).detach().numpy()
        asked = directions[:8] + directions[:8] @ added.T
        return np.mean(np.argmax(asked @ directions[8:].T, 1) == np.arange(8))

    assert found(*results[0]) > found(parts[1], parts[2], np.zeros((VECTOR, VECTOR))) + 0.5
    for name, matrix in results[0][0].items():
        assert np.array_equal(matrix, results[1][0][name])
    assert np.array_equal(results[0][2], results[1][2])
