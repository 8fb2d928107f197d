"""Measures a forecaster's pack, as the engine runs it, on public series that nobody trained on: statsmodels' own.

    python -m training.forecast.evaluate models/rivulet-forecast

Prints a table: MASE (scaled by the seasonal naive error of the past), weighted quantile loss over nine quantiles, and how many values lie in the
50, 80 and 95 % intervals, beside seasonal naive, AutoETS and AutoARIMA (statsforecast); then precision, recall and delay on injected faults beside a
z-score on seasonal differences. Needs statsmodels and statsforecast, and Node for the engine.
"""

import argparse
import json
import subprocess
import warnings
from pathlib import Path

import numpy as np

from training.forecast import series as synthetic

DECILES = [0.1, 0.2, 0.3, 0.4, 0.5, 0.6, 0.7, 0.8, 0.9]
EDGES = [0.025, 0.25, 0.75, 0.975]
QUANTILES = sorted(DECILES + EDGES)
WINDOWS = 4
LEVELS = [20, 40, 50, 60, 80, 95]


def public() -> list[dict]:
    """{name, period, horizon, values}, longest gaps filled by nobody: NaN stays a gap."""
    from statsmodels import datasets

    co2 = datasets.co2.load_pandas().data["co2"]
    elnino = datasets.elnino.load_pandas().data.set_index("YEAR").to_numpy().ravel()
    macro = datasets.macrodata.load_pandas().data
    made = [
        ("co2 weekly", 52, 26, co2.to_numpy()),
        ("co2 monthly", 12, 18, co2.resample("MS").mean().to_numpy()),
        ("nile yearly", 1, 6, datasets.nile.load_pandas().data["volume"].to_numpy()),
        ("sunspots yearly", 11, 11, datasets.sunspots.load_pandas().data["SUNACTIVITY"].to_numpy()),
        ("elnino monthly", 12, 12, elnino),
        *((f"macro {name}", 4, 8, macro[name].to_numpy()) for name in ("realgdp", "realcons", "realinv", "cpi", "unemp", "tbilrate")),
    ]
    return [{"name": n, "period": p, "horizon": h, "values": np.asarray(v, float)} for n, p, h, v in made]


def engine(pack: Path, asked: list[dict]) -> list[dict]:
    text = json.dumps([{**one, "values": [None if np.isnan(v) else float(v) for v in one["values"]]} for one in asked])
    done = subprocess.run(["node", "bench/forecast.ts", str(pack)], input=text, capture_output=True, text=True)
    if done.returncode:
        raise SystemExit(done.stderr)
    return json.loads(done.stdout)


def seasonal_naive(past: np.ndarray, horizon: int, period: int) -> np.ndarray:
    """(horizon, quantiles): the last season, spread by the spread of its own past errors."""
    filled = fill(past)
    steps = np.arange(horizon)
    centre = filled[len(filled) - period + steps % period]
    errors = filled[period:] - filled[:-period]
    spread = errors.std() * np.sqrt(1 + steps // period)
    from statistics import NormalDist

    return centre[:, None] + spread[:, None] * np.array([NormalDist().inv_cdf(q) for q in QUANTILES])


def fill(values: np.ndarray) -> np.ndarray:
    here = ~np.isnan(values)
    return np.interp(np.arange(len(values)), np.flatnonzero(here), values[here])


def classical(kind: str, past: np.ndarray, horizon: int, period: int) -> np.ndarray:
    from statsforecast.models import AutoARIMA, AutoETS

    season = period if period <= 24 else 1  # what AutoETS takes; longer seasons take AutoARIMA minutes
    model = {"AutoETS": AutoETS, "AutoARIMA": AutoARIMA}[kind](season_length=season)
    out = model.forecast(y=fill(past)[-600:], h=horizon, level=LEVELS)
    columns = []
    for q in QUANTILES:
        level = round(abs(1 - 2 * q) * 100)
        columns.append(out["mean"] if level == 0 else out[f"{'lo' if q < 0.5 else 'hi'}-{level}"])
    return np.stack(columns, 1)


def scores(forecasts: np.ndarray, truth: np.ndarray, past: np.ndarray, period: int) -> dict:
    """forecasts (horizon, quantiles). Gaps in the truth do not count."""
    here = ~np.isnan(truth)
    forecasts, truth = forecasts[here], truth[here]
    at = {q: forecasts[:, i] for i, q in enumerate(QUANTILES)}
    scale = np.nanmean(np.abs(past[period:] - past[:-period]))
    losses = [np.maximum(q * (truth - at[q]), (q - 1) * (truth - at[q])).sum() for q in DECILES]
    inside = lambda low, high: ((truth >= at[low]) & (truth <= at[high])).mean()  # noqa: E731
    return {
        "MASE": np.abs(truth - at[0.5]).mean() / scale,
        "WQL": 2 * np.mean(losses) / np.abs(truth).sum(),
        "in 50 %": inside(0.25, 0.75),
        "in 80 %": inside(0.1, 0.9),
        "in 95 %": inside(0.025, 0.975),
    }


def forecasting(pack: Path, paths: int) -> None:
    cases = []
    for one in public():
        for back in range(WINDOWS, 0, -1):
            end = len(one["values"]) - back * one["horizon"]
            cases.append({**one, "past": one["values"][:end], "truth": one["values"][end : end + one["horizon"]]})
    asked = [{"values": c["past"], "horizon": c["horizon"], "quantiles": QUANTILES, "paths": paths} for c in cases]
    ours = [np.array(a["forecast"]) for a in engine(pack, asked)]
    methods = {"this pack": lambda i, c: ours[i], "seasonal naive": lambda i, c: seasonal_naive(c["past"], c["horizon"], c["period"])}
    for kind in ("AutoETS", "AutoARIMA"):
        methods[kind] = lambda i, c, kind=kind: classical(kind, c["past"], c["horizon"], c["period"])
    table: dict[str, dict[str, list[dict]]] = {}
    for name, method in methods.items():
        for i, case in enumerate(cases):
            found = scores(method(i, case), case["truth"], case["past"], case["period"])
            table.setdefault(name, {}).setdefault(case["name"], []).append(found)
    mean = lambda rows, key: float(np.mean([row[key] for row in rows]))  # noqa: E731
    print("MASE by series\n" + " | ".join(["series", *methods]))
    for series_name in dict.fromkeys(c["name"] for c in cases):
        print(" | ".join([series_name, *(f"{mean(table[m][series_name], 'MASE'):.3f}" for m in methods)]))
    keys = ["MASE", "WQL", "in 50 %", "in 80 %", "in 95 %"]
    print("\nmean over series\n" + " | ".join(["method", *keys]))
    for name in methods:
        print(" | ".join([name, *(f"{np.mean([mean(rows, key) for rows in table[name].values()]):.3f}" for key in keys)]))


def anomalies(pack: Path, count: int = 40, length: int = 400, threshold: float = 0.002) -> None:
    """Spikes and level shifts put into synthetic series of a seed that training never reached."""
    r = np.random.default_rng([77, 1])
    cases = []
    while len(cases) < count:
        values = fill(synthetic.one(r, length))
        spread = np.abs(np.diff(values)).mean()
        if not spread > 0:
            continue
        at = int(r.integers(200, length - 20))
        size = r.choice([-1, 1]) * r.uniform(6, 15) * max(spread, 0.5 * values.std())
        if r.random() < 0.5:
            values[at] += size
        else:
            values[at:] += size
        cases.append((values, at))
    asked = [{"values": v, "horizon": 1, "quantiles": [0.5], "paths": 1} for v, _ in cases]
    tails = [np.array([np.nan if p is None else p for p in a["tails"]], float) for a in engine(pack, asked)]
    zs = []
    for values, _ in cases:
        steps = np.diff(values, prepend=values[0])
        z = np.array([abs(steps[t] - steps[:t].mean()) / (steps[:t].std() + 1e-12) if t > 30 else 0 for t in range(len(values))])
        zs.append(z)
    print("\ninjected faults (found within 5 values; alarms from value 100 on)\nmethod | precision | recall | mean delay")
    for name, fired in (("this pack", [t <= threshold for t in tails]), ("z-score of steps > 4", [z > 4 for z in zs])):
        found, alarms, right, delays = 0, 0, 0, []
        for fires, (_, at) in zip(fired, cases):
            hits = [t for t in range(at, at + 6) if fires[t]]
            found += bool(hits)
            delays += [hits[0] - at] if hits else []
            alarms += int(fires[100:].sum())
            right += len(hits)
        print(f"{name} | {right / max(1, alarms):.2f} | {found / len(cases):.2f} | {np.mean(delays) if delays else float('nan'):.2f}")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("pack", type=Path)
    parser.add_argument("--paths", type=int, default=24, help="futures of a forecast: 24, as the server draws")
    arguments = parser.parse_args()
    warnings.filterwarnings("ignore")
    forecasting(arguments.pack, arguments.paths)
    anomalies(arguments.pack)


if __name__ == "__main__":
    main()
