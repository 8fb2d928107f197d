/**
 * Forty facts of everyday life, written after recall by meaning was finished and by nothing of it: the question shares
 * no telling word with what was told. They say what a new dialogue in English can expect. Change recall to fit them,
 * and they say nothing any more.
 */
import { type Fact, fact } from "./facts.ts";

/** Told, asked in its words, asked in others, the same of somebody else, and values; parted by bars. */
const ROWS = `
My bicycle was stolen outside the {v}.|Where was my bicycle stolen?|At what place did a thief take my bike?|Somebody lost a purse near the {w}.|cinema, gym, museum, chemist, market, stadium
I have an appointment with the optician on {v}.|When is my appointment with the optician?|On which day will my eyes be tested?|The florist is closed on {w}.|Monday, Thursday, Saturday, Tuesday, Friday, Wednesday
My cat hides under the {v} when it storms.|Where does my cat hide when it storms?|Which spot does our kitty run to in bad weather?|The children built a fort behind the {w}.|wardrobe, piano, sofa, bathtub, staircase, dresser
I learned to swim in {v}.|Where did I learn to swim?|In which water did my first strokes happen?|The regatta took place on {w}.|Lake Como, the Danube, Loch Ness, the Rhine, the Baltic, Lake Garda
My grandfather fought in {v}.|Where did my grandfather fight?|In which country was grandpa a soldier?|The reporter travelled through {w}.|Korea, Burma, Egypt, Norway, Greece, Tunisia
The doctor told me to avoid {v}.|What did the doctor tell me to avoid?|Which food is forbidden for my health?|The chef loves working with {w}.|salt, sugar, butter, alcohol, caffeine, bacon
I want to retire at {v}.|At what age do I want to retire?|How old will I be when I stop working?|The judge left the court at {w}.|58, 60, 62, 64, 67, 70
My wife works as a {v}.|What does my wife work as?|Which profession has my spouse?|The man upstairs used to be a {w}.|chemist, lawyer, carpenter, librarian, pilot, butcher
Our flight was delayed by {v} hours.|How long was our flight delayed?|How late did the plane take off?|The coach to the match needed {w} hours.|three, four, five, six, seven, nine
I spilled {v} on the carpet.|What did I spill on the carpet?|Which liquid stained our rug?|The waiter dropped a tray of {w}.|wine, ink, soup, paint, cocoa, juice
My favourite author is {v}.|Who is my favourite author?|Whose novels do I love the most?|The lecture dealt with {w}.|Dickens, Woolf, Tolkien, Borges, Orwell, Atwood
We adopted a {v} from the shelter.|What did we adopt from the shelter?|Which animal joined our family?|The vet treated a {w} this morning.|beagle, parrot, tabby, greyhound, rabbit, poodle
I get headaches from {v}.|What do I get headaches from?|What makes my migraine start?|The laboratory tests {w}.|perfume, cheese, red wine, neon lights, chocolate, loud music
My brother emigrated to {v}.|Where did my brother emigrate to?|To which country did a sibling of mine move?|The company sells tractors to {w}.|Canada, Brazil, Australia, Japan, Chile, Iceland
The plumber charged us {v} euros.|How much did the plumber charge us?|What was the bill for fixing the pipe?|A ticket for the opera is {w} euros.|180, 240, 315, 95, 410, 275
I sleep {v} hours a night.|How many hours do I sleep a night?|How much rest do I get in bed?|The battery of the drill lasts {w} hours.|five, six, seven, eight, nine, four
My car broke down near {v}.|Where did my car break down?|At which place did the engine fail us on our drive?|The bakery chain opened a branch near {w}.|Lyon, Salzburg, Leeds, Gdansk, Porto, Verona
Our neighbour plays the {v} at night.|What does our neighbour play at night?|Which instrument does the person next door practise too late?|A busker with a {w} stood at the station.|trumpet, drums, bagpipes, saxophone, organ, tuba
I proposed to her on a {v}.|Where did I propose to her?|In what place did I ask my girlfriend to marry me?|The film ends on a {w}.|bridge, rooftop, beach, mountain, train, balcony
My job interview is with {v}.|With whom is my job interview?|Which firm might hire me?|The stand at the fair belonged to {w}.|Siemens, Nestle, Bosch, Unilever, Philips, Airbus
I am saving for a {v}.|What am I saving for?|What do I put money aside to buy?|The magazine reviewed a {w}.|motorbike, campervan, piano, greenhouse, sauna, sailboat
My mother grows {v} on her balcony.|What does my mother grow on her balcony?|Which plants does mum have outside her window?|The market stall was full of {w}.|tomatoes, basil, geraniums, chillies, lavender, strawberries
I failed my driving test because of {v}.|Why did I fail my driving test?|What mistake cost me the licence?|The instructor talks about {w} all the time.|parking, a stop sign, speeding, a roundabout, the mirror, a cyclist
The wedding cake will be {v}.|What will the wedding cake be?|Which flavour did we pick for the dessert when we get married?|The ice cream van had only {w} left.|lemon, vanilla, carrot, hazelnut, cherry, coconut
My nickname at school was {v}.|What was my nickname at school?|What did classmates call me?|The clown in the circus is {w}.|Noodle, Sparky, Beanpole, Moose, Pudding, Ziggy
I left my umbrella in the {v}.|Where did I leave my umbrella?|In which place did I forget the thing against rain?|Somebody found a glove in the {w}.|taxi, bus, cloakroom, church, restaurant, waiting room
Our heating runs on {v}.|What does our heating run on?|Which fuel warms our home?|The old locomotive burned {w}.|gas, oil, pellets, coal, wood, electricity
My son is afraid of {v}.|What is my son afraid of?|What frightens our boy?|The documentary showed {w}.|sharks, dogs, the dark, bees, ghosts, lifts
I run a shop that sells {v}.|What does my shop sell?|Which goods does my business offer?|The warehouse was full of {w}.|candles, buttons, lamps, cheese, toys, carpets
My daughter studies {v} in Vienna.|What does my daughter study in Vienna?|Which subject did our girl choose at university?|The prize was given for {w}.|medicine, physics, architecture, law, history, biology
I broke the {v} with a football.|What did I break with a football?|What did I smash when I kicked the ball?|The storm damaged the {w}.|window, vase, greenhouse, lantern, mirror, chandelier
We spend Christmas at {v}.|Where do we spend Christmas?|With whom do we celebrate the holidays in December?|The summer party was at {w}.|my aunt's, the cabin, my parents', grandma's, a hotel, Uncle Joe's
My boss quit because of {v}.|Why did my boss quit?|For what reason did the manager leave our company?|The article complains about {w}.|stress, burnout, a scandal, money, illness, politics
I wear a {v} on my left hand.|What do I wear on my left hand?|Which jewellery is on my finger?|The statue holds a {w}.|signet ring, gold band, sapphire, silver ring, ruby, diamond
My headset is from {v}.|Where is my headset from?|Which brand are my earphones?|The loudspeakers in the hall are by {w}.|Sony, Bose, Jabra, Sennheiser, Logitech, Marshall
The baby wakes up at {v}.|When does the baby wake up?|At what hour does our infant stop sleeping?|The milkman passes at {w}.|4:10, 4:45, 5:20, 3:55, 5:50, 6:05
My rent went up to {v} euros.|How much is my rent now?|What do I pay the landlord every month?|The insurance would be {w} euros.|890, 975, 1040, 1120, 1260, 760
I finished the marathon in {v} hours.|In how many hours did I finish the marathon?|How long did my race take?|The hike to the summit is {w} hours.|3.5, 4.2, 4.8, 5.1, 3.9, 5.6
Our garden gate was painted {v}.|Which colour was our garden gate painted?|What shade has the door to the yard?|The ambulance used to be {w}.|turquoise, crimson, white, violet, black, orange
I take the pills after {v}.|After what do I take the pills?|At which meal do I swallow my medication?|The guests played cards after {w}.|breakfast, lunch, dinner, supper, brunch, tea`;

export const checkerFacts: Fact[] = ROWS.trim()
  .split("\n")
  .map((row) => {
    const [tell, ask, asked, other, values] = row.split("|") as [string, string, string, string, string];
    return fact(/\d/.test(values) ? "number" : "en", [tell], [ask], [asked], other, `I was wrong: ${tell}`, values);
  });

/** Nothing of it was told. */
export const checkerUnrelated: string[] = `
Who built the Eiffel Tower?|What is photosynthesis?|How many continents are there?|Write a poem about autumn.|What is the fastest land animal?|Explain how a fridge works.|When was the printing press invented?|
What is the currency of Japan?|How do I sort a list in JavaScript?|Give me an idea for a birthday present.|Which language is spoken in Brazil?|Why do we dream?|What is a sonnet?|Translate thank you into Italian.|
How tall is Mount Everest?|What are the primary colours?|Who was Napoleon?|Tell me something about volcanoes.|How does a plane fly?|What is the tallest building in the world?|Is coffee healthy?|
What is 17 times 23?|Name five kinds of cheese.|How do you make pancakes?|What is the meaning of irony?|Who directed Jaws?|Why is the sea salty?|What is a healthy breakfast?|
Summarise the French Revolution.|How many bones does a human have?|What is the best way to learn a language?|Which planet is the hottest?|Write a short story about a robot.|What is gravity?|
Great, thank you!|Please continue.|Really?|I do not understand.|Can you repeat that?|Never mind.`
  .replaceAll("\n", "")
  .split("|");
