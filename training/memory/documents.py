"""Reading what stands in the prompt: documents with planted lines, lists and tables, copying and picking out."""

import random

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
COPIED = 0.3  # copies are long, and one token of them as good as another
COLUMNS = [("city", v.pool(v.CITIES), "Where does {k} live?", "{k} lives in {v}."), ("job", v.pool(v.JOBS), "What is {k}'s job?", "{k} works as a {v}."), ("number", v.number(10, 999), "What is {k}'s number?", "{k}'s number is {v}."),
           ("hobby", v.pool(v.HOBBIES), "What is {k}'s hobby?", "{k}'s hobby is {v}."), ("age", v.number(18, 90), "How old is {k}?", "{k} is {v} years old."), ("colour", v.pool(v.COLOURS), "Which colour has {k}?", "{k} has the colour {v}.")]


def document(r: random.Random, sentences: list[str], held: bool = False) -> Dialogue:
    """Sentences of other text with some planted ones, and questions about these."""
    planted = [(fact, v.drawn(fact[1], r, held)) for fact in r.sample(PLANTED, r.choice([1, 2, 3]))]
    text = list(sentences)
    for fact, value in planted:
        text.insert(r.randrange(len(text) + 1), fact[0].replace("{v}", value))
    dialogue = Dialogue(system_turn(r))
    body = " ".join(text)
    frame = r.choice(["Read this text:\n{t}", "{t}", "Here is a text.\n\n{t}", "Text:\n{t}\n\nI will ask you about it."])
    first = True
    r.shuffle(planted)
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
