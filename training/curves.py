"""A run's log: one line of JSON per step, and the curves drawn from it."""

import json
from pathlib import Path

import matplotlib

matplotlib.use("Agg")
import matplotlib.pyplot as plt  # noqa: E402 -- the backend must be chosen first

SMOOTHING = 20  # steps averaged for the strong line


class Log:
    """Appends rows to `log.jsonl`; rows after a resumed checkpoint are dropped first."""

    def __init__(self, path: Path):
        self.path = path

    def rows(self) -> list[dict]:
        if not self.path.exists():
            return []
        lines = self.path.read_text().splitlines()
        return [json.loads(line) for line in lines if line.endswith("}")]  # a kill can cut the last line

    def rewind(self, stage: int, step: int) -> None:
        """Keeps what happened before step `step` of stage `stage`."""
        kept = [r for r in self.rows() if (r["stage"], r["step"]) < (stage, step)]
        self.path.write_text("".join(json.dumps(row) + "\n" for row in kept))

    def add(self, **row) -> None:
        with self.path.open("a") as file:
            file.write(json.dumps(row) + "\n")


def running_mean(values: list[float]) -> list[float]:
    return [sum(values[max(0, i + 1 - SMOOTHING) : i + 1]) / len(values[max(0, i + 1 - SMOOTHING) : i + 1]) for i in range(len(values))]


def draw(rows: list[dict], path: Path, title: str) -> None:
    """One panel per stage: training loss (thin, and smoothed) and held-out loss (dots) over tokens."""
    stages = sorted({row["stage"] for row in rows if "loss" in row})
    if not stages:
        return
    figure, panels = plt.subplots(1, len(stages), figsize=(5 * len(stages), 3.6), squeeze=False)
    for panel, stage in zip(panels[0], stages):
        steps = [r for r in rows if r["stage"] == stage and "loss" in r]
        tokens = [r["tokens"] / 1e3 for r in steps]
        panel.plot(tokens, [r["loss"] for r in steps], linewidth=0.5, alpha=0.4)
        panel.plot(tokens, running_mean([r["loss"] for r in steps]), linewidth=1.5, label="training")
        held = [r for r in rows if r["stage"] == stage and "held" in r]
        for kind in sorted({k for r in held for k in r["held"]}):
            panel.plot([r["tokens"] / 1e3 for r in held], [r["held"][kind] for r in held], "o-", markersize=3, label=f"held-out {kind}")
        panel.set_title(f"{title}: {steps[0]['kind']}", fontsize=9)
        panel.set_xlabel("thousand tokens")
        panel.set_ylabel("relative squared error" if steps[0]["kind"] == "layer-by-layer" else "KL to the teacher, nats")
        panel.set_yscale("log")
        panel.legend(fontsize=8)
    figure.tight_layout()
    figure.savefig(path, dpi=80)
    plt.close(figure)
