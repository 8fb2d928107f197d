/**
 * Facts and questions that share no telling word: what the table of meanings and the floor of recall were tuned with.
 * They say nothing about a dialogue that recall never saw; checker.ts does.
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
zh|晚上我睡不着是因为{v}。|什么使我失眠？|邻居们抱怨{w}。|噪音, 压力, 蚊子, 咖啡, 天气太热, 牙疼
de|Mein Nachbar über mir übt nachts {v}.|Welches Instrument stört mich beim Schlafen?|Auf dem Turm spielte jemand {w}.|Trompete, Geige, Akkordeon, Klarinette, Schlagzeug, Cello
de|Meine Brille habe ich {v} vergessen.|Wo ist meine Sehhilfe geblieben?|Die Sitzung fand {w} statt.|im Hotel, beim Optiker, im Bus, in der Sauna, am Strand, im Büro
de|Die Miete kostet uns {v} Euro.|Was bezahlen wir monatlich fürs Wohnen?|Das Gemälde kostet {w} Euro.|640, 780, 925, 1070, 1240, 1380
de|Meine Cousine heiratet in {v}.|An welchem Ort ist die Hochzeit einer Verwandten von mir?|Der Kongress tagt in {w}.|Lübeck, Regensburg, Zürich, Marburg, Innsbruck, Potsdam
de|Ich arbeite bei {v}.|Welche Firma ist mein Arbeitgeber?|Der Lastwagen gehört {w}.|Bosch, Siemens, Miele, Bayer, Otto, Lidl
de|Mein Auto hat {v} Kilometer auf dem Tacho.|Wie weit ist mein Wagen schon gefahren?|Der Kanal ist {w} Kilometer lang.|82000, 97000, 123000, 146000, 178000, 211000
de|Ich mache gerade einen Kurs in {v}.|Was lerne ich zurzeit in meiner Freizeit?|Die Meisterschaft in {w} war spannend.|Töpfern, Judo, Italienisch, Fotografie, Yoga, Tango
de|Mein Zug kommt um {v} an.|Zu welcher Uhrzeit soll man mich am Bahnhof abholen?|Das Schwimmbad öffnet um {w}.|7:12, 9:48, 12:36, 15:21, 18:54, 21:07
de|Meine Mutter hat früher {v} unterrichtet.|Welches Schulfach gab Mama?|Der Preis wird für {w} verliehen.|Chemie, Latein, Erdkunde, Musik, Mathematik, Biologie
de|Ich kann {v} nicht ausstehen.|Welches Essen finde ich eklig?|Der Bauer erntet {w}.|Rosenkohl, Sellerie, Spinat, Rote Bete, Fenchel, Oliven
de|Zum Abschied haben mir die Kollegen {v} geschenkt.|Was habe ich bekommen, als ich die Firma verließ?|Auf dem Dachboden fand man {w}.|einen Rucksack, eine Torte, einen Gutschein, ein Fotoalbum, eine Uhr, einen Bierkrug
de|Der Arzt hat bei mir {v} festgestellt.|An welcher Krankheit leide ich?|Der Artikel handelt von {w}.|Bluthochdruck, Asthma, Diabetes, Gicht, Arthrose, Blutarmut
de|Unseren Garten haben wir an {v} verpachtet.|Wer nutzt jetzt unser Grundstück?|Das Lied ist ein Gruß an {w}.|Familie Reuter, einen Imker, die Gemeinde, Herrn Voigt, einen Gärtner, Studenten
de|Unser Haus wurde {v} gebaut.|Aus welchem Jahr ist das Gebäude, in dem wir leben?|Der Verein entstand {w}.|1898, 1912, 1927, 1954, 1968, 1983
de|Mein Neffe möchte {v} werden.|Welchen Berufswunsch hat das Kind meiner Schwester?|Im Theaterstück tritt ein {w} auf.|Feuerwehrmann, Astronaut, Tierarzt, Lokführer, Koch, Richter
de|Ich gehe immer {v} einkaufen.|An welchem Tag besorge ich Lebensmittel?|Die Probe ist {w}.|montags, dienstags, mittwochs, donnerstags, freitags, samstags
de|Mein Koffer ist {v}.|Wie sieht mein Gepäck aus?|Das Flugzeug am Himmel war {w}.|knallrot, dunkelgrün, silbern, blau kariert, braun, gelb gestreift
de|Meine Masterarbeit schreibe ich über {v}.|Womit beschäftige ich mich am Ende meines Studiums?|Die Zeitung berichtet über {w}.|Windkraft, Rilke, Algen, Zölle, Gletscher, Robotik
de|Mein Balkon geht nach {v}.|Auf welcher Seite liegt der Platz, wo ich mich zu Hause sonne?|Die Vögel ziehen nach {w}.|Norden, Süden, Osten, Westen, Nordosten, Südwesten
de|Am Knie operiert hat mich {v}.|Wer war mein Chirurg?|Das Buch stammt von {w}.|Doktor Albers, Professor Seidl, Doktor Nowak, Professor Haas, Doktor Jansen, Doktor Krüger
zh|我楼上的邻居半夜练{v}。|哪种乐器吵得我睡不好？|街角有人在演奏{w}。|小提琴, 唢呐, 架子鼓, 古筝, 萨克斯, 二胡
zh|我在{v}公司上班。|我的雇主是谁？|卡车上印着{w}的标志。|华为, 腾讯, 联想, 海尔, 格力, 小米
zh|我的驾照{v}到期。|我开车的证件什么时候失效？|合同{w}才签好。|明年三月, 后年一月, 今年九月, 明年七月, 下个月, 今年年底
zh|我表姐嫁到了{v}。|我的亲戚结婚后住在什么城市？|这列火车开往{w}。|洛阳, 桂林, 烟台, 无锡, 温州, 南昌
zh|我正在上{v}培训班。|我业余时间在进修什么？|这场{w}比赛很精彩。|会计, 插花, 编程, 茶艺, 演讲, 烹饪
zh|我是由{v}带大的。|童年时哪位长辈照顾我？|小说的主人公是{w}。|外婆, 姑妈, 大伯, 舅舅, 奶奶, 养父
zh|我讨厌吃{v}。|哪种蔬菜我受不了？|农民们在收{w}。|香菜, 苦瓜, 芹菜, 茄子, 胡萝卜, 秋葵
zh|同事们送了我{v}作纪念。|我离职时收到了什么？|阁楼里发现了{w}。|一个背包, 一本相册, 一只手表, 一幅字画, 一套茶杯, 一支钢笔
zh|体检查出我有{v}。|我得了什么病？|这篇文章介绍{w}。|高血压, 脂肪肝, 贫血, 胃炎, 糖尿病, 甲亢
zh|我家的房子是{v}年盖的。|我住的楼有多老？|这首歌是{w}年写的。|1978, 1985, 1991, 1996, 2003, 2011
zh|我侄子想当{v}。|我哥哥的孩子有什么理想？|舞台上站着一个{w}。|消防员, 宇航员, 兽医, 警察, 飞行员, 魔术师
zh|我每{v}去超市买菜。|我通常哪天采购食物？|俱乐部{w}有活动。|周一, 周二, 周三, 周四, 周六, 周日
zh|我的行李箱是{v}的。|我的旅行包是什么颜色？|天上的热气球是{w}的。|大红色, 深绿色, 银色, 棕色, 蓝白格, 紫色
zh|我的论文写的是{v}。|我研究的课题是什么？|新闻报道了{w}。|风力发电, 唐诗, 海藻, 关税, 冰川, 机器人
zh|我中午一般在{v}吃饭。|我的午餐在什么地方解决？|采访是在{w}进行的。|单位食堂, 面馆, 快餐店, 公园, 便利店, 家里
zh|我花{v}元修了空调。|让冷气恢复工作我付了多少钱？|那盏灯卖{w}元。|120, 180, 260, 340, 450, 580
zh|我丈夫的爱好是{v}。|我先生闲下来喜欢干什么？|电台节目谈到了{w}。|观鸟, 集邮, 打麻将, 木工, 潜水, 骑马
zh|我们明晚在{v}聚餐。|朋友们碰头吃饭的地点是哪里？|毕业照是在{w}拍的。|川菜馆, 江边, 烤鸭店, 小李家, 海鲜城, 农家乐
zh|我的快递被放在{v}了。|我网上买的东西现在在哪儿？|孩子们躲在{w}玩。|门卫室, 楼梯间, 水表箱, 对面商店, 车库, 花坛边
zh|我把护照放在{v}。|出国要用的证件我收在什么地方？|猫咪趴在{w}。|抽屉里, 保险柜里, 书架上, 枕头下, 皮箱里, 公文包里`;
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
Thanks!|Go on.|Why?|That sounds good.|No, shorter please.|Are you sure?|What is your name?|Can you swim?|Hello there!|One more example.|
Wer malte die Sternennacht?|Wie weit ist der Mond entfernt?|Was ist ein schwarzes Loch?|Wann wurde die Dampfmaschine erfunden?|Wie backt man Brot?|Was ist die Hauptstadt von Australien?|Warum schnurren Katzen?|
Schreib mir ein Haiku über Regen.|Welches Land hat die meisten Einwohner?|Erklär mir die Abseitsregel.|Danke dir!|Und weiter?|谁画了《星夜》？|月亮离地球有多远？|什么是黑洞？|蒸汽机是什么时候发明的？|怎样做面包？|
澳大利亚的首都是哪里？|猫为什么打呼噜？|请写一首关于雨的诗。|世界上人口最多的国家是哪个？|太好了！|再说一个。`
  .replaceAll("\n", "")
  .split("|");

/** The user asks about himself, and nothing of it was told. */
export const developmentUnanswered: string[] = `
What is my shoe size?|Who is my dentist?|What is my mother's maiden name?|Which airline do I fly with?|What is my favourite season?|When do I get up in the morning?|How many siblings do I have?|Which instrument do I play?|
What did I study?|Where does my aunt live?|What is the name of my cat?|Which team do I support?|What is my phone number?|How old is my son?|Which newspaper do I read?|What is my favourite film?|Who taught me to drive?|
What is my bank account number?|Which street do I live in?|What do I take in my coffee?|Wie alt bin ich?|Was ist meine Lieblingsfarbe?|Wo bin ich geboren?|Wie heißt meine Chefin?|我住在哪条街？|我叫什么名字？|我喜欢什么运动？|我的生日是哪天？|
Welche Schuhgröße habe ich?|Wer ist mein Zahnarzt?|Welches Tier hatte ich als Kind?|Wie heißt meine Frau?|Welchen Wein mag ich?|Wo war ich letzten Sommer?|Wie lautet meine Kontonummer?|Welche Serie schaue ich gerade?|
Wann habe ich Feierabend?|Wo kaufe ich meine Kleidung?|我最喜欢的电影是哪部？|我每天几点下班？|我妻子叫什么名字？|我的银行卡密码是多少？|我在哪里上的小学？|我用什么手机？|我的头发是什么颜色？|
我去年去哪里旅游了？|我小时候养过什么宠物？|我最拿手的菜是什么？`
  .replaceAll("\n", "")
  .split("|");
