/**
 * Seventy facts of everyday life, forty in English, fifteen each in German and Chinese, written before any sentence
 * encoder had seen them: the question in other words shares no telling word with what was told. They say what a new
 * dialogue can expect. Change recall to fit them, and they say nothing any more.
 */
import { type Fact, factRows, listOf } from "./facts.ts";

/** Told, asked in its words, asked in others, the same of somebody else, and values; parted by bars. */
const ENGLISH = `
I dropped my phone into the {v}.|Where did I drop my phone?|What did my mobile fall into?|A tourist lost his hat in the {w}.|river, toilet, fountain, aquarium, sink, harbour
My landlady charges extra for {v}.|What does my landlady charge extra for?|Which thing costs more on top of the rent in our flat?|The hotel wants a deposit for {w}.|parking, heating, the cellar, guests, internet, the garden
I snore because of my {v}.|Why do I snore?|What makes me so noisy in bed?|The surgeon gave a talk on the {w}.|tonsils, nose, weight, sinuses, allergies, palate
Our grandparents met at a {v}.|Where did our grandparents meet?|At what event did granny and grandpa get to know each other?|The picture on the wall shows a {w}.|ball, funeral, regatta, bazaar, parade, picnic
I do not eat {v} any more.|What do I not eat any more?|Which food have I given up?|The canteen serves {w} on Fridays.|pork, gluten, seafood, cheese, eggs, bread
My phone contract is with {v}.|With whom is my phone contract?|Which provider do I use for calls?|The billboard advertises {w}.|Vodafone, Orange, Telia, Swisscom, Movistar, Sunrise
My brother-in-law drives a {v} for a living.|What does my brother-in-law drive for a living?|Which vehicle does my sister's husband steer at work?|The museum restored a {w}.|tram, taxi, lorry, snowplough, ferry, bulldozer
I was late this morning because of {v}.|Why was I late this morning?|What kept me from being on time today?|The radio talked about {w}.|a flat tyre, a strike, black ice, a power cut, roadworks, fog
I keep my savings in {v}.|Where do I keep my savings?|How is my money invested?|The banker warned against {w}.|gold, shares, bonds, a piggy bank, bitcoin, real estate
My mother-in-law is coming for {v} days.|For how many days is my mother-in-law coming?|How long will my wife's mum stay with us?|The fair goes on for {w} days.|three, four, five, nine, ten, twelve
I have lived in this flat since {v}.|Since when have I lived in this flat?|In which year did I move in here?|The lift was installed in {w}.|2004, 2008, 2012, 2015, 2018, 2021
My kids want a {v} for a pet.|What do my kids want for a pet?|Which animal are the children begging me for?|The circus trained a {w}.|ferret, python, llama, guinea pig, chameleon, piglet
I proofread for the {v}.|What do I proofread for?|Which newspaper employs me?|Uncle Bert cancelled the {w}.|Herald, Gazette, Observer, Tribune, Courier, Chronicle
Our football team lost {v}.|How did our football team lose?|What was the score of the match?|The basketball players trained until {w}.|2:0, 3:1, 4:2, 5:3, 6:0, 1:0
My tooth hurts when I drink {v}.|When does my tooth hurt?|Which beverage gives me pain in the mouth?|The stand sells {w}.|coffee, lemonade, iced tea, cider, cold milk, smoothies
I write my diary in {v}.|In what do I write my diary?|Which language do I use for my private notes?|The sign at the door is in {w}.|Latin, Finnish, Esperanto, Welsh, Catalan, Frisian
We painted the nursery {v}.|What did we paint the nursery?|Which colour has the baby's room?|The new trams are {w}.|peach, mint, yellow, lavender, ivory, coral
My cousin went bankrupt with a {v}.|With what did my cousin go bankrupt?|Which business of a relative of mine failed?|The corner house used to be a {w}.|bakery, casino, travel agency, brewery, bookshop, nightclub
I lock my bike to the {v}.|What do I lock my bike to?|Where is my cycle chained up?|The kids climbed over the {w}.|railing, drainpipe, lamp post, signpost, fence, statue
The tax office owes me {v} euros.|How much does the tax office owe me?|Which sum will I get refunded by the state?|A seat in the front row is {w} euros.|312, 468, 590, 745, 823, 1050
My grandmother taught me {v}.|What did my grandmother teach me?|Which skill did I learn from granny?|The evening school offers {w}.|knitting, fishing, embroidery, poker, whistling, baking
I get seasick on {v}.|On what do I get seasick?|In which vessel do I feel like throwing up?|The rich man ordered {w}.|ferries, sailing boats, canoes, yachts, rafts, gondolas
My favourite spot to read is the {v}.|What is my favourite spot to read?|Where do I like to sit with a book?|The cat burglar hid in the {w}.|hammock, attic, bathtub, window seat, conservatory, park
I need {v} for my knee.|What do I need for my knee?|Which treatment is my leg waiting for?|The clinic became famous for {w}.|surgery, physiotherapy, an injection, a brace, massages, an X-ray
Our holiday home has {v} bedrooms.|How many bedrooms has our holiday home?|How many rooms to sleep in are in the cottage we rented for vacation?|The palace has {w} staircases.|two, three, four, six, seven, eight
The thing I dislike about my job is the {v}.|What do I dislike about my job?|What annoys me at work?|The guests of the spa complained about the {w}.|overtime, meetings, commute, noise, smell, paperwork
My wallet was handed in at the {v}.|Where was my wallet handed in?|In what place did a finder return my purse?|The tour starts at the {w}.|police station, town hall, pub, kiosk, reception, lost property office
I can hold my breath for {v} seconds.|How long can I hold my breath?|How much time can I spend without air?|The traffic light stays red for {w} seconds.|45, 70, 85, 95, 110, 130
My daughter lost her {v} at school.|What did my daughter lose at school?|Which belonging of our girl disappeared in class?|The shop around the corner sells every kind of {w}.|scarf, lunchbox, ruler, jacket, recorder, calculator
We are expecting {v}.|What are we expecting?|What kind of baby will be born to us?|The neighbours next door have {w}.|a girl, a boy, twins, triplets, two boys, two girls
I have been married {v} times.|How many times have I been married?|How often did I say yes at the altar?|The comet was seen {w} times.|two, three, four, five, six, seven
My chess rating is {v}.|What is my chess rating?|How strong am I on the board with kings and pawns?|The tower has {w} steps.|1420, 1565, 1680, 1790, 1835, 1910
My old classmate became a {v}.|What did my old classmate become?|Which career did somebody I went to school with choose?|The hero of the play is a {w}.|priest, senator, stuntman, magician, detective, diplomat
I feed the birds {v} in winter.|What do I feed the birds in winter?|Which snack do sparrows get from me when it snows?|The mill grinds {w}.|raisins, peanuts, oatmeal, apples, millet, walnuts
The kitchen tap has been dripping for {v}.|How long has the kitchen tap been dripping?|Since when is there a leak at our sink?|The strike went on for {w}.|two weeks, a month, ten days, half a year, a fortnight, six weeks
My passport photo shows me with {v}.|What does my passport photo show me with?|What do I look like in the picture on my travel papers?|The prophet on the painting has {w}.|a beard, long hair, a moustache, glasses, a shaved head, a fringe
I bought the sofa from {v}.|From whom did I buy the sofa?|Who sold me the couch?|The accordion belongs to {w}.|Magnus, Beatrix, Dragan, Solveig, Florin, Ottilie
My fear of {v} ruined the trip.|Which fear ruined the trip?|What was I too scared of on the journey?|The novel is all about {w}.|heights, flying, spiders, tunnels, crowds, deep water
I am learning {v} for my fiancée.|What am I learning for my fiancée?|What do I study to please the woman I am engaged to?|The prince was good at {w}.|salsa, Polish, cooking, riding, golf, Greek
The lease of our office ends in {v}.|When does the lease of our office end?|Until which month may the company stay in its rooms?|The season for oysters begins in {w}.|March, April, June, August, October, November`;

const GERMAN = `
Ich habe mir beim Skifahren {v} gebrochen.|Was habe ich mir beim Skifahren gebrochen?|Welche Verletzung hatte ich im Winterurlaub?|Der Torwart verletzte sich {w}.|das Schienbein, den Daumen, das Handgelenk, die Schulter, eine Rippe, den Knöchel
Meine Tochter lernt {v} in der Musikschule.|Was lernt meine Tochter in der Musikschule?|Welches Instrument übt unser Mädchen?|Auf dem Marktplatz spielte jemand {w}.|Querflöte, Bratsche, Schlagzeug, Harfe, Trompete, Posaune
Unser Auto steht gerade in {v}.|Wo steht unser Auto gerade?|An welchem Ort ist der Wagen geparkt?|Der Krimi spielt in {w}.|Passau, Bremen, Erfurt, Kassel, Ulm, Lübeck
Zum Frühstück gibt es bei mir immer {v}.|Was gibt es bei mir immer zum Frühstück?|Was esse ich morgens?|Das Restaurant wirbt mit {w}.|Haferbrei, Rührei, Croissants, Müsli, Pfannkuchen, Käsebrot
Mein Vermieter heißt {v}.|Wie heißt mein Vermieter?|Wem gehört die Wohnung, in der ich lebe?|Der Bürgermeister heißt {w}.|Brandstetter, Oswald, Kümmel, Petersen, Hagedorn, Wiesinger
Ich habe Angst vor {v}.|Wovor habe ich Angst?|Was fürchte ich?|Die Sendung handelte von {w}.|Spinnen, Gewittern, Hunden, Aufzügen, Mäusen, Clowns
Der Zahnarzt hat mir am {v} einen Termin gegeben.|Wann hat mir der Zahnarzt einen Termin gegeben?|An welchem Tag werden meine Zähne behandelt?|Die Müllabfuhr kommt am {w}.|Montag, Dienstag, Mittwoch, Donnerstag, Freitag, Samstag
Ich trage Schuhgröße {v}.|Welche Schuhgröße trage ich?|Wie groß sind meine Füße?|Auf der Bühne standen {w} Tänzer.|38, 39, 41, 43, 44, 46
Meine Frau arbeitet als {v}.|Als was arbeitet meine Frau?|Welchen Beruf übt die Gattin aus?|Der Nachbar war früher {w}.|Hebamme, Richterin, Schreinerin, Köchin, Lehrerin, Apothekerin
Zum Geburtstag habe ich {v} bekommen.|Was habe ich zum Geburtstag bekommen?|Welches Geschenk machte man mir?|Im Schaufenster lag {w}.|eine Drohne, ein Fernrohr, ein Teeservice, eine Armbanduhr, ein Fahrrad, eine Kamera
Wir heizen unser Haus mit {v}.|Womit heizen wir unser Haus?|Was sorgt bei uns daheim für Wärme?|Die Fabrik handelt mit {w}.|Pellets, Erdgas, Kohle, Holz, Öl, Fernwärme
Am liebsten wandere ich {v}.|Wo wandere ich am liebsten?|In welcher Gegend gehe ich gern zu Fuß?|Der Film wurde {w} gedreht.|in der Rhön, im Harz, im Schwarzwald, in der Eifel, im Allgäu, in den Dolomiten
Mein Großvater war {v} von Beruf.|Was war mein Großvater von Beruf?|Womit verdiente Opa sein Geld?|Im Märchen wird der Prinz {w}.|Schmied, Förster, Müller, Bäcker, Uhrmacher, Bergmann
Ich kann nicht schlafen wegen {v}.|Warum kann ich nicht schlafen?|Was hält mich nachts wach?|Der Artikel beklagt den Ärger wegen {w}.|der Hitze, des Lärms, der Mücken, der Rückenschmerzen, der Prüfung, des Mondes
Unsere Katze haben wir {v} genannt.|Wie haben wir unsere Katze genannt?|Welchen Namen trägt das Haustier?|Die Tänzerin tritt als {w} auf.|Minka, Lotte, Zorro, Pünktchen, Krümel, Nala`;

const CHINESE = `
我对{v}过敏。|我对什么过敏？|哪种东西让我身体不舒服？|超市里{w}在打折。|花生, 芒果, 海鲜, 牛奶, 花粉, 鸡蛋
我女儿在学{v}。|我女儿在学什么？|家里的小姑娘上什么课？|比赛的冠军擅长{w}。|钢琴, 芭蕾, 小提琴, 画画, 游泳, 书法
我的车停在{v}。|我的车停在哪里？|轿车放在什么位置？|新餐厅开在{w}。|地下二层, 学校门口, 医院旁边, 小区东门, 超市后面, 桥下
我太太是{v}。|我太太是做什么的？|妻子的职业是什么？|电影的主角是一位{w}。|护士, 律师, 会计, 记者, 厨师, 翻译
我每天早上{v}起床。|我每天早上什么时候起床？|我几点醒来？|商店{w}开门。|五点半, 六点, 六点一刻, 七点, 七点半, 八点
我最害怕{v}。|我最害怕什么？|什么让我感到恐惧？|这本书讲的是{w}的故事。|蛇, 打雷, 黑暗, 蜘蛛, 坐飞机, 老鼠
上个月我搬到了{v}。|上个月我搬到了哪里？|现在我住在什么城市？|展览在{w}举行。|苏州, 厦门, 青岛, 昆明, 西安, 大连
我养了一只{v}。|我养了一只什么？|家里有什么宠物？|动物园新来了一只{w}。|乌龟, 鹦鹉, 刺猬, 仓鼠, 兔子, 松鼠
生日那天朋友送我{v}。|生日那天朋友送我什么？|我收到了什么礼物？|橱窗里摆着{w}。|手表, 围巾, 钢笔, 相机, 茶具, 耳机
我的房租是每月{v}元。|我的房租是每月多少元？|我要付给房东多少钱？|那台机器卖{w}元。|2600, 3100, 3500, 4200, 4800, 5300
我周末喜欢{v}。|我周末喜欢做什么？|休息的时候我有什么爱好？|老人们聚在一起{w}。|钓鱼, 爬山, 下棋, 打羽毛球, 看电影, 骑车
我爷爷以前是{v}。|我爷爷以前是做什么的？|祖父靠什么工作谋生？|隔壁的先生想当{w}。|木匠, 铁匠, 渔民, 邮递员, 裁缝, 矿工
我迟到是因为{v}。|我为什么迟到？|什么原因让我没有准时到？|新闻里说到{w}。|堵车, 下大雪, 地铁故障, 闹钟坏了, 车祸, 停电
我明年要去{v}旅行。|我明年要去哪里旅行？|我打算到哪个国家度假？|这种酒产自{w}。|冰岛, 埃及, 泰国, 法国, 希腊, 秘鲁
医生让我少吃{v}。|医生让我少吃什么？|为了健康哪种食物要避免？|这家店的{w}很有名。|盐, 甜食, 红肉, 油炸食品, 辣椒, 腌菜`;

export const unseenFacts: Fact[] = [
  ...factRows("en", "I was wrong: ", ENGLISH),
  ...factRows("de", "Das stimmte nicht: ", GERMAN),
  ...factRows("zh", "我说错了：", CHINESE),
];

/** Nothing of it was told. */
export const unseenUnrelated: string[] = listOf(`
Who composed the Four Seasons?|What is an isotope?|How many players are in a handball team?|Write a limerick about a frog.|What is the longest river in Europe?|Explain how a microwave oven works.|When did the first man walk on the moon?|
What is the capital of Mongolia?|How do I merge two dictionaries in Python?|Give me a slogan for a hair salon.|Which gas do plants take in?|Why do leaves turn red?|What is a metaphor?|Translate see you tomorrow into French.|
How deep is the Mariana Trench?|What are the four blood groups?|Who was Cleopatra?|How does a submarine dive?|What is the smallest country in the world?|Is chocolate bad for dogs?|What is 13 percent of 250?|
Name three wind instruments.|How do you boil an egg properly?|What does entropy mean?|Who wrote Don Quixote?|Wie funktioniert ein Kühlschrank?|Wer hat die Glühbirne erfunden?|Was ist die Hauptstadt von Kanada?|
Schreib mir ein Gedicht über den Herbst.|Wie viele Planeten hat das Sonnensystem?|长城有多长？|水的沸点是多少？|请写一首关于春天的诗。|谁发明了造纸术？|光的速度是多少？|
Perfect, thanks!|Carry on.|Is that true?|Say that again.|Forget it.`);

/** The user asks about himself, and nothing of it was told. */
export const unseenUnanswered: string[] = listOf(`
What is my blood type?|Which university did I go to?|What colour are my eyes?|Who is my favourite painter?|How tall am I?|What is my middle name?|Which shampoo do I use?|Where did I spend my honeymoon?|
What is the wifi password at my place?|When is my wedding anniversary?|Which political party do I support?|What is my star sign?|How many languages do I speak?|What was my first car?|Which perfume do I wear?|
Who is the godfather of my son?|What did I have for lunch yesterday?|What is my licence plate?|Wie heißt mein Bruder?|Welche Augenfarbe habe ich?|Wann ist mein Hochzeitstag?|Was ist mein Sternzeichen?|
我的血型是什么？|我哥哥叫什么名字？|我的电话号码是多少？|我最喜欢哪位歌手？`);
