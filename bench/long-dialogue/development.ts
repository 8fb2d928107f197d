/**
 * Facts and questions that share no telling word: what the table of meanings and the floor of recall were tuned with. They say nothing about a
 * dialogue that recall never saw; checker.ts does.
 */
import { type Fact, fact } from "./facts.ts";

/** Told, asked, the same of somebody else, and values; parted by bars. */
const ROWS = `
I commute by {v}.|How do I get to the office?|The new intern arrives on a {w}.|tram, scooter, ferry, monorail, skateboard, cable car
Our baby is due in {v}.|When will I become a parent?|The neighbours had twins back in {w}.|March, August, November, January, May, October
I broke my {v} skiing.|Which bone did I injure?|The goalkeeper fractured his {w} last season.|wrist, ankle, collarbone, elbow, kneecap, thumb
The cleaner comes every {v}.|On which weekday is my flat tidied?|Rubbish is collected each {w} over there.|Tuesday, Thursday, Monday, Friday, Wednesday, Saturday
My savings are with {v}.|Which bank do I use?|The club moved its account to {w}.|Barclays, Santander, Lloyds, Monzo, Natwest, Starling
I inherited a {v} from my aunt.|What did a relative leave me when she died?|The museum was given a {w}.|cottage, grandfather clock, vineyard, necklace, pearl ring, stamp album
We honeymooned in {v}.|Where did we travel after our wedding?|The boss spent his vacation in {w}.|Venice, Bali, Madeira, Crete, Zanzibar, Hawaii
Our cook at the canteen is {v}.|Who prepares the meals at work?|The waiter across the road is {w}.|Bruno, Odile, Rashid, Henrike, Pavel, Wanjiru
I am scared of {v}.|What is my phobia?|The toddler next door hates {w}.|spiders, heights, thunder, needles, clowns, deep water
I get seasick on {v}.|Which vessels make me feel ill?|The captain prefers {w}.|catamarans, ferries, canoes, speedboats, rafts, yachts
My trousers are waist {v}.|What size of clothes do I need?|The mannequin has waist {w}.|28, 30, 33, 35, 36, 40
The boiler was installed by {v}.|Who put in our heating?|The lift was installed by {w}.|Hargreaves, Dubois, Nakamura, Svensson, Pritchard, Eze
I always put {v} in my tea.|How do I like my hot beverage?|Grandad stirs {w} into everything.|honey, lemon, ginger, oat milk, cardamom, maple syrup
I owe Marcus {v} pounds.|How much debt do I have?|The raffle made {w} pounds.|45, 120, 310, 75, 560, 88
We rent from {v}.|Who owns the apartment I stay in?|The shop belongs to {w}.|Mrs Feldman, Mr Osgood, the Kaplans, the council, a dentist, Mr Ruiz
I graduated from {v}.|At which university did I get my degree?|The mayor studied at {w}.|Heidelberg, Leeds, Uppsala, Bologna, Coimbra, Krakow
I was once bitten by a {v}.|Which animal attacked me?|The zoo lost a {w}.|snake, horse, goose, monkey, terrier, rat
I quit smoking in {v}.|When did I give up cigarettes?|The pub closed in {w}.|2011, 2014, 2017, 2019, 2020, 2022
The roof leaks above the {v}.|Where does rain drip into the house?|The gutter of the chapel hangs over the {w}.|pantry, nursery, stairs, bathroom, study, landing
My thesis supervisor is {v}.|Which professor advises me?|The dean is called {w}.|Dr Ekström, Dr Mbeki, Dr Castellano, Dr Yilmaz, Dr Kowal, Dr Finch
We feed the chickens {v}.|What do our hens eat?|The swans in the park get {w}.|barley, corn, lettuce, sunflower seeds, oats, breadcrumbs
I sing {v} in the choir.|What is my voice part?|The soloist on the record is a {w}.|alto, tenor, soprano, bass, baritone, mezzo
My laptop is a {v}.|What kind of computer do I own?|The library bought a {w}.|ThinkPad, Chromebook, MacBook, Framework, Dell, Surface
I go jogging at {v}.|At what hour do I exercise?|The bakery opens at {w}.|5:30, 6:15, 7:45, 18:20, 20:10, 21:40
My ancestors were {v}.|What was the trade of my forefathers?|The villagers over there are {w}.|weavers, whalers, millers, tinkers, peasants, glassblowers
I donated to {v}.|Which charity did I give money to?|The concert supported {w}.|Oxfam, the lifeboats, Greenpeace, Amnesty, the hospice, Wikipedia
I have {v} tattooed on my arm.|What ink do I wear on my skin?|The sailor has {w} on his back.|an anchor, a swallow, a compass, a rose, a dragon, a tiger
Our anniversary is {v}.|On what date did we marry?|The shop was founded on {w}.|the 4th of May, the 12th of June, the 9th of July, the 21st of April, the 2nd of October, the 17th of August
I crashed into a {v}.|What did I hit in the accident?|The lorry reversed into a {w}.|lamppost, fence, hydrant, bollard, tree, mailbox
Lately I cannot sleep because of {v}.|What keeps me awake at night?|The guests complained of {w}.|the traffic, snoring, mosquitoes, worries, the heat, church bells
For Christmas I got a {v}.|Which present was I given?|The prize in the lottery was a {w}.|drone, kayak, blender, telescope, sewing kit, record player
I voted for the {v}.|Which party did I choose in the election?|The paper criticises the {w}.|Greens, Liberals, Conservatives, Socialists, Pirates, Independents
My cough comes from {v}.|What causes my illness?|The horse suffers from {w}.|dust, mould, asthma, pollen, bronchitis, feathers
We named the baby {v}.|What is my newborn called?|The princess christened her {w}.|Linnea, Caspian, Odette, Rufus, Tamsin, Ivo
I stream everything on {v}.|Where do I watch series?|The cinema shows trailers from {w}.|Netflix, Mubi, Disney, Hulu, Arte, Britbox
I bake with {v} flour.|Which grain do I use for bread?|The mill sells {w} bran.|rye, spelt, buckwheat, rice, chickpea, einkorn
My glasses are minus {v}.|How strong are my lenses?|It was minus {w} outside in Oslo.|2.5, 3.75, 1.25, 4.5, 6.0, 5.25
I parked on level {v}.|On which floor did I leave the car?|The conference is on level {w}.|B2, P4, 7, C3, 11, D1
Our hamster escaped through the {v}.|How did the pet run away?|The burglar came through the {w}.|vent, letterbox, cat flap, drain, window, chimney
I collect {v}.|What do I gather as a hobby?|The curator buys {w}.|stamps, thimbles, beer mats, fossils, teapots, postcards
My salary is {v} euros a month.|How much do I earn?|The billboard costs {w} euros.|2450, 3180, 2890, 4120, 3675, 5240
I swim at the {v}.|In which pool do I do my laps?|The school visits the {w}.|lido, leisure centre, YMCA, Olympic baths, lake, quarry
The burglar took my {v}.|What was stolen from me?|The pawnshop displays a {w}.|bracelet, violin, television, silverware, camera, watch
My passport runs out in {v}.|When does my travel document expire?|The exhibition finishes in {w}.|2027, 2029, 2031, 2033, 2028, 2030
I am vegan because of {v}.|Why do I eat no meat?|The lecture was about {w}.|the climate, cholesterol, my wife, a documentary, animal welfare, religion
Our sofa came from {v}.|In which shop did we buy furniture?|The office orders from {w}.|Ikea, Habitat, Heals, Dwell, a flea market, Argos
I am writing a novel set in {v}.|In which place does my story happen?|The thriller takes us to {w}.|Patagonia, Odessa, Kyoto, Harlem, Prague, Lagos
The dentist pulled a tooth on {v}.|When was my molar removed?|The mechanic looked at the engine on {w}.|Monday, Tuesday, Wednesday, Thursday, Friday, Saturday
My twin lives with {v}.|With whom does my sibling share a home?|The professor shares an office with {w}.|Gustav, Mirela, Dorian, Yusuf, Annika, Baptiste
We vacation at a campsite near {v}.|Where do we pitch our tent in summer?|The cyclists rested near {w}.|Biarritz, Lugano, Split, Tarifa, Keswick, Nafplio`;

/** The same in German and Chinese. */
const OTHER_ROWS = `
de|Meine Schwester wohnt in {v}.|In welcher Stadt lebt eines meiner Geschwister?|Das Festival findet in {w} statt.|Graz, Rostock, Bern, Mainz, Jena, Trier
de|Ich spare auf {v}.|Wofür lege ich Geld zurück?|Der Händler verkauft {w}.|ein Motorrad, einen Wohnwagen, ein Klavier, eine Sauna, ein Segelboot, eine Küche
de|Unser Hund frisst am liebsten {v}.|Welches Futter mag das Haustier?|Der Metzger hat {w} im Angebot.|Hühnchen, Lachs, Leberwurst, Rindfleisch, Karotten, Pansen
de|Mein Sohn hat {v} zerbrochen.|Was ging durch unseren Jungen kaputt?|Der Sturm beschädigte {w}.|eine Vase, den Spiegel, das Fenster, die Lampe, den Teller, die Brille
de|Ich nehme die Tabletten immer {v}.|Wann schlucke ich meine Medizin?|Die Gäste spielten {w} Karten.|nach dem Frühstück, vor dem Schlafen, mittags, am Abend, nach dem Sport, nüchtern
de|Mein Chef kommt aus {v}.|Woher stammt der Leiter unserer Firma?|Der Wein stammt aus {w}.|Portugal, Polen, Kanada, Tirol, Schweden, Ungarn
de|Zur Arbeit fahre ich mit {v}.|Wie gelange ich ins Büro?|Der Bericht handelt von {w}.|der Straßenbahn, dem Roller, dem Fahrrad, der Fähre, dem Bus, dem Zug
de|Im Garten habe ich {v} gepflanzt.|Welche Gewächse stehen auf meinem Grundstück?|Auf dem Markt gab es {w}.|Tomaten, Rosen, Tulpen, Kürbisse, Himbeeren, Lavendel
de|Mein Lieblingsautor ist {v}.|Wessen Romane lese ich besonders gern?|Der Vortrag behandelte {w}.|Fontane, Kafka, Hesse, Böll, Storm, Kleist
de|Der Klempner hat {v} Euro verlangt.|Wie teuer war die Reparatur des Rohrs bei mir?|Die Karte kostet {w} Euro.|180, 240, 315, 95, 410, 275
zh|我妹妹住在{v}。|家里最小的女孩子在哪个城市生活？|音乐节在{w}举办。|成都, 南京, 武汉, 长沙, 天津, 杭州
zh|我正在攒钱买{v}。|我存钱是为了什么？|商店里展示着{w}。|摩托车, 房子, 钢琴, 帆船, 电脑, 相机
zh|我的老板姓{v}。|公司领导叫什么？|新来的老师姓{w}。|欧阳, 郑, 谢, 邓, 曹, 彭
zh|我儿子打碎了{v}。|家里的男孩弄坏了什么？|台风毁坏了{w}。|花瓶, 窗户, 镜子, 盘子, 台灯, 眼镜
zh|我坐{v}去上班。|我怎样到办公室？|报道讲的是{w}。|地铁, 公交车, 轮渡, 出租车, 火车, 电动车
zh|我在院子里种了{v}。|我家有哪些植物？|市场上卖{w}。|番茄, 玫瑰, 黄瓜, 辣椒, 葡萄, 向日葵
zh|我大学学的是{v}。|我读书时的专业是什么？|讲座的题目是{w}。|物理, 法律, 医学, 历史, 建筑, 化学
zh|我最喜欢的作家是{v}。|我爱看谁写的小说？|报告介绍了{w}。|鲁迅, 金庸, 莫言, 老舍, 巴金, 余华
zh|我把雨伞忘在{v}了。|我丢的挡雨的东西在哪里？|有人在{w}捡到手套。|出租车上, 餐厅, 教室, 图书馆, 银行, 理发店
zh|晚上我睡不着是因为{v}。|什么使我失眠？|邻居们抱怨{w}。|噪音, 压力, 蚊子, 咖啡, 天气太热, 牙疼`;
const CORRECTION = { de: "Korrektur: ", zh: "更正一下，" };

const factOf = (
  lang: Fact["lang"],
  correction: string,
  [tell, asked, other, values]: [string, string, string, string],
): Fact => fact(lang, [tell], [asked], [asked], other, correction + tell, values);

export const developmentFacts: Fact[] = [
  ...ROWS.trim()
    .split("\n")
    .map((row) => factOf("en", "Correction: ", row.split("|") as [string, string, string, string])),
  ...OTHER_ROWS.trim()
    .split("\n")
    .map((row) => {
      const [lang, ...rest] = row.split("|") as ["de" | "zh", string, string, string, string];
      return factOf(lang, CORRECTION[lang], rest);
    }),
];

/** Nothing of it was told. */
export const developmentUnrelated: string[] = `
Who painted the Mona Lisa?|How far away is the moon?|What is the boiling point of water?|Why is the sky blue?|Write a haiku about rain.|What is the capital of Australia?|How do I reverse a string in Python?|
Translate good evening into Spanish.|What is a black hole?|Who wrote Hamlet?|How many legs does a lobster have?|Give me three synonyms for happy.|What causes earthquakes?|How do vaccines work?|
Explain the rules of cricket.|What is the largest desert?|When did the Berlin Wall fall?|Suggest a name for a bakery.|What does inflation mean?|How is glass made?|Tell me a joke about cats.|
What is the square root of 144?|Which metal is liquid at room temperature?|How do birds find their way south?|Summarise the plot of Cinderella.|What is the difference between a lake and a pond?|
Who invented the telephone?|How long is a marathon?|Is it safe to eat raw eggs?|Why do cats purr?|What should I cook tonight?|How can one fall asleep faster?|Recommend a book about the sea.|
What is the plural of octopus?|How do I remove a coffee stain?|Write an email declining an invitation.|What time is it in Tokyo when it is noon in London?|Name a famous composer.|What are prime numbers?|How do magnets work?|
Thanks!|Go on.|Why?|That sounds good.|No, shorter please.|Are you sure?|What is your name?|Can you swim?|Hello there!|One more example.`
  .replaceAll("\n", "")
  .split("|");

/** The user asks about himself, and nothing of it was told. */
export const developmentUnanswered: string[] = `
What is my shoe size?|Who is my dentist?|What is my mother's maiden name?|Which airline do I fly with?|What is my favourite season?|When do I get up in the morning?|How many siblings do I have?|Which instrument do I play?|
What did I study?|Where does my aunt live?|What is the name of my cat?|Which team do I support?|What is my phone number?|How old is my son?|Which newspaper do I read?|What is my favourite film?|Who taught me to drive?|
What is my bank account number?|Which street do I live in?|What do I take in my coffee?|Wie alt bin ich?|Was ist meine Lieblingsfarbe?|Wo bin ich geboren?|Wie heißt meine Chefin?|我住在哪条街？|我叫什么名字？|我喜欢什么运动？|我的生日是哪天？`
  .replaceAll("\n", "")
  .split("|");
