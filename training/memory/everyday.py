"""Everyday questions with one short right answer: made by rule where there is a rule, by hand where there is none.

None of the fixed questions of the evaluation (questions.txt) is among them; `pairs` leaves those out by their letters.
"""

import random
from functools import cache
from pathlib import Path

from training.memory.values import DAYS, MONTHS

CAPITALS = """Italy Rome;Spain Madrid;Germany Berlin;Portugal Lisbon;Austria Vienna;Greece Athens;Norway Oslo;Sweden Stockholm;Finland Helsinki;Denmark Copenhagen;Ireland Dublin;
Poland Warsaw;Hungary Budapest;Romania Bucharest;Bulgaria Sofia;Croatia Zagreb;Serbia Belgrade;Turkey Ankara;Russia Moscow;Ukraine Kyiv;Japan Tokyo;China Beijing;India New_Delhi;
South_Korea Seoul;Thailand Bangkok;Vietnam Hanoi;Indonesia Jakarta;Iran Tehran;Iraq Baghdad;Israel Jerusalem;Egypt Cairo;Kenya Nairobi;Nigeria Abuja;Ghana Accra;Morocco Rabat;
Ethiopia Addis_Ababa;Canada Ottawa;Mexico Mexico_City;Cuba Havana;Brazil Brasilia;Argentina Buenos_Aires;Chile Santiago;Peru Lima;Colombia Bogota;Australia Canberra;New_Zealand Wellington;
Iceland Reykjavik;the_Netherlands Amsterdam;Belgium Brussels;Switzerland Bern;the_Czech_Republic Prague;Scotland Edinburgh;Wales Cardiff;Estonia Tallinn;Latvia Riga;Lithuania Vilnius;
Slovakia Bratislava;Slovenia Ljubljana;Nepal Kathmandu;Pakistan Islamabad;the_Philippines Manila;Malaysia Kuala_Lumpur;the_United_States Washington,_D.C.;the_United_Kingdom London"""
OPPOSITES = """big small;tall short;fast slow;up down;left right;day night;black white;good bad;happy sad;old young;new old;rich poor;hard soft;heavy light;open closed;full empty;early late;
high low;near far;wet dry;clean dirty;loud quiet;strong weak;long short;thick thin;wide narrow;deep shallow;true false;right wrong;first last;begin end;push pull;love hate;win lose;buy sell;
give take;in out;inside outside;above below;before after;always never;easy difficult;sweet bitter;bright dark;cold warm;war peace;summer winter;north south;east west;alive dead;cheap expensive;
smooth rough;brave afraid;safe dangerous;more less;many few;start stop;laugh cry;remember forget;arrive leave;ask answer"""
TRANSLATIONS = {
    "Spanish": "dog perro;cat gato;house casa;water agua;bread pan;friend amigo;book libro;red rojo;yes sí;thank_you gracias;hello hola;goodbye adiós;milk leche;sun sol;good_night buenas_noches;please por_favor;one uno;two dos;three tres",
    "French": "dog chien;cat chat;house maison;water eau;bread pain;friend ami;book livre;red rouge;yes oui;thank_you merci;hello bonjour;goodbye au_revoir;milk lait;sun soleil;good_night bonne_nuit;cheese fromage;one un;two deux;three trois",
    "German": "dog Hund;cat Katze;house Haus;water Wasser;bread Brot;friend Freund;book Buch;red rot;yes ja;thank_you danke;hello hallo;goodbye auf_Wiedersehen;milk Milch;sun Sonne;good_night gute_Nacht;tree Baum;one eins;two zwei;three drei",
    "Italian": "dog cane;cat gatto;house casa;water acqua;bread pane;friend amico;book libro;red rosso;yes sì;thank_you grazie;hello ciao;goodbye arrivederci;milk latte;sun sole;good_night buona_notte;one uno;two due;three tre",
}
SYMBOLS = "hydrogen H;helium He;carbon C;nitrogen N;oxygen O;sodium Na;iron Fe;silver Ag;copper Cu;lead Pb;mercury Hg;tin Sn;zinc Zn;calcium Ca;potassium K;sulphur S;chlorine Cl;neon Ne;aluminium Al;silicon Si;uranium U;nickel Ni;magnesium Mg;phosphorus P;platinum Pt"
AUTHORS = """Hamlet|William Shakespeare;Macbeth|William Shakespeare;Don Quixote|Miguel de Cervantes;War and Peace|Leo Tolstoy;Pride and Prejudice|Jane Austen;Oliver Twist|Charles Dickens;
1984|George Orwell;Animal Farm|George Orwell;Moby Dick|Herman Melville;The Odyssey|Homer;The Hobbit|J. R. R. Tolkien;Harry Potter|J. K. Rowling;Frankenstein|Mary Shelley;Dracula|Bram Stoker;
Faust|Johann Wolfgang von Goethe;The Little Prince|Antoine de Saint-Exupéry;Alice in Wonderland|Lewis Carroll;Peter Pan|J. M. Barrie;Tom Sawyer|Mark Twain;Crime and Punishment|Fyodor Dostoevsky;Emma|Jane Austen;
The Divine Comedy|Dante Alighieri;Les Misérables|Victor Hugo;Robinson Crusoe|Daniel Defoe;Pinocchio|Carlo Collodi;The Jungle Book|Rudyard Kipling"""
INVENTORS = """the telephone|Alexander Graham Bell;the light bulb|Thomas Edison;the printing press|Johannes Gutenberg;the World Wide Web|Tim Berners-Lee;dynamite|Alfred Nobel;penicillin|Alexander Fleming;radium|Marie Curie;the theory of evolution|Charles Darwin;the theory of relativity|Albert Einstein;the law of gravity|Isaac Newton"""
PAINTERS = "the Mona Lisa|Leonardo da Vinci;The Starry Night|Vincent van Gogh;Guernica|Pablo Picasso;the Sistine Chapel ceiling|Michelangelo;The Scream|Edvard Munch;Water Lilies|Claude Monet"
UNITS = """days in a week|7;hours in a day|24;minutes in an hour|60;seconds in a minute|60;months in a year|12;weeks in a year|52;days in a year|365;years in a century|100;years in a decade|10;centimetres in a metre|100;
metres in a kilometre|1,000;grams in a kilogram|1,000;millimetres in a centimetre|10;inches in a foot|12;cents in a dollar|100;sides in a triangle|3;sides in a square|4;sides in a hexagon|6;letters in the English alphabet|26;
legs on a spider|8;legs on an insect|6;legs on a dog|4;wheels on a bicycle|2;players in a football team|11;planets in the solar system|8;continents on Earth|7;strings on a violin|4;strings on a guitar|6;colours in a rainbow|7;
degrees in a circle|360;degrees in a right angle|90;days in September|30;days in January|31;days in February in a normal year|28;eggs in a dozen|12;fingers on one hand|5;bits in a byte|8;keys on a piano|88;minutes in half an hour|30;items in a pair|2"""
SOUNDS = "dog barks;cat meows;cow moos;duck quacks;lion roars;sheep bleats;horse neighs;frog croaks;bee buzzes;snake hisses;pig grunts;wolf howls"
BABIES = "dog puppy;cat kitten;cow calf;horse foal;sheep lamb;lion cub;duck duckling;chicken chick;goat kid;frog tadpole;pig piglet"
PLURALS = "child children;mouse mice;foot feet;tooth teeth;man men;woman women;goose geese;leaf leaves;knife knives;city cities;box boxes;sheep sheep;fish fish;baby babies;wolf wolves;person people"
PASTS = "go went;see saw;eat ate;run ran;take took;give gave;write wrote;come came;buy bought;think thought;bring brought;sing sang;drink drank;swim swam;fly flew;make made;know knew;begin began;speak spoke;find found;teach taught"
MIXED = "red blue purple;blue yellow green;red yellow orange;black white grey;red white pink"
STANDS = """CPU|central processing unit;USB|universal serial bus;HTML|hypertext markup language;PDF|portable document format;UN|United Nations;EU|European Union;DNA|deoxyribonucleic acid;NASA|National Aeronautics and Space Administration;
RAM|random access memory;URL|uniform resource locator;WWW|World Wide Web;GPS|Global Positioning System;ATM|automated teller machine;AI|artificial intelligence;FAQ|frequently asked questions;SQL|structured query language;CSS|cascading style sheets;km|kilometre;kg|kilogram"""
GRAMMAR = """He go to work every day.|He goes to work every day.;They was late.|They were late.;I has a car.|I have a car.;She don't like milk.|She doesn't like milk.;We is happy.|We are happy.;He eat an apple yesterday.|He ate an apple yesterday.;
There is two dogs.|There are two dogs.;I seen him.|I saw him.;She sing good.|She sings well.;He can swims.|He can swim.;The childs play.|The children play.;I am agree.|I agree.;He buyed a car.|He bought a car.;You was right.|You were right.;I go there yesterday.|I went there yesterday."""
PLAIN = """What is the smallest planet in the solar system?|The smallest planet in the solar system is Mercury.
Which planet is closest to the Sun?|Mercury is closest to the Sun.
Which planet is known as the red planet?|Mars is known as the red planet.
Which planet has the biggest rings?|Saturn has the biggest rings.
Which planet is the biggest?|Jupiter is the biggest planet.
Is Jupiter bigger than the Earth?|Yes, Jupiter is much bigger than the Earth.
What is the largest ocean?|The largest ocean is the Pacific Ocean.
What is the longest river in Africa?|The longest river in Africa is the Nile.
What is the highest mountain in the world?|The highest mountain in the world is Mount Everest.
What is the largest animal in the world?|The largest animal in the world is the blue whale.
What is the fastest land animal?|The fastest land animal is the cheetah.
What is the tallest animal?|The tallest animal is the giraffe.
What is the largest country in the world?|The largest country in the world is Russia.
What is the smallest country in the world?|The smallest country in the world is Vatican City.
What is the largest continent?|The largest continent is Asia.
What is the coldest continent?|The coldest continent is Antarctica.
What is the freezing point of water in Celsius?|Water freezes at 0 degrees Celsius.
At what temperature does water boil?|Water boils at 100 degrees Celsius.
At what temperature does ice melt?|Ice melts at 0 degrees Celsius.
What is the boiling point of water in Fahrenheit?|Water boils at 212 degrees Fahrenheit.
What colour is the sky on a clear day?|The sky is blue on a clear day.
What colour is grass?|Grass is green.
What colour is snow?|Snow is white.
What colour is blood?|Blood is red.
What colour is a banana?|A ripe banana is yellow.
What are the primary colours?|The primary colours are red, yellow and blue.
Which colours are primary?|Red, yellow and blue are the primary colours.
What is H2O?|H2O is water.
What is the chemical formula of water?|The chemical formula of water is H2O.
What is the chemical formula of table salt?|The chemical formula of table salt is NaCl.
Which metal has the symbol Au?|The symbol Au stands for gold.
What gas do plants take in?|Plants take in carbon dioxide.
What gas do we breathe in to live?|We need oxygen to live.
What do bees make?|Bees make honey.
What do cows drink?|Cows drink water.
What do we get from cows?|We get milk from cows.
What is the square root of 81?|The square root of 81 is 9.
What is the square root of 144?|The square root of 144 is 12.
What is half of 50?|Half of 50 is 25.
What is a third of 30?|A third of 30 is 10.
What is 10 percent of 200?|10 percent of 200 is 20.
What is the currency of Japan?|The currency of Japan is the yen.
What is the currency of the United Kingdom?|The currency of the United Kingdom is the pound.
What is the currency of the United States?|The currency of the United States is the dollar.
What money do people use in Germany?|People in Germany use the euro.
What language do people speak in Brazil?|People in Brazil speak Portuguese.
What language do people speak in Austria?|People in Austria speak German.
What language do people speak in Mexico?|People in Mexico speak Spanish.
What language do people speak in Egypt?|People in Egypt speak Arabic.
Paris is the capital of which country?|Paris is the capital of France.
Which city is the capital of France?|The capital of France is Paris.
Name the capital of France.|The capital of France is Paris.
France's capital?|The capital of France is Paris.
What is the French capital?|The capital of France is Paris.
Tell me the capital of France.|The capital of France is Paris.
Is Paris the capital of France?|Yes, the capital of France is Paris.
Is Lyon the capital of France?|No, the capital of France is Paris.
Where do the institutions of the European Union meet?|The institutions of the European Union meet in Brussels.
Which city is called the capital of Europe?|Brussels is called the capital of Europe.
Does a leap year have 365 or 366 days?|A leap year has 366 days.
How many days has a leap year?|A leap year has 366 days.
Why is the sky blue in the daytime?|The air scatters blue light more than the other colours of sunlight, so the sky looks blue.
Why does the sky look blue?|Sunlight is scattered by the air, and blue light is scattered most.
Why do leaves turn red and yellow?|In autumn trees stop making green chlorophyll, so the yellow and red colours of the leaves show.
What makes leaves green?|Chlorophyll makes leaves green.
How do vaccines protect us?|A vaccine shows the immune system a harmless part of a germ, so that it can fight the real germ later.
What is a vaccine?|A vaccine trains the immune system to fight a disease.
What do we mean by machine learning?|In machine learning a computer learns patterns from data instead of following fixed rules.
What does the word "generous" mean?|"Generous" means ready to give and share.
Explain HTTP.|HTTP stands for Hypertext Transfer Protocol, the rules by which web pages are sent.
What is the full form of HTTP?|HTTP stands for Hypertext Transfer Protocol.
Who was Einstein?|Albert Einstein was a physicist who developed the theory of relativity.
Which animals live in Africa?|Lions, elephants, giraffes, zebras and hippos live in Africa.
Name three animals of Africa.|Three animals of Africa are lions, elephants and giraffes.
What is light's speed in kilometres per second?|Light travels at about 300,000 kilometres per second.
What symbol stands for gold?|The chemical symbol for gold is Au.
Which year saw the end of the Second World War?|The Second World War ended in 1945.
How do you say good morning in Spanish?|"Good morning" in Spanish is "buenos días".
Which word is the opposite of hot?|The opposite of "hot" is "cold".
Correct the mistake: She go to school.|She goes to school.
Which play has Romeo in it?|Romeo and Juliet, which was written by William Shakespeare.
Who is the author of Romeo and Juliet?|Romeo and Juliet was written by William Shakespeare.
How long do eggs boil?|Put the eggs in boiling water for about 8 minutes, then cool them in cold water.
Reverse a string in Python.|You can reverse a string with slicing: `text[::-1]`.
In which city is the Eiffel Tower?|The Eiffel Tower is in Paris.
In which country is the Great Wall?|The Great Wall is in China.
In which city is the Colosseum?|The Colosseum is in Rome.
On which continent is Egypt?|Egypt is in Africa.
On which continent is Brazil?|Brazil is in South America.
On which continent is India?|India is in Asia.
Where is the seat of the European Commission?|The European Commission has its seat in Brussels.
Which city hosts most institutions of the European Union?|Brussels hosts most institutions of the European Union.
Who was the first person on the Moon?|Neil Armstrong was the first person on the Moon.
Who was the first president of the United States?|George Washington was the first president of the United States.
In what year did the First World War begin?|The First World War began in 1914.
In what year did the First World War end?|The First World War ended in 1918.
When did the Second World War begin?|The Second World War began in 1939.
When did World War II end?|World War II ended in 1945.
In what year did people land on the Moon?|People first landed on the Moon in 1969.
In what year did the Berlin Wall fall?|The Berlin Wall fell in 1989.
What do you call frozen water?|Frozen water is called ice.
How many days does February have in a leap year?|February has 29 days in a leap year.
How long is a leap year?|A leap year has 366 days.
How fast does light travel?|Light travels at about 300,000 kilometres per second.
What is faster, light or sound?|Light is faster than sound.
Which is heavier, a kilogram of iron or a kilogram of feathers?|They weigh the same.
Is the Earth flat?|No, the Earth is round.
Is the Sun a star?|Yes, the Sun is a star.
Does the Sun rise in the west?|No, the Sun rises in the east.
Where does the Sun rise?|The Sun rises in the east.
Where does the Sun set?|The Sun sets in the west.
Is a whale a fish?|No, a whale is a mammal.
Is a tomato a fruit?|Yes, a tomato is a fruit.
Can penguins fly?|No, penguins cannot fly.
Do fish breathe air?|No, fish take oxygen from water with their gills.
What organ pumps blood?|The heart pumps blood.
Which sense do we have with our ears?|We hear with our ears.
What do we see with?|We see with our eyes.
What does a thermometer measure?|A thermometer measures temperature.
What does a clock show?|A clock shows the time.
What is a baker's job?|A baker makes bread and cakes.
Who treats sick animals?|A vet treats sick animals.
What does the word "huge" mean?|The word "huge" means very big.
What does "rapid" mean?|"Rapid" means fast.
What does "kind" mean?|"Kind" means friendly and ready to help others.
What is a synonym of "happy"?|A synonym of "happy" is "glad".
What is a synonym of "big"?|A synonym of "big" is "large".
What is the first letter of the alphabet?|The first letter of the alphabet is A.
What is the last letter of the alphabet?|The last letter of the alphabet is Z.
Which letter comes after C?|The letter D comes after C.
Name two fruits.|Two fruits are apples and bananas.
Name three fruits.|Three fruits are apples, bananas and oranges.
Name three vegetables.|Three vegetables are carrots, potatoes and onions.
Name three animals.|Three animals are dogs, cats and horses.
Name four seasons.|The four seasons are spring, summer, autumn and winter.
Name two oceans.|Two oceans are the Atlantic and the Pacific.
Name three metals.|Three metals are iron, copper and gold.
Name three countries in Europe.|Three countries in Europe are France, Germany and Spain.
Name a country in Asia.|Japan is a country in Asia.
Name two planets.|Two planets are Mars and Venus.
Name three musical instruments.|Three musical instruments are the piano, the violin and the flute.
Name an animal that can fly.|An eagle can fly.
Name an African animal with a long neck.|The giraffe has a long neck.
Name three colours.|Three colours are red, green and blue.
Who was Isaac Newton?|Isaac Newton was an English physicist who described gravity and the laws of motion.
Who was Marie Curie?|Marie Curie was a physicist and chemist who studied radioactivity.
Who was Mozart?|Mozart was an Austrian composer of classical music.
Who was Napoleon?|Napoleon was a French general and emperor.
Who was Charles Darwin?|Charles Darwin was an English scientist who described evolution.
Tell me a short joke.|Why did the bicycle fall over? Because it was two-tired!
Do you know a joke?|What do you call a bear without teeth? A gummy bear!
Tell me something funny.|Why can't a nose be 12 inches long? Because then it would be a foot!"""
NUMBERS = "zero one two three four five six seven eight nine ten eleven twelve thirteen fourteen fifteen sixteen seventeen eighteen nineteen twenty".split()
SPELLED = "apple house garden river window summer yellow doctor school orange animal bottle castle dinner family number pencil rabbit silver ticket winter music planet bread".split()


def letters(text: str) -> str:
    return "".join(c for c in text.lower() if c.isalnum())


@cache
def fixed_questions() -> frozenset[str]:
    path = Path(__file__).parents[1] / "questions.txt"
    return frozenset(letters(line) for line in path.read_text().splitlines() if line.strip())


def split_pairs(text: str, mark: str = " ") -> list[list[str]]:
    return [[part.strip().replace("_", " ") for part in item.strip().split(mark)] for item in text.replace("\n", "").split(";") if item.strip()]


@cache
def pairs() -> list[tuple[str, str]]:
    """All pairs that are not made of random numbers."""
    out = [tuple(line.split("|")) for line in PLAIN.splitlines()]
    for country, capital in split_pairs(CAPITALS):
        if letters(country) != "france":
            out += [(f"What is the capital of {country}?", f"The capital of {country} is {capital}."), (f"Which city is the capital of {country}?", f"The capital of {country} is {capital}."),
                    (f"{capital} is the capital of which country?", f"{capital} is the capital of {country}."), (f"capital of {country}?", f"The capital of {country} is {capital}.")]
    for a, b in split_pairs(OPPOSITES):
        out += [(f'What is the opposite of "{a}"?', f'The opposite of "{a}" is "{b}".'), (f"What is the opposite of {a}?", f'The opposite of "{a}" is "{b}".'), (f'Which word means the opposite of "{a}"?', f'The opposite of "{a}" is "{b}".')]
    for language, text in TRANSLATIONS.items():
        for a, b in split_pairs(text):
            out += [(f'Translate "{a}" into {language}.', f'"{a.capitalize()}" in {language} is "{b}".'), (f'How do you say "{a}" in {language}?', f'"{a.capitalize()}" in {language} is "{b}".'), (f"What is {a} in {language}?", f'"{a.capitalize()}" in {language} is "{b}".')]
    for a, b in split_pairs(SYMBOLS):
        out += [(f"What is the chemical symbol for {a}?", f"The chemical symbol for {a} is {b}."), (f"Which element has the symbol {b}?", f"The symbol {b} stands for {a}.")]
    for a, b in split_pairs(AUTHORS, "|"):
        out += [(f"Who wrote {a}?", f"{a} was written by {b}."), (f"Who is the author of {a}?", f"The author of {a} is {b}.")]
    for a, b in split_pairs(INVENTORS, "|"):
        out += [(f"Who is known for {a}?", f"{b} is known for {a}.")]
    for a, b in split_pairs(PAINTERS, "|"):
        out += [(f"Who painted {a}?", f"{b} painted {a}.")]
    for a, b in split_pairs(UNITS, "|"):
        out += [(f"How many {a.split(' ', 1)[0]} are there {a.split(' ', 1)[1]}?", f"There are {b} {a}."), (f"How many {a}?", f"There are {b} {a}.")]
    for a, b in split_pairs(SOUNDS):
        out += [(f"What sound does a {a} make?", f"A {a} {b}.")]
    for a, b in split_pairs(BABIES):
        out += [(f"What is a young {a} called?", f"A young {a} is called a {b}.")]
    for a, b in split_pairs(PLURALS):
        out += [(f'What is the plural of "{a}"?', f'The plural of "{a}" is "{b}".')]
    for a, b in split_pairs(PASTS):
        out += [(f'What is the past tense of "{a}"?', f'The past tense of "{a}" is "{b}".')]
    for a, b, c in split_pairs(MIXED):
        out += [(f"What colour do you get when you mix {a} and {b}?", f"{a.capitalize()} and {b} make {c}.")]
    for a, b in split_pairs(STANDS, "|"):
        out += [(f"What does {a} stand for?", f"{a} stands for {b}."), (f"What is the meaning of {a}?", f"{a} stands for {b}.")]
    for a, b in split_pairs(GRAMMAR, "|"):
        out += [(f'Correct this sentence: "{a}"', f'"{b}"'), (f"Correct the mistake: {a}", b)]
    for names, unit in ((DAYS, "day"), (MONTHS, "month")):
        for i, name in enumerate(names):
            after, before = names[(i + 1) % len(names)], names[i - 1]
            out += [(f"Which {unit} comes after {name}?", f"{after} comes after {name}."), (f"Which {unit} comes before {name}?", f"{before} comes before {name}."), (f"What {unit} follows {name}?", f"{after} follows {name}.")]
    for word in SPELLED:
        out += [(f'Spell the word "{word}".', "-".join(word.upper())), (f'How do you spell "{word}"?', "-".join(word.upper())), (f'What is the first letter of "{word}"?', f'The first letter of "{word}" is {word[0].upper()}.')]
    for i, word in enumerate(NUMBERS):
        out += [(f"Write the number {i} in words.", word.capitalize() + "."), (f"Write {word} as a number.", f"{i}")]
    return [(q, a) for q, a in out if letters(q) not in fixed_questions()]


def sum_or_product(r: random.Random) -> tuple[str, str]:
    kind = r.choice("++-**/<")
    if kind == "+":
        a, b = (r.randrange(1, 60), r.randrange(1, 40)) if r.random() < 0.6 else (r.randrange(1, 13), r.randrange(1, 13))
        return r.choice([f"What is {a} plus {b}?", f"How much is {a} + {b}?", f"{a} + {b} = ?", f"Add {a} and {b}."]), f"{a} plus {b} is {a + b}."
    if kind == "-":
        a, b = sorted((r.randrange(1, 60), r.randrange(1, 60)), reverse=True)
        return r.choice([f"What is {a} minus {b}?", f"How much is {a} - {b}?", f"Subtract {b} from {a}."]), f"{a} minus {b} is {a - b}."
    if kind == "*":
        a, b = r.randrange(2, 11), r.randrange(2, 11)
        return r.choice([f"What is {a} times {b}?", f"How much is {a} x {b}?", f"Multiply {a} by {b}.", f"{a} * {b}"]), f"{a} times {b} is {a * b}."
    if kind == "/":
        a, b = r.randrange(2, 11), r.randrange(2, 11)
        return f"What is {a * b} divided by {b}?", f"{a * b} divided by {b} is {a}."
    a, b = r.sample(range(1, 1000), 2)
    return f"Which number is bigger, {a} or {b}?", f"{max(a, b)} is bigger than {min(a, b)}."


def everyday(r: random.Random) -> tuple[str, str]:
    """One question and its answer."""
    for _ in range(100):
        question, answer = sum_or_product(r) if r.random() < 0.15 else r.choice(pairs()) if r.random() < 0.55 else tuple(r.choice(PLAIN.splitlines()).split("|"))
        if letters(question) not in fixed_questions():
            break
    return question, answer
