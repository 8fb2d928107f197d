import numpy as np

from training import asked_map
from training.asked_map import BACK, DECAY, TEMPERATURE, slope_of


def worth(added, asked, said, others):
    turned = asked + asked @ added.T
    unit = turned / np.linalg.norm(turned, axis=1, keepdims=True)
    entropy = lambda logits: np.mean(np.log(np.exp(logits).sum(1)) - np.diag(logits))
    forth, back = unit @ np.concatenate([said, others]).T / TEMPERATURE, said @ unit.T / TEMPERATURE
    return entropy(forth) + BACK * entropy(back) + DECAY * (added**2).sum() / len(added)


def test_the_slope_is_that_of_both_entropies_and_the_decay():
    draw = np.random.default_rng(1)
    added, asked, said, others = (draw.normal(size=shape) / 3 for shape in ((6, 6), (4, 6), (4, 6), (3, 6)))
    slope = slope_of(added, asked, said, others)
    for place in ((0, 0), (2, 5), (4, 1)):
        step = np.zeros_like(added)
        step[place] = 1e-5
        measured = (worth(added + step, asked, said, others) - worth(added - step, asked, said, others)) / 2e-5
        assert abs(slope[place] - measured) < 1e-6


def test_a_question_comes_nearer_to_what_answers_it(tmp_path, monkeypatch):
    monkeypatch.setattr(asked_map, "BATCH", 8)
    monkeypatch.setattr(asked_map, "OTHERS", 4)
    draw = np.random.default_rng(2)
    unit = lambda x: x / np.linalg.norm(x, axis=-1, keepdims=True)
    said, turn = unit(draw.normal(size=(12, 6))), np.linalg.qr(draw.normal(size=(6, 6)))[0]
    texts = {f"s{i}": vector for i, vector in enumerate(said)} | {f"q{i}": vector for i, vector in enumerate(said @ turn)}
    rows = [f'{{"group": "{i}", "lang": "en", "question": "q{i}", "statement": "q{i}", "said": "s{i}"}}' for i in range(8)] + [f'{{"said": "s{i}"}}' for i in range(8, 12)]
    file = tmp_path / "pairs.jsonl"
    file.write_text("\n".join(rows) + "\n")
    added = asked_map.asked_map(texts.__getitem__, file)
    nearness = lambda towards: np.mean([unit(towards @ texts[f"q{i}"]) @ texts[f"s{i}"] for i in range(8)])
    assert nearness(np.eye(6) + added) > nearness(np.eye(6)) + 0.2
    assert np.array_equal(added, asked_map.asked_map(texts.__getitem__, file))
