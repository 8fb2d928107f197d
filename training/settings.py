"""A run is one TOML file: its data, its model and its stages. Unknown keys are refused."""

import tomllib
from dataclasses import dataclass, field, replace
from pathlib import Path

import torch


def length_of(kind: str, sequence: int) -> int:
    """Tokens of one sequence: kinds like "dialogues-256" say it themselves."""
    tail = kind.rpartition("-")[2]
    return int(tail) if tail.isdigit() else sequence


def has_weights(kind: str) -> bool:
    """Whether rows of a kind come with weights: those that `memory.build` writes, which have a length of their own."""
    return kind.rpartition("-")[2].isdigit()


KINDS = ("closed-form", "layer-by-layer", "end-to-end")


@dataclass(frozen=True)
class Stage:
    """One step of the recipe. `batch` counts sequences over all ranks; `micro_batch` bounds one backward pass."""

    kind: str
    sequence: int
    batch: int = 0
    steps: int = 1
    micro_batch: int = 0  # 0: the rank's whole share at once
    rate: float = 0.0  # learning rate of the mixers
    fast_share: float = 10.0  # of `rate`, for the mixers' time constants, which are few numbers on a log scale
    out_rate: float = 0.0  # of out_proj, whose inputs are so uneven that the mixers' rate harms it; 0: `rate`
    rest_rate: float = 0.0  # of everything inherited from the teacher; 0 freezes it
    frozen_from: int | None = None  # this layer and those after it do not learn, nor does the last norm
    mixers_until: int | None = None  # the mixer of this layer and of those after it does not learn, nor do their norms and the last one
    frozen_layers: int = 0  # the first so many do not learn, and no gradient is led through them
    mlp_from: int = 0  # the first layer whose MLP learns
    embedding: bool = True  # whether the embedding, which is also the head, learns at rest_rate
    warmup: int = 20
    final_share: float = 0.05  # of the rate, at the end of the cosine
    weight_decay: float = 0.0
    clip: float = 1.0
    window: int = 0  # attention window, 0 = all
    sinks: int = 4
    layer_windows: dict[str, int] = field(default_factory=dict)  # of single attention layers, by number
    recompute: bool = False  # trades time for memory in the backward pass
    save_every: int = 50
    seconds: float = 0  # of the stage on the clock: where the steps would take longer, the rate falls and the stage ends by time; 0: no bound
    windows: int = 0  # of each kind: the first so many are reused, epoch after epoch; 0: all there are
    record: bool = False  # layer-by-layer: keep the teacher's traces on disk for later epochs, 1.1 KB per token and layer twice
    refit_every: int = 0  # layer-by-layer: steps between exact solutions of out_proj, which then has no gradient; 0: never
    mix: dict[str, float] = field(default_factory=lambda: {"chat": 0.5, "text": 0.5})

    needs: tuple[str, ...] = ()  # files of the tokens' folder that another process writes, awaited before the stage opens its own
    rows: dict[str, int] = field(default_factory=dict)  # end-to-end: sequences of each kind in a step, in place of batch and mix
    distillation: float = 1.0  # weight of the KL beside the loss on answers
    kl_every: int = 1  # positions: KL on every so many of a sequence
    attention_share: float = 0.0  # of `rate`, for attention layers; 0: they learn at rest_rate
    grid: bool = False  # weights on the engine's 4-bit grid, gradients straight through it
    gain_rate: float = 3e-4  # of the rows' gains, which train with the grid
    matrices: list[int] | None = None  # layers whose matrices learn; of those of other layers, and of MLPs below `mlp_from`, the gains alone; None: all learn
    vector_rate: float = 0.0  # of norms and convolutions, where `matrices` is given
    held: int = 2  # held-out sequences of each kind, measured at every save

    unlikelihood: float = 0.0  # end-to-end: weight of repeated n-grams in the student's own answers; 0: no rollouts
    lanes: int = 16  # answers written at once
    new_tokens: int = 128  # of each
    rollout_every: int = 4  # backward passes (steps, without micro_batch) that share the answers written

    @property
    def step_tokens(self) -> int:
        """Tokens of one step, padding included."""
        return sum(count * length_of(kind, self.sequence) for kind, count in self.rows.items()) or self.batch * self.sequence

    def __post_init__(self):
        if self.kind not in KINDS:
            raise ValueError(f"stage kind: expected one of {KINDS}, got {self.kind!r}")


@dataclass(frozen=True)
class Run:
    """One training run. Paths are relative to the working directory."""

    name: str
    data: Path
    out: Path
    stages: tuple[Stage, ...]
    attention_layers: tuple[int, ...] = ()
    norm_groups: int = 0  # groups of features of a mixer's norm; 0: the mixer's own, as transformers has it
    start: Path | None = None  # a checkpoint, or the folder of a pack, whose weights this run begins with
    chunk: int = 64
    seed: int = 0
    precision: str = "no"  # "bf16" for autocast
    threads: int = 0  # 0: PyTorch's own choice
    compile: bool = False  # torch.compile, worth it on a GPU only
    until: float = 0  # time.monotonic() at which all stages are to end; each has its share of what is left, by its `seconds`

    def seconds(self, number: int, now: float) -> float:
        """What stage `number` may take from `now` on; 0: no bound."""
        stage = self.stages[number]
        if not self.until or not stage.seconds:
            return stage.seconds
        return max(1.0, (self.until - now) * stage.seconds / sum(other.seconds for other in self.stages[number:]))

    @property
    def teacher(self) -> Path:
        return self.data / "teacher"

    @property
    def tokens(self) -> Path:
        return self.data / "tokens"


def smaller(stage: Stage, steps: float, rows: float) -> Stage:
    """The stage with a share of its steps and of its rows, at least one of each: to rehearse a large machine's run."""
    fewer = {kind: max(1, int(count * rows)) for kind, count in stage.rows.items()}
    return replace(stage, steps=max(2, int(stage.steps * steps)), rows=fewer, warmup=max(1, int(stage.warmup * steps)))


def load_run(path: Path, data: Path | None = None, out: Path | None = None, start: Path | None = None, rehearse: tuple[float, float] | None = None) -> Run:
    """Reads `path`; `data`, `out` and `start` replace the file's own when given; `rehearse` is `smaller`'s two shares."""
    fields = tomllib.loads(path.read_text())
    stages = tuple(Stage(**stage) for stage in fields.pop("stage"))
    if rehearse:
        stages = tuple(smaller(stage, *rehearse) for stage in stages)
        fields["precision"] = fields.get("precision", "no") if torch.cuda.is_available() else "no"  # a CPU may emulate bf16, at a tenth of the speed
    fields["attention_layers"] = tuple(fields.get("attention_layers", ()))
    fields["data"] = Path(data or fields.get("data", "training/data"))
    fields["out"] = Path(out or fields.get("out", f"training/runs/{fields['name']}"))
    begin = start or fields.pop("start", None)
    fields["start"] = Path(begin) if begin else None
    return Run(stages=stages, **fields)
