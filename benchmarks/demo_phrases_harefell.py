"""Demo phrases about Harefell, an invented maker of running shoes. Knows no other brand and no clock.

Each line is `touchpoint: text`; the notation is explained in `benchmarks.demo_phrases`.
"""

from benchmarks.demo_phrases import parse_cores

NEGATIVE = parse_cores("""
product: My {b} {shoe} [soles|heels] gone after {miles} miles. [For {big}|My old ones did three times
  that|Disappointing].
product: [blisters|black toenail|numb toes] from the {b} {shoe}, [both feet|every long run]. [Never
  again|Why did they
  change the fit|Size was right].
product: {b} "waterproof" {shoe}: [wet socks in a mile|drowned in a puddle|more like a sponge]. [Ha|Nice
  try|Sure].
product: who at {b} decided to [kill the wide fit|make the tongue so thin|move the laces]? [It was
  perfect|Put it back].
product: {b} {shoe} squeaks [on every step|like a bath toy]. [People turn round|Great for sneaking up on
  nobody].
product: the {b} {shoe} smells of [glue|tyres|old fish] [out of the box|after a week]. Wife put them
  [outside|in the shed].
product: upper ripped on my {b} {shoe}, [week three|second trail|not even {miles} miles]. [Cheap
  build|Poor|Photo attached].
packaging: {b} sent [two left shoes|a 9 and a 10|one shoe]. [I have questions|Was it Friday|You had one job].
packaging: box from {b} was [open|crushed|someone's return with mud on], [sold as new|{big} for that].
  [Come on|Seriously].
delivery: {b} [lost|returned] my order, [race is on {day}|marathon is in {n} weeks|blame the courier].
  [Helpful|Panic].
delivery: "Ships in 2 days" {b}? It's day {num}. [Training in my gardening shoes|Still "label created"].
price: {b} wants {big} for the {shoe} [now|this year]. [Same shoe, new lace colour|It's foam and
  string|I'll pass].
price: bought the {b} {shoe} on {day}, {money} cheaper on {day}. ["No price match"|Refused to adjust
  it|Thanks a lot].
website: {b} size guide says [44|10|8.5], foot says no. [Second return|Guide is fiction|Postage on me, of
  course].
website: {b} cart [emptied itself|sold my size while I typed the address]. [Fun|Every drop the same|So
  annoying].
support: {b} warranty: send photos, send receipt, send [blood sample|more photos], [denied|"normal wear"].
  [At {miles} miles|
  Joke].
store: {b} store in {town}: no [gait test|half sizes|one over 5 foot 6 who runs]. [Just hoodies now|Went
  home].
staff: asked {b} staff about drop and cushioning, was told ["they're comfy"|"the blue ones are popular"].
  [Right|Useful].
""")

NEUTRAL = parse_cores("""
product: [Anyone run|Has anyone run|Who's run] a [half|full marathon|50k] in the {b} {shoe}? [Thoughts|How
  were they]?
product: {b} {shoe} or [stick with what I have|the old version|something with a plate]? [Mostly
  road|{miles} miles a month].
product: do {b} run [small|wide|true to size]? [I'm a 9 in most|Between sizes|Ordering for {who}].
product: {miles} miles on the {b} {shoe} today [logged|and counting]. [Sole check this weekend|Pair two of
  three].
product: [easy|long|recovery] run, [five|eight|twelve] miles, {b} {shoe}, [drizzle|headwind|grey sky].
  [Done|Next one {day}].
product: What [socks|insoles|laces] do you use with the {b} {shoe}?
product: can the {b} {shoe} go in the [washing machine|dryer]? [Asking too late|Mud everywhere]
product: rotation for [spring|the block]: {b} {shoe} for easy days, [flats|old pair] for [track|tempo].
product: {b} {shoe}: [drop is 6 mm|weighs 9.1 oz in a 9|stack 34 mm], for those who asked.
packaging: {b} boxes make good [seed trays|lego storage|cat beds], [tested|cat approves].
delivery: {b} order [shipped|on the way|stuck in {town}], due {day}.
delivery: [Does|Do] {b} ship to [Alaska|Canada|an army address]?
price: {b} [outlet|end of line] page has the old {shoe} at {big}. [Some sizes|Mostly 13s|Link]:
  https://deals.example/{ref}
price: selling: {b} {shoe}, size [9|10|8|11], [worn twice|{miles} miles], {money}. [DM|Pick up in {town}].
website: how do I [add|register] a second pair in the {b} app? [Mileage tracker thing|Can't see it].
website: {b} [quiz|shoe finder] says I need the [{shoe}|wide one|stability one]. [Hm|Anyone agree|New to
  this].
store: {b} [group run|test run] from the {town} store, {day} {time}, [all paces|bring a light|5k loop].
store: {b} opening in {town} in {month}, [next to the bike place|old bank building]. Saw the sign.
sales: {b} is [sponsoring|at] the {town} [10k|half|relays] this year. [Start list]: https://race.example/{ref}
sales: signed up for {b}'s [training plan|newsletter|spring challenge], [starts {day}|twelve weeks].
contact centre: {b} what's the return window if [they've been outside|the tag is off|it was a gift]?
support: {b} replies to warranty mails in [how long, roughly|days or weeks]? [Sent mine {day}|Just curious].
staff: podcast with a {b} foam engineer, [nerdy|an hour of rubber talk|good for a long run]
  https://cast.example/{ref}
product: spotted {n} pairs of {b} at [parkside 5k|the start line|the airport] this morning
""")

POSITIVE = parse_cores("""
product: {b} {shoe}: [pillows with laces|like running on toast|clouds, honestly]. [PB today|Legs
  fresh|Never going back].
product: [New PB|Sub 50 10k|First half done] in the {b} {shoe}! [Magic shoes|Crying a bit|Couldn't have
  done it without them].
product: {miles} miles on my {b} {shoe} and [still bouncy|look new|no hot spots]. [Made properly|Buying two
  more|Tank].
product: my knees [thank|love] {b}. [First pain free week since {month}|Physio asked what changed|Should
  have switched].
product: grip on the {b} {shoe} in [mud|wet leaves|ice] is [unreal|superb]. [Goat mode|Not one slip|So
  confident].
product: the [orange|teal|lilac] {b} {shoe} is [gorgeous|the prettiest shoe ever]. [Strangers comment|Want
  all of them].
product: walked [a 12 hour shift|all over {town}|my first 5k] in {b}, [no blisters|feet happy]. [Nurses,
  get these|Sold].
packaging: {b} box turns into [a shoe rack|a foot stretcher], [no plastic, no paper balls|how clever].
  [Love it|Neat].
delivery: ordered {b} at night, on my porch [{day}|before the weekend]. [Speedy|Race day saved|Wow].
price: got the {b} {shoe} in the sale, [{money} off|half price]. [Dancing|Wallet and feet happy|Steal].
price: {b} aren't cheap but [they last|cost per mile is the best]. [Math done|{miles} miles and going].
website: {b} shoe finder got me [the perfect fit|my size right first time]. [Five
  questions|Witchcraft|Impressed].
support: sole came off, {b} sent a new pair, [no questions|in three days|kept the old]. [Fan for life|Class
  act].
support: emailed {b} about laces, got [four pairs free|a note signed by hand]. [Adorable|That's how you win
  people].
store: {b} {town}: [gait test|forty minutes of help], no pressure. [Left with the cheaper pair|Best shop|So
  kind].
staff: the [guy|girl] at {b} {town} [laced them for me|ran round the block with me].
  [Amazing|Legend|Promote them].
sales: convinced {who} to try {b}. [Now they talk of nothing else|Runs before breakfast now|Success].
product: rainy, dark, {n} degrees, still went, [because {b}|{b} on feet]. [Happy place|Worth it|Glowing].
""")
