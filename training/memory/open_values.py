"""Values without a list: names, titles, numbers and topics put together by rule, most of them of several tokens."""

import random

from training.memory import values as v

ONSETS = v.words("b, br, c, ch, d, dr, f, fl, g, gr, h, j, k, kr, l, m, n, p, pr, qu, r, s, sh, sk, st, t, th, tr, v, w, y, z")
NUCLEI = v.words("a, e, i, o, u, ae, ai, au, ea, ee, ia, ie, io, oo, ou, y")
ENDS = v.words("n, l, r, s, m, t, k, x, nd, rt, lle, ra, na, ko, sen, ez, ová, ski, berg, ton, wick, mund, ias, ette, ina, us, o, a, i, e")
ADJECTIVES = v.words("""silent, crooked, golden, hollow, hungry, distant, broken, lazy, electric, frozen, gentle, hidden, iron, late, little, lonely, loud, lucky, midnight, nervous,
open, painted, paper, purple, quiet, restless, rolling, salty, second, secret, seven, shy, sleepy, slow, stone, stubborn, sudden, tall, tiny, twisted, wandering, wild, windy, wooden, younger, burning, cheerful, clever""")
NOUNS = v.words("""badger, balloon, barrel, bell, bicycle, bridge, button, canal, carrot, chimney, circus, clock, cloud, comet, corner, crane, drum, duck, echo, elbow, farmer, fence, fig, fox,
giraffe, goose, hedge, heron, hill, honey, kite, lake, letter, lighthouse, mango, mill, mirror, moth, mountain, mushroom, ocean, onion, owl, pancake, pigeon, pilot, pocket, potato, puddle, pyramid, radio,
river, road, robin, sailor, sandwich, shovel, snail, spoon, squirrel, storm, table, teapot, tower, tractor, train, trumpet, turnip, village, wheel, whistle, window, wolf""")
TOPICS = v.words("""medieval bridges, deep-sea fish, the history of salt, glaciers, garden birds, electric cars, early cinema, ancient maps, coral reefs, honey bees, volcanoes, folk songs, sleep, the plague,
old windmills, desert plants, fossils, submarines, tides, wild mushrooms, radio waves, the moon, comics, railway stations, tea, paper making, chess openings, polar expeditions, whales, spiders, street food,
Roman roads, optical lenses, cathedral windows, river deltas, meteorites, puppets, sign language, rice farming, wolves, dialects, ship wrecks, orchids, soil, clouds""")
FEARS = v.words("spiders, heights, snakes, thunder, the dark, dogs, flying, needles, deep water, clowns, mice, lifts, wasps, crowds, ghosts, bats")
COLLECTED = v.words("stamps, coins, postcards, old maps, tea cups, sea shells, records, comic books, bottle caps, clocks, dolls, fossils, toy trains, posters, keys, feathers, buttons, teapots, matchboxes, globes")
MATERIALS = v.words("oak, glass, steel, leather, wool, bamboo, brass, cotton, marble, plastic, clay, silk, copper, linen, granite, pine")


def invented_name(r: random.Random) -> str:
    """A name that no text has."""
    return "".join(r.choice(ONSETS) + r.choice(NUCLEI) for _ in range(r.choice([1, 1, 2]))).capitalize() + r.choice(ENDS)


def first_name(r: random.Random) -> str:
    return r.choice(v.FIRST) if r.random() < 0.5 else invented_name(r)


def person(r: random.Random) -> str:
    last = r.random()
    return first_name(r) + (f" {r.choice(v.LAST) if last < 0.1 else invented_name(r)}" if last < 0.2 else "")


def town(r: random.Random) -> str:
    return r.choice(v.CITIES) if r.random() < 0.6 else invented_name(r) + r.choice(["", "", "burg", "stad", "ville", "ford", "field", " Bay", " Hill"])


def title(r: random.Random) -> str:
    """Two or three capitalised words."""
    adjective, noun = r.choice(ADJECTIVES).title(), r.choice(NOUNS).title()
    return r.choice([f"{adjective} {noun}", f"The {adjective} {noun}", f"{noun} and {r.choice(NOUNS).title()}", f"{adjective} {noun}s", v.invented(r), noun])


def code(r: random.Random) -> str:
    digits = lambda n: "".join(r.choice("0123456789") for _ in range(n))  # noqa: E731
    return r.choice([digits(3), digits(4), digits(4), digits(5), digits(6), v.letters_and_digits(r), f"{digits(2)}-{digits(2)}", f"{digits(3)}-{v.letters_and_digits(r)[:1]}", f"#{digits(4)}"])


def when(r: random.Random) -> str:
    return r.choice([r.choice(v.DAYS), v.date(r), v.day_and_time(r), f"{r.choice(v.DAYS)}", f"the {r.randrange(2, 29)}th of {r.choice(v.MONTHS)}"])


def amount(r: random.Random) -> str:
    return r.choice([str(r.randrange(2, 99)), str(r.randrange(100, 3000)), f"{r.randrange(1, 60)}.{r.randrange(10, 99)}"])


def count(r: random.Random) -> str:
    return r.choice(["two", "three", "four", "five", "six", "seven", "eight", "nine", "ten", "eleven", "twelve"]) if r.random() < 0.6 else str(r.randrange(2, 40))


def spot(r: random.Random) -> str:
    """Where a thing lies, from the preposition on."""
    return r.choice([f"in {r.choice(v.FURNITURE)}", f"on the {r.choice(['shelf', 'table', 'balcony', 'window sill', 'back seat', 'roof', 'piano', 'stairs'])}", f"under the {r.choice(['bed', 'sofa', 'doormat', 'stairs', 'desk'])}",
                     f"behind the {r.choice(['door', 'curtain', 'shed', 'books', 'fridge'])}", f"next to the {r.choice(['lamp', 'printer', 'coffee machine', 'entrance', 'oven'])}", f"at {r.choice(v.PLACES)}", f"on level {r.randrange(1, 12)}"])
