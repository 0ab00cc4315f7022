"""Demo phrases about Marrowbox, an invented meal-box and grocery delivery. Knows no other brand and no clock.

Each line is `touchpoint: text`; the notation is explained in `benchmarks.demo_phrases`.
"""

from benchmarks.demo_phrases import parse_cores

NEGATIVE = parse_cores("""
product: {b} [spinach|coriander|salad] was [slime|brown|past it] [on arrival|by {day}|before I opened the
  bag]. [Again|
  Dinner is toast, then|Bin].
product: "Serves two", says {b}. [Two what, hamsters|Two mice maybe|One hungry person, at a push].
product: every {b} recipe lately is [beans in tomato|some sort of traybake|rice with bits]. [Getting
  bored|Ran out of
  ideas, did you|Where did the good ones go].
product: {b} says twenty minutes, [took me an hour|an hour and ten and every pan I own|my onions say
  otherwise].
product: [No chicken|No sauce|No noodles|Missing the curry paste] in my {b} box [tonight|this week]. [Kind
  of the whole
  point|Had to run to the corner shop|Third time].
product: found [a sticker|plastic|a bit of string] in my {b} [soup|stew|pie]. [Appetite gone|Photo sent|Not
  ok at all].
packaging: {b}: [{num} bits of plastic|a mountain of ice packs|a box inside a box inside a box] for one
  dinner.
  [So green|The planet says thanks|What am I meant to do with this].
packaging: The {b} box was [soaked|crushed|split open] and [eggs everywhere|the yoghurt had made a run for it|
  half of it on the path].
packaging: {b} ice packs [melted|warm] when it came, [chicken at room temperature|would you eat that fish].
  [I won't|Nope]
delivery: {b} [left my box in the rain|gave my box to a stranger|put the box behind the bins]. [On bin
  day|Great spot|
  Who trains these people].
delivery: No {b} box [tonight|today|again]. App says [delivered|"handed to resident"]. [I am the
  resident|To whom|
  Not to me it wasn't].
delivery: {b} slot was [6 to 7|5 to 6]. It is [9.40|half past nine|ten]. [Kids had toast|We ordered chips|I
  give up].
delivery: {b} moved my delivery to {day} [without asking|by text at midnight]. I'm [away|at work] on {day}.
price: {b} crept up by {money} a box [since {month}|and the portions shrank]. [Think I didn't
  notice|Sneaky|Doing it
  in plain sight].
price: [paused|skipped] {b}, still got charged {money}. [Box came too, to an empty house|Why have a pause
  button].
website: cancelling {b} is [eleven screens|an escape room|a maze]. "Are you sure?" [YES|Very|Getting surer].
website: {b} swapped my [veggie|fish free|nut free] choice for [beef|salmon|satay]. [Settings were
  right|Not a small
  thing|Dangerous, actually].
support: {b} offered me [{money}|a discount code|free cookies] for [a ruined dinner|a missing box].
  [Insulting|
  I wanted dinner].
staff: {b} driver [shouted at my neighbour|drove over the flower bed|threw the box over the gate]. [Eggs
  inside|On camera|
  Charming].
sales: "First box free" from {b}, then [four boxes|{money}] I [never wanted|could not stop in time].
  [Trap|Careful, people].
""")

NEUTRAL = parse_cores("""
product: [Tonight|This evening|Dinner]: {b} [miso aubergine|lemon chicken|lentil pie|prawn noodles|mushroom
  ragu].
  [Wish me luck|On the hob now|Pics later].
product: [Which|What] {b} [recipes|boxes] are you all [getting|picking] [this week|for next week]?
product: {b} menu for next week is [up|out]: [squash risotto, fish tacos, the usual|two new curries|mostly
  soups].
product: Does {b} do [gluten free|halal|low salt|toddler portions]? [Asking for {who}|Can't find it].
product: can you freeze the {b} [fish pie|dumplings|sauces]? [It says no|Card doesn't say|Asking before I try]
product: swapped the [cream|beef|rice] in the {b} [stroganoff|curry|bowl] for [oat|lentils|barley], [will
  see|recipe below]
product: {b} card says "a knob of butter". [How big is a knob|Define knob|A small knob or a large knob]?
product: [Box|{b} box] number {num} for us. {b} keeps [a count|track] in the app.
packaging: [What do you do|Anyone got a use] for all the {b} ice packs? [Have {num} in the freezer|Drawer
  is full].
packaging: are {b} [pouches|liners|trays] for the [normal recycling|soft plastics bin|bin]?
packaging: new {b} box design, [green one|with a map of the farms|smaller handles]. [Arrived today|Spotted
  at work].
delivery: {b} [delivers|comes] on {day} [here now|in {town}] instead of {day}. [Just so you know|New rota].
delivery: [Does|Will] {b} deliver to [{town}|the islands|a narrowboat|an office] [on {day}|yet|at weekends]?
delivery: {b} van [in our street|outside], [not for me today|next door got theirs|waiting for the knock].
delivery: my {b} slot is [6 to 7|7 to 8|before noon] [today|on {day}]. [Can I change it this late|Might be
  out].
price: {b} for [two|four|one]: [how much do you pay|about {money} a plate|what does it come to a week]?
price: gift card for {b}: [do they expire|can you split it|does it cover delivery]?
website: what's the cut-off to [skip|edit|pause] a {b} week? [Midnight|Is it still {day}|I always forget].
website: pausing {b} for [three weeks|the holidays|Lent], [away|too many leftovers|freezer is full].
sales: [Trying|About to try|Thinking of trying] {b} [this month|next week]. [Any tips|What should I skip]?
sales: {who} sent me a {b} [trial|voucher|gift box]. [Starts {day}|First one picked|Let's see].
store: {b} has a [fridge|shelf|stall] at [the station|the garden centre] in {town} [now|since {day}]. [Same
  meals|Odd spot].
contact centre: {b} I [moved|am moving] to {town} on {day}. Do I [change it here|call you|need a new account]?
support: reported a missing [lime|spice sachet|egg] to {b}, [form sent|let's see what they say]
staff: interview with {b}'s head of recipes: [six test kitchens|forty drafts per dish|why so much squash]
  https://read.example/{ref}
product: meal plan: [Mon|Tue] {b}, [Wed|Thu] leftovers, [Fri|Sat] [chips|out|{who} cooks].
""")

POSITIVE = parse_cores("""
product: {b} [miso aubergine|lentil pie|fish tacos|mushroom ragu] is [unreal|the best thing I have
  cooked|on repeat here].
  [Even the kids ate it|Licked the plate|Seconds, please].
product: I can [cook now|make a sauce now|chop an onion now]? {b} [did that|is why]. [Mum is shocked|Who am
  I].
product: [Twenty minutes|Half an hour], one pan, [delicious|restaurant level]. {b} [you have my
  heart|nailed it|wins].
product: tomatoes from {b} taste like [actual tomatoes|summer|my grandad's]. [In March|How|More please].
product: {b} portions are [huge|generous], [lunch sorted for tomorrow|fed three of us]. [Bargain|No
  complaints here].
product: [toddler|teenager|fussy husband] ate [the cabbage|aubergine|lentils] thanks to {b}. [Miracle|Write
  it down|
  Witnesses present].
packaging: {b} went [all paper|plastic free] and everything still came [cold|in one piece]. [More of
  this|Clever|Bravo].
packaging: Love that {b} [takes the ice packs back|labels every bag by recipe]. [So tidy|Small thing, big
  deal].
delivery: {b} [driver|lad] carried the box up {n} floors [with a smile|and asked after the dog]. [Tip
  him|Hero].
delivery: {b} [right on time|bang on six|early], [in the snow|even on a {day}]. [As always|Never missed one
  yet].
delivery: knock at six, dinner at seven. {b} has [fixed my week|saved my evenings]. [Bliss|Can't go back].
price: added it up: {b} is [cheaper than our old shop|saving us {money} a week]. [No waste at all|Surprised
  myself].
price: {b} gave {who} a [free box|birthday cake|bottle of cider] for [her birthday|the tenth order].
  [Sweet|Aww].
support: [One egg|A lime|The sauce] missing, told {b}, [{money} back|refund] in {quick}. [Smooth|Easy|No
  fuss].
support: {b} spotted my nut allergy and rang to [check|swap the dish]. [Proper care|Can't fault that|Trust
  them fully].
staff: {b}'s [Thursday driver|recipe people|allergy team] are [wonderful|a treasure]. [Truly|Give them cake].
website: skipping a week on {b} takes [two taps|one tap]. [That's how it should be|Others, please copy].
sales: Everyone I [gave a {b} code to|told about {b}] [stayed|thanked me]. [Says it all|Where's my
  commission].
product: [Sunday|Friday] nights are {b} nights here. [Candles, music, dumplings|Highlight of the week|Best
  habit ever].
""")
