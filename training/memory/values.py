"""What facts are about: pools of values, and which of them are held out for evaluation.

A value or a phrasing is held out by the hash of its letters alone, so that the split stays the same when lists grow.
"""

import hashlib
import random
import re
from collections.abc import Callable, Sequence
from functools import cache

HELD_SHARE = 0.12


def rank(text: str) -> float:
    """0 … 1, from the text's letters and digits alone."""
    letters = re.sub(r"[^a-z0-9]+", " ", text.lower()).strip()
    return int(hashlib.sha256(letters.encode()).hexdigest()[:8], 16) / 16**8


def is_held(value: str) -> bool:
    return rank(value) < HELD_SHARE


@cache
def split_phrasings(phrasings: str, held: bool) -> list[str]:
    """The held-out phrasings of a list parted by bars, or the others: about every eighth is held out, and one at least."""
    ordered = sorted((p.strip() for p in phrasings.split("|")), key=rank)
    distinct = sorted({rank(p) for p in ordered})
    limit = distinct[max(1, round(len(distinct) / 8)) - 1] if len(distinct) > 1 else -1
    return [p for p in ordered if (rank(p) <= limit) == held] or ordered


def words(text: str) -> list[str]:
    return [part.strip() for part in text.replace("\n", " ").split(",") if part.strip()]


FIRST = words("""Abel, Ada, Adele, Ahmed, Aiko, Alba, Alice, Amara, Amir, Amy, Ana, Anders, Anita, Anna, Anton, Arjun, Astrid, Aurora, Ava, Basil, Beatrice,
Ben, Bianca, Boris, Bruno, Camila, Carla, Carlos, Cedric, Chen, Chloe, Clara, Clement, Cyrus, Dalia, Damian, Dana, Daniel, Darius, David, Diego, Dina,
Dmitri, Edith, Edwin, Elena, Eli, Elias, Ella, Elsa, Emil, Emma, Enzo, Erik, Esther, Ethan, Eva, Farah, Fatima, Felix, Fiona, Finn, Frank, Freya, Gabriel,
George, Gina, Giulia, Grace, Greta, Gustav, Hana, Hannah, Harriet, Hassan, Hector, Helen, Henry, Hiro, Hugo, Ian, Ibrahim, Ida, Ines, Ingrid, Irene, Isaac,
Isabel, Ivan, Ivy, Jack, James, Jana, Jasmine, Jasper, Javier, Jin, Joan, Joel, Johan, Jonas, Jose, Josephine, Julia, Kai, Karen, Karim, Kate, Kenji, Kira,
Klaus, Kofi, Lara, Lars, Laura, Layla, Leila, Lena, Leo, Leon, Levi, Liam, Lily, Linda, Lisa, Lucas, Lucia, Lukas, Luna, Magnus, Maja, Malik, Marco, Maria,
Marie, Mark, Marta, Martin, Mateo, Matilda, Max, Maya, Mei, Mia, Michael, Mila, Milo, Mira, Mohammed, Mona, Nadia, Naomi, Nate, Nia, Nicolas, Nils, Nina,
Noah, Noor, Nora, Olaf, Olga, Oliver, Olivia, Omar, Oscar, Otto, Pablo, Paula, Pedro, Penelope, Peter, Petra, Philip, Priya, Quentin, Rachel, Rafael, Raj,
Ravi, Rebecca, Rene, Reza, Rita, Robert, Rosa, Ruby, Ruth, Sam, Sana, Sara, Sasha, Sebastian, Selma, Simon, Sofia, Soren, Stella, Sven, Tamara, Tariq,
Tessa, Theo, Thomas, Tina, Tobias, Uma, Valeria, Vera, Victor, Vikram, Wanda, Wei, Will, Wren, Yara, Yuki, Yusuf, Zara, Zoe, Zoran""")
LAST = words("""Smith, Novak, Okafor, Tanaka, Silva, Rossi, Keller, Dubois, Haddad, Larsen, Kowalski, Moreau, Patel, Nguyen, Fischer, Castillo, Byrne, Lindqvist,
Petrov, Santos, Hughes, Weber, Marino, Sato, Osei, Khan, Jensen, Costa, Bauer, Murphy, Ortega, Popov, Singh, Wagner, Brown, Carter, Diaz, Evans, Fuller, Grant""")
CITIES = words("""Accra, Adelaide, Algiers, Amsterdam, Antwerp, Athens, Austin, Baku, Bangkok, Barcelona, Basel, Beirut, Berlin, Bergen, Bilbao, Bogota, Bologna,
Bordeaux, Boston, Bratislava, Bremen, Bristol, Brussels, Bucharest, Budapest, Cairo, Calgary, Cardiff, Casablanca, Chicago, Cologne, Copenhagen, Cork, Dakar,
Dallas, Delhi, Denver, Dresden, Dublin, Durban, Edinburgh, Florence, Gdansk, Geneva, Ghent, Glasgow, Graz, Hamburg, Hanoi, Havana, Helsinki, Istanbul, Jakarta,
Karachi, Kyoto, Krakow, Lagos, Leeds, Leipzig, Lima, Lisbon, Liverpool, Ljubljana, Lyon, Madrid, Malaga, Manila, Marseille, Melbourne, Miami, Milan, Minsk,
Montreal, Munich, Nairobi, Naples, Nice, Odessa, Osaka, Oslo, Ottawa, Palermo, Perth, Porto, Prague, Quito, Reykjavik, Riga, Rome, Rotterdam, Salzburg,
Santiago, Seattle, Seoul, Seville, Sofia, Stockholm, Sydney, Tallinn, Tbilisi, Tokyo, Toronto, Tunis, Turin, Utrecht, Valencia, Vancouver, Venice, Vienna,
Vilnius, Warsaw, Winnipeg, Zagreb, Zurich""")
COUNTRIES = words("""Argentina, Australia, Austria, Belgium, Brazil, Canada, Chile, China, Colombia, Croatia, Cuba, Denmark, Egypt, Estonia, Finland, Germany,
Ghana, Greece, Hungary, Iceland, India, Indonesia, Iran, Ireland, Italy, Jamaica, Japan, Kenya, Latvia, Malaysia, Mexico, Morocco, Nepal, Norway, Peru, Poland,
Portugal, Romania, Scotland, Serbia, Spain, Sweden, Thailand, Tunisia, Turkey, Uganda, Ukraine, Vietnam, Wales, Zambia""")
PETS = words("""dog, cat, hamster, rabbit, parrot, goldfish, turtle, horse, hedgehog, canary, ferret, guinea pig, iguana, kitten, puppy, budgie, gecko, pony,
tortoise, chinchilla, spaniel, poodle, terrier, corgi, beagle, tabby cat, mouse, cockatoo, snake, lizard, goat, duck""")
PET_NAMES = words("""Biscuit, Pepper, Nala, Rocky, Coco, Simba, Daisy, Shadow, Pumpkin, Ziggy, Mochi, Waffles, Toby, Loki, Bella, Oreo, Misty, Comet, Rusty, Juno,
Rex, Luna, Max, Milo, Charlie, Buddy, Ginger, Smokey, Tiger, Felix, Whiskers, Snowball, Bruno, Hazel, Olive, Pixel, Noodle, Cookie, Maple, Rufus""")
COLOURS = words("""red, blue, green, yellow, purple, orange, pink, brown, black, white, grey, crimson, teal, beige, navy, olive, indigo, maroon, cyan, magenta,
lavender, scarlet, emerald, amber, peach, lilac, turquoise, gold, silver, violet""")
JOBS = words("""teacher, nurse, lawyer, pilot, plumber, carpenter, baker, farmer, butcher, translator, midwife, tailor, surveyor, pharmacist, physicist,
electrician, bus driver, goldsmith, barber, florist, accountant, beekeeper, tour guide, vet, firefighter, violinist, programmer, waiter, judge, dancer, architect,
chemist, dentist, editor, gardener, journalist, librarian, mechanic, painter, photographer, police officer, sailor, singer, surgeon, taxi driver, welder""")
FOODS = words("""lasagne, ramen, falafel, dumplings, pancakes, goulash, sushi, tacos, ravioli, strawberries, mangoes, paella, porridge, hummus, pretzels, kimchi,
waffles, lentils, omelettes, risotto, pizza, curry, soup, cheese, chocolate, apples, grapes, salad, noodles, rice pudding, burgers, olives, peanuts, salmon""")
DRINKS = words("coffee, tea, green tea, orange juice, lemonade, milk, hot chocolate, water, apple juice, cola, mint tea, tomato juice, iced tea, espresso, cider, ginger ale")
HOBBIES = words("""chess, pottery, climbing, knitting, sailing, archery, birdwatching, photography, juggling, fencing, origami, running, skating, gardening,
surfing, calligraphy, astronomy, dancing, swimming, painting, cooking, hiking, cycling, fishing, reading, yoga, skiing, woodworking, baking, camping""")
SPORTS = words("football, tennis, basketball, hockey, rugby, cricket, volleyball, badminton, golf, swimming, judo, rowing, handball, boxing, baseball, squash")
INSTRUMENTS = words("piano, guitar, violin, cello, flute, drums, trumpet, harp, saxophone, clarinet, accordion, banjo, organ, oboe, ukulele, trombone")
LANGUAGES = words("Spanish, French, German, Italian, Portuguese, Dutch, Polish, Russian, Arabic, Japanese, Korean, Turkish, Greek, Swedish, Hindi, Finnish, Czech, Danish")
ALLERGIES = words("peanuts, pollen, cats, milk, eggs, shellfish, wheat, soy, dust, bee stings, strawberries, penicillin, latex, nuts, sesame, fish")
FRUITS = words("apples, pears, plums, cherries, oranges, bananas, grapes, peaches, walnuts, almonds, hazelnuts, raspberries, tomatoes, carrots, mushrooms, beans, onions, spinach")
SUBJECTS = words("mathematics, history, biology, physics, chemistry, geography, art, music, economics, literature, philosophy, law, medicine, computer science")
GENRES = words("jazz, rock, opera, folk, pop, classical music, blues, reggae, hip hop, country, techno, soul, metal, disco")
VEHICLES = words("Toyota, Volvo, Honda, Ford, Fiat, Skoda, Renault, Tesla, Mazda, BMW, Audi, Kia, Subaru, Nissan, Peugeot, scooter, motorbike, tram, bicycle, van")
ITEMS = words("""a laptop, a lamp, a winter coat, a pair of boots, a desk, a bookshelf, a camera, headphones, a tent, a kettle, a bicycle, a keyboard, a sofa, a rug,
a backpack, a watch, a mirror, a blender, two chairs, a phone case, a printer, a guitar, a raincoat, a suitcase""")
CODES = words("""lantern, anchor, falcon, meadow, thunder, copper, velvet, marble, compass, violin, harbor, saddle, walnut, glacier, bamboo, cobalt, ember,
feather, granite, hazel, island, jasmine, kettle, ladder, maple, nectar, onyx, pebble, quartz, ribbon, sapphire, temple, umbrella, valley, willow, zephyr, acorn,
beacon, cactus, dolphin, eclipse, fountain, gondola, helmet, igloo, jigsaw, kernel, lobster, magnet, napkin, otter, parcel, raven, salmon, tulip, unicorn,
vulture, wagon, yacht, zipper, biscuit, candle, dragon, engine, forest, garden, hammer, insect, jungle, lemon, monkey, needle, orchid, pencil, rocket, spider""")
MONTHS = words("January, February, March, April, May, June, July, August, September, October, November, December")
DAYS = words("Monday, Tuesday, Wednesday, Thursday, Friday, Saturday, Sunday")
SEASONS = words("spring, summer, autumn, winter")
PLACES = words("""the library, the station, the museum, the park, the café, the harbour, the town hall, the cinema, the bakery, the airport, the market square,
the swimming pool, the church, the school gate, the bookshop, the bus stop, the old bridge, the gym, the theatre, the hotel lobby""")
FURNITURE = words("""the drawer, the blue box, the kitchen cupboard, the garage, the attic, my backpack, the shoe box, the glove compartment, the desk, the cellar,
the green suitcase, the wardrobe, the flower pot, the piano bench, the toolbox, the fridge, the letter box, the shed""")
STREETS = words("Oak Street, Mill Lane, Station Road, Park Avenue, High Street, Church Road, River Street, Garden Lane, King Street, Bridge Road, Forest Way, Lake View, Elm Street, Rose Lane, Hill Road")
SYLLABLES = words("""zor, quil, ven, tash, mar, lo, dri, fen, gal, bri, tor, ax, il, mon, re, sha, vo, kel, pra, ny, ush, tem, or, wix, jud, bel, cra, dun, eth, fos, gri,
hal, ist, jor, kra, lum, mez, nov, oth, pex, qua, rud, sil, thar, ulm, vash, wen, yor, zel, ban, cor, dal, ek, fil""")

Sampler = Callable[[random.Random], str]


def pool(values: Sequence[str]) -> Sampler:
    return lambda r: r.choice(values)


def invented(r: random.Random) -> str:
    """A word that no text has, of several tokens."""
    return "".join(r.choice(SYLLABLES) for _ in range(r.choice([2, 2, 3]))).capitalize()


def letters_and_digits(r: random.Random) -> str:
    return "".join(r.choice("ABCDEFGHJKLMNPQRSTUVWXYZ") for _ in range(r.choice([1, 2, 2]))) + str(r.randrange(10, 10000))


def number(low: int, high: int) -> Sampler:
    return lambda r: str(r.randrange(low, high))


def any_number(r: random.Random) -> str:
    return str(r.randrange(10 ** r.choice([1, 2, 3, 4]), 10 ** r.choice([2, 3, 4, 5]) + 10 ** 4))


def full_name(r: random.Random) -> str:
    return r.choice(FIRST) + (" " + r.choice(LAST) if r.random() < 0.2 else "")


def date(r: random.Random) -> str:
    return f"{r.choice(MONTHS)} {r.randrange(1, 29)}" if r.random() < 0.6 else f"{r.randrange(1, 29)} {r.choice(MONTHS)}"


def clock(r: random.Random) -> str:
    return r.choice([f"{r.randrange(1, 12)}:{r.choice(['00', '15', '30', '45'])}", f"{r.randrange(7, 21)}:{r.randrange(10, 60)}", f"{r.randrange(1, 12)} {r.choice(['am', 'pm'])}"])


def day_and_time(r: random.Random) -> str:
    return f"{r.choice(DAYS)} at {clock(r)}"


def address(r: random.Random) -> str:
    return f"{r.randrange(2, 200)} {r.choice(STREETS)}"


def phone(r: random.Random) -> str:
    return f"{r.randrange(200, 1000)}-{r.randrange(1000, 10000)}"


def drawn(sampler: Sampler, r: random.Random, held: bool) -> str:
    """A value of the split that is wanted; where a pool has none, any value."""
    for _ in range(200):
        value = sampler(r)
        if is_held(value) == held:
            return value
    return value
