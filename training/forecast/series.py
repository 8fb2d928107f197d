"""Synthetic series to learn forecasting from: parts drawn at random are added and multiplied, in the manner of Chronos' KernelSynth.

Source of the idea: Chronos, arXiv 2403.07815, appendix A. A part is a function of (generator, length) -> (length,) float64 of about unit size.
No real series is read anywhere.
"""

import numpy as np

PERIODS = [4, 5, 6, 7, 12, 12, 12, 24, 24, 30, 48, 52, 60, 96, 7 * 24, 365.25 / 7, 144, 288]


def period(r: np.random.Generator) -> float:
    return float(r.choice(PERIODS)) if r.random() < 0.7 else float(np.exp(r.uniform(np.log(3), np.log(200))))


def unit(x: np.ndarray) -> np.ndarray:
    spread = x.std()
    return (x - x.mean()) / spread if spread > 1e-9 else x * 0


def harmonics(r, n, p=None):
    """A smooth season: a few harmonics whose strength falls."""
    p = p or period(r)
    t = np.arange(n) + r.uniform(0, p)
    count = r.integers(1, max(2, min(8, int(p // 2) + 1)))
    fall = r.uniform(0.5, 2)
    parts = [r.normal() / k**fall * np.sin(2 * np.pi * k * t / p + r.uniform(0, 6.3)) for k in range(1, count + 1)]
    return unit(sum(parts))


def template(r, n):
    """A season of any shape: one value for each phase."""
    p = max(2, round(period(r)))
    shape = r.normal(size=p) if r.random() < 0.6 else np.cumsum(r.normal(size=p)) - np.linspace(0, 1, p)
    if r.random() < 0.3:
        shape = (shape > np.quantile(shape, r.uniform(0.3, 0.9))).astype(float)
    return unit(np.roll(np.tile(shape, n // p + 2), r.integers(p))[:n])


def cycle(r, n):
    """A cycle whose length and height wander, as sunspots do."""
    p, wander = period(r), r.uniform(0, 0.1)
    phase = np.cumsum((1 + wander * r.normal(size=n)) * 2 * np.pi / p) + r.uniform(0, 6.3)
    wave = np.sin(phase)
    if r.random() < 0.5:
        wave = np.abs(wave) ** r.uniform(0.7, 2) * (1 if r.random() < 0.6 else np.sign(wave))
    return unit(wave * (1 + 0.4 * r.random() * smooth(r, n)))


def evolving(r, n):
    """A season that changes slowly."""
    p = max(2, round(period(r)))
    rate = r.uniform(0.02, 0.3)
    shape, out = r.normal(size=p), np.empty(n)
    for start in range(0, n, p):
        out[start : start + p] = shape[: n - start]
        shape = shape + rate * r.normal(size=p)
    return unit(out)


def smooth(r, n):
    """A smooth random function: random Fourier features of an RBF kernel."""
    width = np.exp(r.uniform(np.log(5), np.log(n)))
    w = r.normal(size=24) / width
    return unit(np.cos(np.outer(np.arange(n), w) + r.uniform(0, 6.3, 24)).sum(1) / 3.5)


def trend(r, n):
    t = np.linspace(0, 1, n)
    kind = r.integers(4)
    if kind == 0:
        return unit(t) * r.choice([-1, 1])
    if kind == 1:
        return unit(np.exp(t * r.uniform(0.5, 4)))  # growth
    if kind == 2:
        return unit(1 / (1 + np.exp(-(t - r.uniform(0.2, 0.8)) * r.uniform(5, 40))))
    knots = np.sort(r.uniform(0, 1, r.integers(1, 6)))
    return unit(sum(r.normal() * np.maximum(t - k, 0) for k in [0, *knots]))


def shifts(r, n):
    out = np.zeros(n)
    for at in r.integers(0, n, r.integers(1, 5)):
        out[at:] += r.normal()
    return unit(out)


def autoregressive(r, n):
    e = noise(r, n)
    if r.random() < 0.5:
        a, b = r.uniform(0.2, 0.99), 0.0
    else:  # a damped oscillation
        radius, angle = r.uniform(0.7, 0.995), 2 * np.pi / period(r)
        a, b = 2 * radius * np.cos(angle), -(radius**2)
    out, x, y = np.empty(n), 0.0, 0.0
    for t in range(n):
        x, y = a * x + b * y + e[t], x
        out[t] = x
    return unit(out)


def walk(r, n):
    steps = noise(r, n) + (r.normal() * 0.2 if r.random() < 0.4 else 0)
    if r.random() < 0.15:
        steps = np.cumsum(0.1 * steps) * 0.3 + steps  # the slope wanders as well
    return unit(np.cumsum(steps))


def noise(r, n):
    kind = r.integers(6)
    if kind <= 1:
        return r.normal(size=n)
    if kind == 2:
        return r.standard_t(r.uniform(2.2, 6), size=n)
    if kind == 3:
        return r.laplace(size=n)
    if kind == 4:
        return r.gamma(r.uniform(0.5, 4), size=n)
    return r.normal(size=n) * np.exp(0.7 * smooth(r, n))  # its strength changes


def counts(r, n):
    """Demand in whole pieces, often none."""
    rate = np.exp(r.uniform(-2.5, 3) + r.uniform(0, 1) * some(r, n, (harmonics, template, smooth, trend)))
    out = r.poisson(np.minimum(rate, 1e4)).astype(float)
    if r.random() < 0.4:
        out = out * (r.random(n) < r.uniform(0.1, 0.7)) * np.ceil(r.gamma(2, 2, n))
    return out


def chaos(r, n):
    kind = r.integers(4)
    out = np.empty(n)
    if kind == 0:
        x, rate = r.random(), r.uniform(3.57, 4)
        for t in range(n):
            x = rate * x * (1 - x)
            out[t] = x
    elif kind == 1:  # Hénon
        x, y, a = r.uniform(-0.1, 0.1), 0.0, r.uniform(1.2, 1.4)
        for t in range(n):
            x, y = 1 - a * x * x + y, 0.3 * x
            out[t] = x
    elif kind == 2:  # Lorenz
        x, y, z = r.normal(size=3) + [1, 1, 20]
        stride = r.integers(2, 12)
        for t in range(n):
            for _ in range(stride):
                x, y, z = x + 0.01 * 10 * (y - x), y + 0.01 * (x * (28 - z) - y), z + 0.01 * (x * y - 8 / 3 * z)
            out[t] = x
    else:  # Mackey-Glass
        lag = r.integers(12, 25)
        past = list(r.uniform(0.5, 1.2, lag + 1))
        for t in range(n):
            past.append(past[-1] + 0.2 * past[-1 - lag] / (1 + past[-1 - lag] ** 10) - 0.1 * past[-1])
            out[t] = past[-1]
    return unit(out)


def switching(r, n):
    """A machine with a few states, each of a level of its own, that stay for a while."""
    levels, stay = r.normal(size=r.integers(2, 5)), np.exp(r.uniform(np.log(3), np.log(80)))
    out, state = np.empty(n), 0
    for t in range(n):
        if r.random() < 1 / stay:
            state = r.integers(len(levels))
        out[t] = levels[state]
    return unit(out)


SEASONS = (harmonics, harmonics, template, template, evolving, cycle)
LEVELS = (trend, trend, smooth, shifts, walk, walk)
REST = (autoregressive, switching, chaos)


def some(r, n, parts):
    return parts[r.integers(len(parts))](r, n)


def one(r: np.random.Generator, n: int) -> np.ndarray:
    """One series (n,), NaN where a value is missing."""
    draw = r.random()
    if draw < 0.09:
        x = counts(r, n)
    elif draw < 0.14:
        x = chaos(r, n) + r.choice([0, 0, 0.1]) * r.normal(size=n)
    elif draw < 0.20:
        x = walk(r, n)
    else:
        x = np.zeros(n)
        for _ in range(r.choice([0, 1, 1, 1, 2, 2])):
            x += np.exp(r.normal() * 0.7) * some(r, n, SEASONS)
        for _ in range(r.choice([0, 0, 1, 1, 2])):
            x += np.exp(r.normal()) * some(r, n, LEVELS)
        if r.random() < 0.35:
            x += np.exp(r.normal() * 0.7) * some(r, n, REST)
        if r.random() < 0.2:  # a season that grows with the level
            x = x * (1.2 + np.tanh(smooth(r, n)))
        x = unit(x) if x.std() > 0 else x
        x = x + np.exp(r.uniform(np.log(0.01), np.log(1.5))) * unit(noise(r, n))
    if r.random() < 0.15:
        x = np.exp(unit(x) * r.uniform(0.2, 1.2))
    if r.random() < 0.08:
        x = np.maximum(x, np.quantile(x, r.uniform(0, 0.6)))
    if r.random() < 0.08:  # spikes
        x = x + (r.random(n) < r.uniform(0.002, 0.03)) * r.normal(size=n) * 6 * (x.std() + 1e-9)
    if r.random() < 0.06:  # a sensor with few digits
        step = (x.std() + 1e-9) * r.uniform(0.1, 1)
        x = np.round(x / step) * step
    if r.random() < 0.03:  # stands still for a while
        at, stays = r.integers(n), r.integers(5, 60)
        x[at : at + stays] = x[at]
    x = x * np.exp(r.normal() * 2) + r.normal() * r.choice([0, 1, 10])
    if r.random() < 0.12:
        x = np.where(r.random(n) < r.uniform(0.005, 0.15), np.nan, x)
        if r.random() < 0.5:
            at = r.integers(n)
            x[at : at + r.integers(1, 30)] = np.nan
    return x


def batch(seed: int, step: int, count: int, length: int) -> np.ndarray:
    """The series of one step, (count, length): the same for the same seed and step, whatever came before."""
    r = np.random.default_rng([seed, step])
    # A longer draw is cut, so that series do not all begin at the beginning of a trend or with unit spread.
    return np.stack([one(r, length + int(r.integers(0, 64)))[-length:] for _ in range(count)])
