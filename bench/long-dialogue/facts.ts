/**
 * What a user tells of himself in a long dialogue, and how it is asked for later. `{v}` is the value,
 * `{w}` another one of its kind.
 *
 * `ask` has a word of the telling, `rephrase` asks for the same in other words, `other` is of the same kind and
 * about somebody else, `correct` takes the value back. A value is told as it stands before the first `=`; what
 * follows are other right wordings of it.
 */
export interface Fact {
  lang: "en" | "de" | "zh" | "number";
  tell: string[];
  ask: string[];
  rephrase: string[];
  other: string;
  correct: string;
  values: string[];
}

export const fact = (
  lang: Fact["lang"],
  tell: string[],
  ask: string[],
  rephrase: string[],
  other: string,
  correct: string,
  values: string,
): Fact => ({
  ...{ lang, tell, ask, rephrase, other, correct },
  values: values.split(", "),
});

/**
 * Of lines with what is told, asked in its words, asked in others, the same of somebody
 * else, and values, parted by bars.
 */
export const factRows = (lang: Fact["lang"], correction: string, rows: string): Fact[] =>
  rows
    .trim()
    .split("\n")
    .map((row) => {
      const [tell, ask, asked, other, values] = row.split("|") as [string, string, string, string, string];
      return fact(lang, [tell], [ask], [asked], other, correction + tell, values);
    });

/** The same with a correction of each line's own, before the values. */
export const correctedRows = (lang: Fact["lang"], rows: string): Fact[] =>
  rows
    .trim()
    .split("\n")
    .map((row) => {
      const [tell, ask, asked, other, correct, values] = row.split("|");
      return fact(lang, [tell!], [ask!], [asked!], other!, correct!, values!);
    });

/** The entries of a text that are parted by bars. Line ends in it mean nothing. */
export const listOf = (text: string): string[] => text.trim().replaceAll("\n", "").split("|");

export const facts: Fact[] = [
  fact(
    "en",
    ["My name is {v}.", "I'm {v}, by the way.", "You can call me {v}."],
    ["What is my name?"],
    ["Who am I?", "What am I called?"],
    "My cousin's name is {w}.",
    "I go by another name now: call me {v}.",
    "Imogen, Tariq, Wren, Soren, Yara, Quentin",
  ),
  fact(
    "en",
    ["I live in {v}.", "My home is in {v}.", "I moved to {v} last spring."],
    ["Where do I live?"],
    ["Which city is my home in?"],
    "My uncle lives in {w}.",
    "I have moved: I live in {v} now.",
    "Bergen, Ghent, Tbilisi, Quito, Dresden, Cork",
  ),
  fact(
    "en",
    ["My dog is called {v}.", "I have a dog. His name is {v}.", "Our puppy's name is {v}."],
    ["What is my dog called?"],
    ["What is the name of my pet?"],
    "My neighbour's dog is called {w}.",
    "We renamed the dog: he is called {v} now.",
    "Biscuit, Waffles, Mochi, Rusty, Juno, Pepper",
  ),
  fact(
    "en",
    ["My sister {v} is a nurse.", "I have a sister called {v}."],
    ["What is my sister's name?"],
    ["Which name does my sibling have?"],
    "My boss has a sister called {w}.",
    "Correction, my sister is called {v}.",
    "Petra, Olga, Nadia, Bianca, Freya, Leila",
  ),
  fact(
    "en",
    ["I work as a {v}.", "My job is being a {v}.", "I'm a {v} by trade."],
    ["What do I work as?"],
    ["What is my profession?", "What do I do for a living?"],
    "My flatmate works as a {w}.",
    "I changed jobs: now I work as a {v}.",
    "beekeeper, goldsmith, translator, midwife, surveyor, florist",
  ),
  fact(
    "en",
    ["I am allergic to {v}.", "Doctors found an allergy to {v} in me."],
    ["What am I allergic to?"],
    ["Which allergy do I have?"],
    "My nephew is allergic to {w}.",
    "It turned out that I am allergic to {v} instead.",
    "peanuts, walnuts, celery, shellfish, sesame, lupin",
  ),
  fact(
    "en",
    ["My favourite colour is {v}.", "The colour I like most is {v}."],
    ["What is my favourite colour?"],
    ["Which colour do I prefer?"],
    "Grandma's favourite colour is {w}.",
    "My favourite colour has changed to {v}.",
    "teal, maroon, indigo, amber, lilac, scarlet",
  ),
  fact(
    "en",
    ["For dinner I like {v} best.", "My favourite food is {v}."],
    ["What is my favourite food?"],
    ["Which dish do I like best?", "What do I love eating?"],
    "My colleague's favourite food is {w}.",
    "These days my favourite food is {v}.",
    "ramen, goulash, paella, dumplings, ravioli, falafel",
  ),
  fact(
    "en",
    ["In my free time I do {v}.", "My hobby is {v}."],
    ["What is my hobby?"],
    ["What do I do in my free time?"],
    "My dentist's hobby is {w}.",
    "I gave that up, my hobby is {v} now.",
    "archery, pottery, fencing, origami, calligraphy, birdwatching",
  ),
  fact(
    "en",
    ["I play the {v} in a small band.", "The instrument I play is the {v}."],
    ["Which instrument do I play?"],
    ["What do I play in the band?"],
    "My brother-in-law plays the {w}.",
    "I switched instruments and play the {v} now.",
    "cello, oboe, banjo, accordion, harp, trombone",
  ),
  fact(
    "en",
    ["The code word for the project is {v}.", "Our secret code word is {v}."],
    ["What is the code word?"],
    ["Which secret word did we agree on?"],
    "The other team's code word is {w}.",
    "The code word was changed to {v}.",
    "lantern, quartz, zephyr, walnut, harbor, thimble",
  ),
  fact(
    "en",
    ["My flight to the conference leaves from {v}.", "I fly to the conference from {v}."],
    ["Where does my flight to the conference leave from?"],
    ["From which place do I fly to the conference?"],
    "Tom's flight to the wedding leaves from {w}.",
    "The flight to the conference was rebooked, it leaves from {v}.",
    "Gatwick, Schiphol, Orly, Malpensa, Barajas, Kastrup",
  ),
  fact(
    "en",
    ["My landlord is Mr {v}.", "The landlord's name is Mr {v}."],
    ["Who is my landlord?"],
    ["What is my landlord called?"],
    "The mayor is Mr {w}.",
    "We have a new landlord, Mr {v}.",
    "Okafor, Lindqvist, Haddad, Byrne, Novak, Tanaka",
  ),
  fact(
    "en",
    ["I drive an old {v}.", "My car is a {v}."],
    ["Which car do I drive?"],
    ["What vehicle do I own?"],
    "The plumber drives a {w}.",
    "I sold that car and drive a {v} now.",
    "Saab, Lancia, Skoda, Peugeot, Subaru, Dacia",
  ),
  fact(
    "en",
    ["I studied {v} at university.", "My degree is in {v}."],
    ["What did I study at university?"],
    ["What is my degree in?"],
    "My aunt studied {w}.",
    "To be exact, I studied {v} at university.",
    "geology, theology, botany, linguistics, statistics, archaeology",
  ),
  fact(
    "en",
    ["The novel I am reading is about {v}.", "I'm reading a book about {v}."],
    ["What is the book I am reading about?"],
    ["What is my novel about?"],
    "My grandfather is reading a book about {w}.",
    "I put that book away and am reading one about {v}.",
    "whalers, alchemists, smugglers, astronauts, beavers, locksmiths",
  ),
  fact(
    "en",
    ["My meeting with the bank is on {v}.", "On {v} I have an appointment at the bank."],
    ["When is my meeting with the bank?"],
    ["Which day is my appointment at the bank?"],
    "Carla's meeting with the school is on {w}.",
    "The meeting with the bank was moved to {v}.",
    "Monday, Tuesday, Wednesday, Thursday, Friday, Saturday",
  ),
  fact(
    "en",
    ["My best friend {v} is coming to stay.", "{v} is my best friend."],
    ["What is the name of my best friend?"],
    ["Who is my best buddy?"],
    "My sister's best friend is {w}.",
    "We fell out; {v} is my best friend now.",
    "Vikram, Selma, Matteo, Astrid, Kenji, Noor",
  ),
  fact(
    "en",
    ["The wifi password is {v}.", "We set the wifi password to {v}."],
    ["What is the wifi password?"],
    ["Which passcode does the wifi have?"],
    "The printer's password is {w}.",
    "The wifi password has been changed to {v}.",
    "bluebottle, marzipan, candlewick, hedgerow, tumbleweed, foxglove",
  ),
  fact(
    "en",
    ["We got married in {v}.", "Our wedding was in {v}."],
    ["Where did we get married?"],
    ["In which town was our wedding?"],
    "My parents got married in {w}.",
    "I misspoke, we got married in {v}.",
    "Verona, Salzburg, Porto, Sibiu, Tallinn, Girona",
  ),
  fact(
    "number",
    ["My lucky number is {v}.", "The number that brings me luck is {v}."],
    ["What is my lucky number?"],
    ["Which number brings me luck?"],
    "My gran's lucky number is {w}.",
    "I have a new lucky number: {v}.",
    "417, 83, 2906, 731, 58, 6402",
  ),
  fact(
    "number",
    ["My locker number is {v}.", "I was given locker {v}."],
    ["What is my locker number?"],
    ["Which locker is mine?"],
    "Ben's locker number is {w}.",
    "They moved me, my locker number is {v} now.",
    "1184, 327, 946, 2051, 605, 3778",
  ),
  fact(
    "number",
    ["I am {v} years old.", "I turned {v} in March."],
    ["How old am I?"],
    ["What is my age?"],
    "The neighbour is {w} years old.",
    "I was joking before, I am {v} years old.",
    "34, 47, 29, 61, 52, 38",
  ),
  fact(
    "number",
    ["My flat is number {v}.", "I live in flat {v}."],
    ["What is the number of my flat?"],
    ["Which apartment is mine?"],
    "The caretaker lives in flat {w}.",
    "I moved down the hall to flat {v}.",
    "12b, 7c, 31a, 44d, 9f, 26e",
  ),
  fact(
    "number",
    ["The invoice came to {v} euros.", "I paid {v} euros for the invoice."],
    ["How much was the invoice?"],
    ["What did the invoice cost?"],
    "The fine was {w} euros.",
    "The invoice was corrected to {v} euros.",
    "1340, 289, 4175, 962, 3318, 750",
  ),
  fact(
    "number",
    ["My train leaves at {v}.", "I take the train at {v}."],
    ["When does my train leave?"],
    ["What time do I take the train?"],
    "Lena's bus leaves at {w}.",
    "The timetable changed, my train leaves at {v}.",
    "7:42, 16:05, 9:18, 21:33, 11:57, 6:26",
  ),
  fact(
    "de",
    ["Mein Hund heißt {v}.", "Ich habe einen Hund, er heißt {v}."],
    ["Wie heißt mein Hund?"],
    ["Welchen Namen hat mein Haustier?"],
    "Der Hund meines Nachbarn heißt {w}.",
    "Wir haben umbenannt: Mein Hund heißt jetzt {v}.",
    "Bello, Struppi, Waldi, Hasso, Fiete, Krümel",
  ),
  fact(
    "de",
    ["Ich arbeite als {v}.", "Von Beruf bin ich {v}."],
    ["Als was arbeite ich?"],
    ["Was ist mein Beruf?"],
    "Meine Tante arbeitet als {w}.",
    "Ich habe gewechselt und arbeite jetzt als {v}.",
    "Imker, Uhrmacher, Förster, Dachdecker, Apotheker, Lotse",
  ),
  fact(
    "de",
    ["Meine Schwester heißt {v}.", "Ich habe eine Schwester namens {v}."],
    ["Wie heißt meine Schwester?"],
    ["Welchen Namen trägt meine Schwester?"],
    "Die Schwester von Klaus heißt {w}.",
    "Ich habe mich vertan, meine Schwester heißt {v}.",
    "Gudrun, Heike, Svenja, Mareike, Antje, Wiebke",
  ),
  fact(
    "de",
    ["Mein Lieblingsessen ist {v}.", "Am liebsten esse ich {v}."],
    ["Was ist mein Lieblingsessen?"],
    ["Was esse ich am liebsten?"],
    "Das Lieblingsessen meines Onkels ist {w}.",
    "Inzwischen ist mein Lieblingsessen {v}.",
    "Labskaus, Maultaschen, Knödel, Sauerbraten, Kaiserschmarrn, Spätzle",
  ),
  fact(
    "de",
    ["Der Schlüssel liegt unter {v}.", "Ich habe den Schlüssel unter {v} gelegt."],
    ["Wo liegt der Schlüssel?"],
    ["Wohin habe ich den Schlüssel getan?"],
    "Das Werkzeug liegt unter {w}.",
    "Ich habe umgeräumt, der Schlüssel liegt jetzt unter {v}.",
    "der Fußmatte, dem Blumentopf, der Regentonne, dem Holzstapel, der Treppe, dem Vogelhaus",
  ),
  fact(
    "de",
    ["Der Termin beim Zahnarzt ist am {v}.", "Am {v} muss ich zum Zahnarzt."],
    ["Wann ist mein Termin beim Zahnarzt?"],
    ["An welchem Tag muss ich zum Zahnarzt?"],
    "Der Termin in der Werkstatt ist am {w}.",
    "Der Termin beim Zahnarzt wurde auf {v} verschoben.",
    "Montag, Dienstag, Mittwoch, Donnerstag, Freitag, Samstag",
  ),
  fact(
    "de",
    ["Geboren wurde ich in {v}.", "Ich bin in {v} geboren."],
    ["Wo bin ich geboren?"],
    ["Was ist mein Geburtsort?"],
    "Mein Chef ist in {w} geboren.",
    "Laut Urkunde bin ich in {v} geboren.",
    "Husum, Passau, Görlitz, Jena, Speyer, Celle",
  ),
  fact(
    "zh",
    ["我的狗叫{v}。", "我养了一只狗，名字叫{v}。"],
    ["我的狗叫什么名字？"],
    ["我养的宠物叫什么？"],
    "邻居的狗叫{w}。",
    "狗改名了，我的狗现在叫{v}。",
    "豆豆, 旺财, 奶茶, 雪球, 芝麻, 可乐",
  ),
  fact(
    "zh",
    ["我住在{v}。", "我家在{v}。"],
    ["我住在哪里？"],
    ["我的家在哪个城市？"],
    "我叔叔住在{w}。",
    "我搬家了，现在住在{v}。",
    "成都, 厦门, 青岛, 昆明, 西安, 苏州",
  ),
  fact(
    "zh",
    ["我最喜欢吃{v}。", "我最爱的菜是{v}。"],
    ["我最喜欢吃什么？"],
    ["我爱吃哪道菜？"],
    "我同事最喜欢吃{w}。",
    "口味变了，我现在最喜欢吃{v}。",
    "饺子, 火锅, 豆腐, 烤鸭, 凉皮, 粽子",
  ),
  fact(
    "zh",
    ["我的工作是{v}。", "我在公司当{v}。"],
    ["我的工作是什么？"],
    ["我的职业是什么？"],
    "我表哥的工作是{w}。",
    "我换了工作，现在的工作是{v}。",
    "护士, 厨师, 会计, 律师, 司机, 记者",
  ),
  fact(
    "zh",
    ["会议定在{v}开。", "我们的会议在{v}。"],
    ["会议在什么时候？"],
    ["哪天开会议？"],
    "体检定在{w}。",
    "会议改期了，会议在{v}。",
    "星期一, 星期二, 星期三, 星期四, 星期五, 星期六",
  ),
  fact(
    "zh",
    ["我妹妹叫{v}。", "我有一个妹妹，她叫{v}。"],
    ["我妹妹叫什么？"],
    ["妹妹的名字是什么？"],
    "老师的妹妹叫{w}。",
    "说错了，我妹妹叫{v}。",
    "晓梅, 雨婷, 佳怡, 思琪, 静雯, 若兰",
  ),
  fact(
    "zh",
    ["保险箱的密码是{v}。", "我把保险箱的密码设成了{v}。"],
    ["保险箱的密码是多少？"],
    ["打开保险箱要用什么密码？"],
    "门禁的密码是{w}。",
    "保险箱的密码改成了{v}。",
    "5193, 8026, 7714, 3460, 9258, 6637",
  ),
];

/** Questions that no fact and no filler has to do with. */
export const unrelated: string[] = [
  "What is the boiling point of mercury?",
  "Who wrote Don Quixote?",
  "Translate 'good evening' into Norwegian.",
  "How do vaccines create immunity?",
  "What is the square root of 1764?",
  "Write a haiku about autumn leaves.",
  "Explain quantum entanglement in one paragraph.",
  "Who painted the Sistine Chapel?",
  "What is the tallest volcano in the solar system?",
  "How is paper made from wood?",
  "List three prime numbers above 100.",
  "What causes a solar eclipse?",
  "Summarise the plot of Macbeth.",
  "Which enzyme breaks down starch?",
  "How do I reverse a linked list in Python?",
  "What is the currency of Hungary?",
  "When did the Berlin Wall fall?",
  "Why is the sky blue?",
  "Give me a synonym for 'melancholy'.",
  "What does HTTP stand for?",
  "Wie funktioniert ein Kernreaktor?",
  "Wer schrieb den Faust?",
  "Was bedeutet Photosynthese?",
  "Wie viele Bundesländer hat Österreich?",
  "Erkläre mir den Satz des Pythagoras.",
  "光合作用的原理是怎样的？",
  "红楼梦的作者是谁？",
  "请解释相对论。",
  "太阳系最大的行星是哪颗？",
  "请写一首关于秋天的诗。",
  "Thanks, that helps a lot.",
  "Please continue.",
  "Can you shorten that?",
  "Really? Why?",
  "Tell me a joke.",
  "Hello!",
  "Danke, das reicht.",
  "Und warum?",
  "继续。",
  "谢谢你。",
];
