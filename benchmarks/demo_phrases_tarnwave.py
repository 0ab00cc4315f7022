"""Demo phrases about Tarnwave, an invented broadband and phone provider. Knows no other brand and no clock.

Each line is `touchpoint: text`; the notation is explained in `benchmarks.demo_phrases`.
"""

from benchmarks.demo_phrases import parse_cores

NEGATIVE = parse_cores("""
product: {b} broadband [drops|dies|cuts out] every [evening|day] at {time}, [like clockwork|you could set a
  watch by it|
  just when the match starts].
product: paying {b} for [500|300|900] meg, getting [eleven|nine|28]. [Photo of the speed test|Proof]:
  https://pics.example/{ref}
product: Love paying {money} a month for a [decorative|very expensive] box with a red light on it, thanks {b}
product: [No signal|One bar|Zero bars] on {b} mobile [in the whole of {town}|in my own kitchen|since {day}].
product: My {b} video call [froze|dropped] {n} times [this morning|in one meeting]. [Boss thinks I do it on
  purpose|
  Had to dial in from the car].
product: {b} wifi does not reach the [bedroom|kitchen|back room], and the "booster" [boosts nothing|made it
  worse]
product: [anyone else's|is it just my] {b} [crawling|lagging|buffering] again tonight? [Cannot even load a
  recipe|
  Kids are furious|Unwatchable].
delivery: {b} engineer was meant to come [between 8 and 1|this morning|on {day}]. [Took the day off for
  nothing|
  Nobody came, nobody called|"We missed you". I was sitting by the door].
delivery: {n} weeks waiting for {b} to [connect|switch on] the new flat. [Living off my phone|Moved the
  date again].
delivery: My {b} router is [on its way|"out for delivery"] since {day}. [Is it walking|It must be
  sightseeing].
packaging: New {b} router came in a box the size of a fridge with [no cable|the wrong plug|no
  instructions]. [Why|Sigh].
price: {b} bill this month: {money} extra for "[services|adjustments|other]". [What services|Care to explain]?
price: {b} want a leaving fee of {money} because I'm moving to [a place they don't serve|my mum's|{town}].
  [Outrageous|
  How is that my fault].
contact centre: {b} had me restart the router [four|five|six] times on the phone. [It is the line|It was
  never the
  router|I told them that first].
support: {b} says the fault is [inside my house|my wiring|the neighbours]. Same fault [next door|the whole
  street has].
support: ticket open with {b} since {month}. Every time it's a new person and [a new theory|the same reset].
sales: {b} sold {who} a phone plan with [more data than a village could use|TV she never asked for].
  [Shameful|
  She is {age}].
staff: {b} engineer left [a hole in the wall|cable all over the hall|muddy boots on the carpet] and
  [went|was gone in
  ten minutes]. [Lovely|Cheers for that].
website: {b} status page says [all fine|"no known problems"], my router says otherwise. [One of you is lying|
  Who to believe].
product: leaving {b} [in {month}|the day the contract ends|as soon as I can]. [Had enough|Slow, pricey,
  silent|
  Five years of this is plenty].
""")

NEUTRAL = parse_cores("""
product: [Anyone|Is anyone] [here|in {town}] on {b} full fibre yet? [What speeds do you get|How long did it
  take]?
product: Which channel do you [set|use] on the {b} router for [2.4|5] GHz?
product: [Can|Could] I use my own router with {b}, or [is it locked|do I lose support]?
product: {b} cabinet at the end of our road is open, [two vans|a van and a very small digger|men with tea]
  beside it
product: [Speed test|Evening speed test] on {b}: [212|88|476|148] down, [31|19|52] up. [For the
  record|Posting for the
  spreadsheet].
product: [Does|Will] {b} [do|offer|still do] [static addresses|IPv6|a landline without broadband|paper bills]?
product: what does the [orange|blinking green|second] light on [a|my|{who}'s] {b} box mean
product: {b} [maintenance|planned work] [on {day}|tonight] from {time}, [letter came today|says the text|so
  plan around it].
product: roaming with {b}: [is it still free in|has anyone used it in] [Portugal|Norway|Greece]?
delivery: {b} [engineer|technician] booked for {day}, [between 8 and 1|after lunch|"all day"]. [Let's
  see|Wish me luck].
delivery: fibre going in on our street, [the {b} sort|by {b}], [pavement is up until {day}|noise starts at
  eight]
delivery: How long did your {b} switch-over take? Mine is [{day}|next week|set for {month}].
packaging: do I send the old {b} router back in [its own box|any box], or [keep it|bin it]?
price: {b} [12|18|24] month or rolling? [Difference is about {money}|Trying to work it out|Asking before I
  sign].
price: When does the {b} yearly rise [kick in|start]? [April, I think|Is it the bill date|Contract says
  March].
price: {b} SIM only, {money} for [20|40|100] gig. [Good or bad these days|How does that compare]?
sales: [Comparing|Looking at] {b} and [two others|a local one] for the new [flat|office|house].
  [Views|Pointers] welcome.
sales: door knocker from {b} in {town} [tonight|earlier], [said fibre by {month}|left a card]
contact centre: {b} can you tell me [which exchange I am on|when my contract ends|if {town} is on the list]?
support: {b} asked me for a [line test|reading at the main socket]. [How do you do that|Where is the main
  socket even]?
support: moving to {town} in {month}, [taking|moving] {b} with me. [How much notice|Anything to know]?
store: {b} shop in {town} has moved [two doors down|across the road|to the retail park].
website: set up [bill alerts|the usage meter] in my {b} account [today|just now]. [Took a while to
  find|Under settings].
product: new {b} mast [going up|proposed] by the [school|football ground|garden centre] in {town}
  https://council.example/{ref}
product: [Working|Studying] from home on {b} [today|all week], [three of us on it|kids home as well].
product: {b} [TV box|landline handset|mesh disc] [free to collect|for sale] in {town}, [works|boxed]. [DM
  me|Shout if
  interested].
""")

POSITIVE = parse_cores("""
product: [Finally|At last] on {b} full fibre and [wow|oh my]. [A whole film in a minute|Uploads that used
  to take a
  night|Three calls at once, no stutter].
product: {b} has not dropped once [since {month}|in a year|all winter]. [Touch wood|Just saying|Best we've
  had].
product: [Speed test|Just tested] on {b}: [934|512|880] down. [I may cry|Grinning like a fool|Worth every
  penny].
product: the new {b} mesh thing reaches [the shed|the attic|the bottom of the garden]! [Magic|Working
  outside today].
product: {b} signal [on top of|all the way up] the hill above {town}, full bars. [Sheep and streaming|Happy
  days].
product: [Storm all night|Snow up to the door|Power cut next door], {b} [never blinked|stayed up|did not care].
  [Well done|Impressed|Respect to whoever built that].
delivery: {b} engineer [early|on time to the minute], [shoes off at the door|tidied up after|explained it
  all], online
  in {quick}. [Superb|Ten out of ten].
delivery: ordered {b} on {day}, connected by [{day}|the weekend]. [Faster than the sofa|Did not expect that].
packaging: love that the {b} router comes in [plain cardboard|a box with no plastic], [stickers for the
  cables|
  labelled like for a child]. Set up in {quick}.
price: Switched to {b}, [saving {money} a month|half what I paid before|cheaper and twice as fast]. [Should
  have done
  it years ago|Kicking myself].
price: {b} took {money} off [because of a bad week in {month}|for the day we were down]. [I never even
  asked|Decent].
staff: [Dave|Anil|Katya|Morag] the {b} engineer deserves [a raise|a medal|cake]. [Found the fault in ten
  minutes|
  In the rain, too|Fixed next door's as well].
contact centre: {b} helpline is [a real person in {town}|answered by people who know routers]. [Bliss|What
  a difference].
support: {b} spotted the fault on my line [before I did|overnight] and [sent someone|fixed it]. [That is
  service|Wow].
website: {b} outage map is [brilliant|really clear]: [time, place, cause|tells you when it will be back].
  [Thanks|
  More like this].
sales: {b} shop in {town} talked me [down|out of the big one] to the smaller plan. [Honest people|Customer
  for life].
product: [gaming|streaming|working] on {b} all [weekend|day], not one hiccup. [Lovely|Chef's kiss|Happy bunny]
store: {b} shop moved all my photos to the new phone [while I had a coffee|in {quick}]. [So patient|So kind].
""")
