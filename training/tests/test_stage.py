"""Learning rates: who learns how fast, and when; and what a run file may say."""

from pathlib import Path

import pytest

from training.hybrid import inherit
from training.settings import Stage, load_run
from training.stage import await_files, factor, gain_learns, parameter_groups


CONFIGS = Path(__file__).parents[1] / "configs"


def rates(student, **fields):
    stage = Stage(sequence=8, batch=1, steps=10, rate=1e-3, **fields)
    names = {id(p): name for name, p in student.named_parameters()}
    return {names[id(p)]: group["lr"] for group in parameter_groups(stage, student) for p in group["params"]}


def test_layer_by_layer_moves_the_mixers_alone(teacher):
    got = rates(inherit(teacher, [1]), kind="layer-by-layer", rest_rate=1e-4)
    assert all(".mamba." in name for name in got)
    assert got["model.layers.0.mamba.in_proj.weight"] == 1e-3
    assert got["model.layers.2.mamba.A_log"] == got["model.layers.2.mamba.D"] == 1e-2


def test_out_proj_is_solved_for_or_moves_slowly(teacher):
    got = rates(inherit(teacher, [1]), kind="layer-by-layer", refit_every=5)
    assert "model.layers.0.mamba.in_proj.weight" in got and "model.layers.0.mamba.out_proj.weight" not in got
    got = rates(inherit(teacher, [1]), kind="end-to-end", rest_rate=1e-4, out_rate=2e-5)
    assert got["model.layers.0.mamba.out_proj.weight"] == 2e-5
    assert got["model.layers.0.mamba.in_proj.weight"] == 1e-3


def test_end_to_end_moves_the_rest_slowly_and_may_hold_the_embedding(teacher):
    student = inherit(teacher, [1])
    got = rates(student, kind="end-to-end", rest_rate=1e-4)
    assert len(got) == len(list(student.parameters()))
    assert got["model.embed_tokens.weight"] == got["model.layers.1.self_attn.q_proj.weight"] == 1e-4
    got = rates(student, kind="end-to-end", rest_rate=1e-4, embedding=False)
    assert "model.embed_tokens.weight" not in got
    assert not student.lm_head.weight.requires_grad


def test_of_most_matrices_the_gains_alone_may_learn_with_all_vectors(teacher):
    fields = dict(kind="end-to-end", rest_rate=1e-4, attention_share=0.5, vector_rate=3e-4, matrices=[1], mlp_from=2, embedding=False)
    got = rates(inherit(teacher, [1]), **fields)
    assert {name for name in got if name.endswith("proj.weight")} == {f"model.layers.1.self_attn.{p}_proj.weight" for p in "qkvo"}
    assert got["model.layers.1.self_attn.q_proj.weight"] == 5e-4
    assert got["model.layers.0.mamba.conv1d.weight"] == got["model.layers.0.pre_ff_layernorm.weight"] == got["model.final_layernorm.weight"] == 3e-4
    assert got["model.layers.0.mamba.A_log"] == 1e-2
    stage = Stage(sequence=8, batch=1, frozen_layers=1, frozen_from=2, **fields)
    assert [gain_learns(f"model.layers.{n}.feed_forward.up_proj.weight", stage) for n in range(3)] == [False, True, False]


def test_rate_warms_up_and_falls_to_its_final_share():
    stage = Stage("end-to-end", 8, 1, steps=100, warmup=10, final_share=0.1)
    assert factor(0, stage) == pytest.approx(0.1)
    assert factor(9, stage) == factor(10, stage) == 1
    assert factor(100, stage) == pytest.approx(0.1)
    assert all(factor(n, stage) >= factor(n + 1, stage) for n in range(10, 100))


def test_the_lowest_layers_and_mlps_may_stay_as_they_are(teacher):
    got = rates(inherit(teacher, [1]), kind="end-to-end", rest_rate=1e-4, frozen_layers=1, mlp_from=2)
    assert not any(name.startswith("model.layers.0.") for name in got)
    assert "model.layers.1.feed_forward.up_proj.weight" not in got
    assert "model.layers.2.feed_forward.up_proj.weight" in got and "model.layers.1.self_attn.q_proj.weight" in got


def test_the_highest_layers_and_the_last_norm_may_stay_as_they_are(teacher):
    got = rates(inherit(teacher, [1]), kind="end-to-end", rest_rate=1e-4, frozen_from=2)
    assert "model.layers.1.feed_forward.up_proj.weight" in got
    assert not any(name.startswith(("model.layers.2.", "model.norm", "model.final_layernorm")) for name in got)


def test_late_mixers_and_their_norms_may_stay_as_they_are(teacher):
    fields = dict(kind="end-to-end", rest_rate=1e-4, vector_rate=1e-4, matrices=[0, 1, 2], mixers_until=2)
    got = rates(inherit(teacher, [1]), **fields)
    late = {name for name in got if name.startswith("model.layers.2.")}
    assert late and all(".feed_forward." in name for name in late), "the MLP beside a mixer goes on"
    assert "model.layers.0.mamba.in_proj.weight" in got and "model.layers.1.self_attn.q_proj.weight" in got and "model.final_layernorm.weight" not in got
    stage = Stage(sequence=8, batch=1, **fields)
    assert [gain_learns(f"model.layers.2.{part}", stage) for part in ("mamba.in_proj.weight", "feed_forward.up_proj.weight")] == [False, True]


def test_the_rate_falls_by_the_clock_where_steps_are_too_slow():
    stage = Stage("end-to-end", 8, 1, steps=1000, warmup=0, final_share=0.1, seconds=60)
    assert factor(10, stage, 0) > 0.99
    assert factor(10, stage, 30) == pytest.approx(0.55)
    assert factor(10, stage, 90) == pytest.approx(0.1)


def test_a_rehearsal_has_a_share_of_the_steps_and_rows():
    whole = load_run(CONFIGS / "gpu-memory.toml")
    small = load_run(CONFIGS / "gpu-memory.toml", rehearse=(0.1, 0.05))
    assert [stage.steps for stage in small.stages] == [max(2, int(stage.steps * 0.1)) for stage in whole.stages]
    assert all(count == max(1, int(0.05 * b.rows[kind])) for a, b in zip(small.stages, whole.stages) for kind, count in a.rows.items())


def test_an_unknown_key_or_kind_is_refused(tmp_path):
    path = tmp_path / "run.toml"
    path.write_text('name = "x"\n[[stage]]\nkind = "end-to-end"\nsequence = 8\nbatch = 1\nlearning_rate = 1\n')
    with pytest.raises(TypeError, match="learning_rate"):
        load_run(path)
    with pytest.raises(ValueError, match="stage kind"):
        Stage("sideways", 8, 1)


@pytest.mark.parametrize("path", sorted(CONFIGS.glob("*.toml")), ids=lambda path: path.name)
def test_every_run_file_is_readable_and_shares_its_batches(path):
    run = load_run(path)
    assert run.name == path.stem
    for stage in run.stages:
        assert stage.batch % (stage.micro_batch or 1) == 0
        assert stage.kind == "closed-form" or stage.rate > 0
        assert stage.warmup < stage.steps or stage.kind == "closed-form"


def test_waiting_for_data_ends_when_the_process_that_writes_it_has_failed(tmp_path):
    (tmp_path / "there.json").write_text("{}")
    await_files([tmp_path / "there.json"])
    (tmp_path / "failed").write_text("line 7\n")
    with pytest.raises(RuntimeError, match="missing.json: expected .* failed: line 7"):
        await_files([tmp_path / "there.json", tmp_path / "missing.json"])
