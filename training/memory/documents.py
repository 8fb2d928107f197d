"""Reading what stands in the prompt: documents with planted lines, lists and tables, copying and picking out."""

import random

from training.memory import open_values as o
from training.memory import values as v
from training.memory.everyday import everyday
from training.memory.turns import PROVEN, Dialogue, system_turn

PLANTED = [  # sentence, question, answer
    ("The meeting takes place at {v}.", v.clock, "When does the meeting take place?", "The meeting takes place at {v}."),
    ("The password of the archive is {v}.", v.letters_and_digits, "What is the password of the archive?", "The password of the archive is {v}."),
    ("The author of this page is {v}.", v.full_name, "Who is the author of the page?", "The author of the page is {v}."),
    ("The library closes on {v}.", v.pool(v.DAYS), "On which day does the library close?", "The library closes on {v}."),
    ("The prototype was named {v}.", v.invented, "What was the prototype named?", "The prototype was named {v}."),
    ("Please send questions to {v}.", v.full_name, "To whom should questions be sent?", "Questions should be sent to {v}."),
    ("The factory stands in {v}.", v.pool(v.CITIES), "Where does the factory stand?", "The factory stands in {v}."),
    ("The total cost was {v} dollars.", v.number(100, 9999), "What was the total cost?", "The total cost was {v} dollars."),
    ("The new version appears on {v}.", v.date, "When does the new version appear?", "The new version appears on {v}."),
    ("The secret ingredient is {v}.", v.pool(v.FOODS), "What is the secret ingredient?", "The secret ingredient is {v}."),
    ("The winner of the prize was {v}.", v.full_name, "Who won the prize?", "The winner of the prize was {v}."),
    ("The spare key lies in {v}.", v.pool(v.FURNITURE), "Where does the spare key lie?", "The spare key lies in {v}."),
    ("The bus to the centre has the number {v}.", v.number(1, 99), "Which number has the bus to the centre?", "The bus to the centre has the number {v}."),
    ("The magic word in the tale is {v}.", v.pool(v.CODES), "What is the magic word in the tale?", "The magic word in the tale is {v}."),
]
COPIED = 0.6  # copies are long, and one token of them as good as another
OF = [  # what documents say of things: noun, value
    ("director", o.person), ("founder", o.person), ("height in metres", v.number(3, 900)), ("owner", o.person), ("architect", o.person), ("price in dollars", v.number(2, 5000)), ("password", o.code), ("colour", v.pool(v.COLOURS)),
    ("main town", o.town), ("year of opening", v.number(1780, 2025)), ("motto", o.title), ("partner", o.title), ("telephone number", v.phone), ("street address", v.address), ("code name", v.invented), ("number of visitors", v.number(40, 90000)),
    ("closing day", v.pool(v.DAYS)), ("opening time", v.clock), ("material", v.pool(o.MATERIALS)), ("symbol", v.pool(v.CODES)), ("editor", o.person), ("favourite dish", v.pool(v.FOODS)), ("successor", o.title), ("room number", v.number(1, 700)),
]
OF_SAID = ["The {n} of {x} is {v}.", "{v} is the {n} of {x}.", "For {x}, the {n} is {v}.", "As {n} of {x} the notes give {v}.", "{x} has {v} as its {n}.", "{x} ({n}: {v}) is well known.", "The {n} of {x} was changed to {v}."]
OF_ASKED = ["What is the {n} of {x}?", "Which {n} has {x}?", "What does the text say about the {n} of {x}?", "Tell me the {n} of {x}.", "{x}: what is the {n}?", "Find the {n} of {x} in the text.", "According to the text, what is the {n} of {x}?"]
COLUMNS = [("city", v.pool(v.CITIES), "Where does {k} live?", "{k} lives in {v}."), ("job", v.pool(v.JOBS), "What is {k}'s job?", "{k} works as a {v}."), ("number", v.number(10, 999), "What is {k}'s number?", "{k}'s number is {v}."),
           ("hobby", v.pool(v.HOBBIES), "What is {k}'s hobby?", "{k}'s hobby is {v}."), ("age", v.number(18, 90), "How old is {k}?", "{k} is {v} years old."), ("colour", v.pool(v.COLOURS), "Which colour has {k}?", "{k} has the colour {v}.")]


def statement(r: random.Random) -> tuple:
    """One more of the same form as PLANTED, about a thing with an invented name."""
    noun, sample = r.choice(OF)
    put = lambda text: text.replace("{n}", noun).replace("{x}", thing)  # noqa: E731
    thing = o.title(r) if r.random() < 0.6 else o.invented_name(r)
    return put(r.choice(OF_SAID)), sample, put(r.choice(OF_ASKED)), put("The {n} of {x} is {v}.")


def document(r: random.Random, sentences: list[str], held: bool = False) -> Dialogue:
    """Sentences of other text with some planted ones, and questions about these."""
    facts = r.sample(PLANTED, r.choice([1, 2, 3])) + [statement(r) for _ in range(0 if held else r.choice([0, 2, 4, 6]))]
    planted = [(fact, v.drawn(fact[1], r, held)) for fact in facts]
    text = list(sentences)
    for fact, value in planted:
        text.insert(r.randrange(len(text) + 1), fact[0].replace("{v}", value))
    dialogue = Dialogue(system_turn(r))
    body = " ".join(text)
    frame = r.choice(["Read this text:\n{t}", "{t}", "Here is a text.\n\n{t}", "Text:\n{t}\n\nI will ask you about it."])
    first = True
    r.shuffle(planted)
    planted = list({fact[2]: (fact, value) for fact, value in planted}.values())
    for fact, value in planted:
        question, answer = fact[2], fact[3].replace("{v}", value)
        if first and r.random() < 0.6:
            dialogue.add(frame.replace("{t}", body) + "\n\n" + question, answer, PROVEN)
        else:
            if first:
                dialogue.add(frame.replace("{t}", body), r.choice(["I have read it. What would you like to know?", "Thank you. What would you like to know about it?"]), 0.3)
            dialogue.add(question, answer, PROVEN)
        first = False
    return dialogue


MORE_COLUMNS = [("price", v.number(2, 900), "What is the price of {k}?", "The price of {k} is {v}."), ("code", o.code, "Which code has {k}?", "The code of {k} is {v}."), ("owner", o.first_name, "Who owns {k}?", "The owner of {k} is {v}."),
                ("place", o.town, "Where is {k}?", "The place of {k} is {v}."), ("weight", v.number(2, 400), "What is the weight of {k}?", "The weight of {k} is {v}."), ("word", v.pool(v.CODES), "Which word belongs to {k}?", "The word of {k} is {v}."),
                ("day", v.pool(v.DAYS), "Which day has {k}?", "The day of {k} is {v}."), ("stock", v.number(0, 999), "How many {k} are in stock?", "The stock of {k} is {v}."), ("colour", v.pool(v.COLOURS), "What is the colour of {k}?", "The colour of {k} is {v}.")]
GENERAL_ASKS = ["What is the {c} of {k}?", "{k}: {c}?", "Look up the {c} of {k}.", "Which {c} is given for {k}?", "Tell me {k}'s {c}.", "And the {c} of {k}?"]
KEYS = [lambda r: r.choice(v.FIRST), o.first_name, o.title, v.invented, lambda r: r.choice(v.CITIES), lambda r: r.choice(v.CODES), o.town]


def wide_listing(r: random.Random, words: list[str]) -> Dialogue:
    """A table of things of any name, and many questions, one after the other; `words` are keys and values too."""
    count = r.choice([3, 4, 6, 8, 10, 14])
    word = lambda r: r.choice(words)  # noqa: E731
    make = r.choice([*KEYS, word])
    keys = list(dict.fromkeys(make(r) for _ in range(count)))
    columns = r.sample([*MORE_COLUMNS, *COLUMNS, ("word", word, "Which word stands beside {k}?", "The word of {k} is {v}.")], r.choice([1, 1, 1, 2, 3]))
    columns = list({c[0]: c for c in columns}.values())
    cells = {(k, c[0]): c[1](r) for k in keys for c in columns}
    if len(columns) > 1 or r.random() < 0.4:
        first = r.choice(["name", "item", "entry", "key"])
        rows = [f"| {first} | " + " | ".join(c[0] for c in columns) + " |", "|---" * (len(columns) + 1) + "|"]
        rows = [row for row in rows if r.random() < 0.95] + [f"| {k} | " + " | ".join(cells[k, c[0]] for c in columns) + " |" for k in keys]
    else:
        mark, bullet = r.choice([": ", " - ", ", ", " = ", " -> ", " "]), r.choice(["", "", "- ", "* "])
        rows = [f"{bullet}{k}{mark}{cells[k, columns[0][0]]}" for k in keys]
    head = r.choice(["Here is a list ({c}):", "{c}:", "Keep this list ({c}):", "This table shows the {c}.", "Remember this:", "My notes on the {c}:", "Look at this:"]).replace("{c}", " and ".join(c[0] for c in columns))
    dialogue, asks = Dialogue(system_turn(r)), []
    for k in r.sample(keys, min(len(keys), r.choice([4, 6, 8, 10]))):
        c = r.choice(columns)
        question = (r.choice(GENERAL_ASKS) if r.random() < 0.5 else c[2]).replace("{c}", c[0]).replace("{k}", k)
        asks.append((question, c[3].replace("{k}", k).replace("{v}", cells[k, c[0]])))
        owners = [p for p in keys if cells[p, c[0]] == cells[k, c[0]]]
        if len(owners) == 1 and r.random() < 0.2:
            asks.append((r.choice(["Who or what has the {c} {v}?", "Which one has the {c} {v}?"]).replace("{c}", c[0]).replace("{v}", cells[k, c[0]]), f"{k} has the {c[0]} {cells[k, c[0]]}."))
    if r.random() < 0.4:
        dialogue.add(head + "\n" + "\n".join(rows) + "\n\n" + asks[0][0], asks.pop(0)[1], PROVEN)
    else:
        dialogue.add(head + "\n" + "\n".join(rows), "Got it. What would you like to know about the list?", 0.3)
    for question, answer in asks:
        dialogue.add(question, answer, PROVEN)
    return dialogue


def listing(r: random.Random, held: bool = False) -> Dialogue:
    """A list or a table of people, and several questions."""
    columns = r.sample(COLUMNS, r.choice([1, 1, 2]))
    people = r.sample(v.FIRST, r.choice([3, 4, 6, 8, 12, 16]))
    cells = {(k, c[0]): v.drawn(c[1], r, held) for k in people for c in columns}
    if len(columns) == 2 or r.random() < 0.4:
        rows = ["| name | " + " | ".join(c[0] for c in columns) + " |", "|---" * (len(columns) + 1) + "|"]
        rows += [f"| {k} | " + " | ".join(cells[k, c[0]] for c in columns) + " |" for k in people]
    else:
        mark = r.choice([": ", " - ", ", ", " = "])
        rows = [f"{k}{mark}{cells[k, columns[0][0]]}" for k in people]
    dialogue = Dialogue(system_turn(r))
    head = r.choice(["Here is a list of people with their {c}:", "People and their {c}:", "Keep this list ({c}):", "This table shows the {c} of some people."]).replace("{c}", " and ".join(c[0] for c in columns))
    dialogue.add(head + "\n" + "\n".join(rows), r.choice(["Thank you. What would you like to know?", "Got it. What would you like to know about the list?"]), 0.3)
    for k in r.sample(people, min(len(people), r.choice([2, 3, 5]))):
        c = r.choice(columns)
        value = cells[k, c[0]]
        owners = [p for p in people if cells[p, c[0]] == value]
        if len(owners) == 1 and r.random() < 0.25:
            dialogue.add(f"Who has the {c[0]} {value}?", f"{k} has the {c[0]} {value}.", PROVEN)
        else:
            dialogue.add(c[2].replace("{k}", k), c[3].replace("{k}", k).replace("{v}", value), PROVEN)
        if r.random() < 0.15:
            dialogue.add(*everyday(r), PROVEN)
    return dialogue


def copying(r: random.Random, held: bool = False) -> Dialogue:
    """A string to be repeated exactly: words, invented words, digits, or a sentence."""
    dialogue = Dialogue(system_turn(r))
    for _ in range(r.choice([1, 2])):
        kind = r.choice(["words", "words", "invented", "digits", "mixed", "names"])
        count = r.choice([3, 5, 8, 12, 18])
        make = {"words": lambda: r.choice(v.CODES + v.FOODS + v.HOBBIES), "invented": lambda: v.invented(r).lower(), "digits": lambda: str(r.randrange(10, 10000)),
                "mixed": lambda: r.choice([v.letters_and_digits(r), r.choice(v.CODES), v.invented(r), str(r.randrange(100))]), "names": lambda: r.choice(v.FIRST)}[kind]
        items = [make() for _ in range(count)]
        text = r.choice([" ", " ", ", ", "; "]).join(items)
        if r.random() < 0.35:
            head = r.choice(["Remember this line: ", "Here is a line: ", "Keep this in mind: "])
            dialogue.add(head + text, r.choice(["I will keep it in mind.", "Got it."]), 0.3)
            if r.random() < 0.5:
                dialogue.add(*everyday(r), PROVEN)
            dialogue.add(r.choice(["Repeat the line.", "What was the line?", "Say the line again."]), text, COPIED)
        else:
            head = r.choice(["Repeat exactly: ", "Copy this: ", "Repeat after me: ", "Write this again, word for word: ", "Copy the following text exactly.\n", "Say this: "])
            dialogue.add(head + text, text, COPIED)
    return dialogue


HEADS = ["Repeat exactly: ", "Copy this: ", "Repeat after me: ", "Write this again, word for word: ", "Copy the following text exactly.\n", "Say this: ", "Repeat: ", "Echo this back: ", "Please repeat these words: ", "Type this once more: "]


def random_words(r: random.Random, words: list[str]) -> Dialogue:
    """Lines of words that nothing connects, to be repeated, and questions about which one stands where."""
    dialogue = Dialogue(system_turn(r))
    for _ in range(r.choice([1, 2, 3])):
        line = [r.choice(words) for _ in range(r.choice([4, 6, 10, 15, 20, 25, 30]))]
        text = " ".join(line)
        dialogue.add(r.choice(HEADS) + text, text, PROVEN)
        if len(set(line)) < len(line):
            continue
        for _ in range(r.choice([0, 1, 2, 3])):
            at = r.randrange(len(line) - 1)
            question, answer = r.choice([(f"Which word comes after {line[at]}?", f"After {line[at]} comes {line[at + 1]}."), (f"Which word comes before {line[at + 1]}?", f"Before {line[at + 1]} comes {line[at]}."), ("What is the first word?", f"The first word is {line[0]}."), ("What is the last word?", f"The last word is {line[-1]}.")])
            dialogue.add(question, answer, PROVEN)
    return dialogue


def picking(r: random.Random, held: bool = False) -> Dialogue:
    """Short extraction: a name, a number, a date or an item out of a sentence or a list."""
    name, city, amount, day, item = v.drawn(v.full_name, r, held), r.choice(v.CITIES), str(r.randrange(2, 900)), v.date(r), r.choice(v.ITEMS)
    sentence = r.choice([f"{name} travelled to {city} on {day} and paid {amount} dollars for {item}.", f"On {day}, {name} from {city} bought {item} for {amount} dollars.", f"{item.capitalize()} for {amount} dollars was sent to {name} in {city} on {day}."])
    asks = [("Who is named in this sentence?", name), ("Which city is named?", city), ("Which amount is named?", f"{amount} dollars"), ("Which date is named?", day), ("What was it about?", item[:1].upper() + item[1:])]
    dialogue = Dialogue(system_turn(r))
    r.shuffle(asks)
    dialogue.add(f"{asks[0][0]}\n{sentence}" if r.random() < 0.5 else f'"{sentence}" {asks[0][0]}', asks[0][1] + ".", PROVEN)
    for question, answer in asks[1 : r.choice([1, 2, 3])]:
        dialogue.add(question, answer + ".", PROVEN)
    if r.random() < 0.5:
        things = r.sample(v.FOODS + v.CODES, r.choice([3, 4, 5]))
        place, word = r.choice([(0, "first"), (1, "second"), (2, "third"), (-1, "last")])
        dialogue.add(f"My list: {', '.join(things)}. Which is the {word} one?", f"The {word} one is {things[place]}.", PROVEN)
        if r.random() < 0.5:
            dialogue.add("How many things are on the list?", f"There are {len(things)} things on the list.", PROVEN)
    return dialogue
