"""Demo phrases of the special hours: an outage with double billing, a launch, a loved post, a bad night, complaints.

Knows who is meant only by `{b}` and nothing of when; the notation is explained in `benchmarks.demo_phrases`.
"""

from benchmarks.demo_phrases import parse_cores

OUTAGE = parse_cores("""
product: {b} down in {town}. [Nothing at all since {outage}|Box is blinking red|Router restarted {n} times,
  still dead].
product: [no internet, no phone|broadband and mobile both gone], {b} what is going on [in {town}|over
  there]???
product: Whole [street|office|building|village] offline with {b}. [Card machine dead, turning people away|
  {num} of us staring at phones|Nobody can work].
product: is it just me or is {b} [completely dead|down|gone] [in {town}|right now|again]. [Worst possible
  moment|Ffs|Argh].
product: {b} died in the middle of [a job interview|my exam|a client call|surgery hours]. [Furious|Thanks a
  bunch|
  I want to scream].
product: Lost {b} at [about {outage}|{outage} on the dot], [on mobile data at a crawl now|one bar of
  somebody's wifi].
  [Terrible|No warning|Second time this year].
product: my [dad's care alarm|gran's alarm|baby monitor] runs over {b}. It is OFF. [This is serious|Please
  fix this now|
  Not a joke].
product: {wait} without {b} and [counting|no end in sight|not one word]. [Shambles|Pathetic|Utterly useless].
product: [working from a car park|in a cafe with forty others] because {b} [can't keep a line up|fell
  over]. [Day ruined|
  Awful|So done].
product: {b} [outage|blackout] in {town}: [cash only everywhere|the surgery is on paper|school sent the
  kids home].
  [What a mess|Fix it].
website: {b} status page: [all green|"no known problems"]. [Meanwhile in {town}: nothing works|Liars|Look
  out of the
  window].
website: {b} app won't [load|log in|let me report it] and the website is [down as well|a white page].
  [Brilliant planning|
  Hopeless].
website: So to report that my internet is down, {b} would like me to [use the internet|fill in an online
  form]. [Genius|
  Slow clap].
contact centre: {b} line: "we are experiencing high call volumes". [No kidding|I wonder why]. [{wait} and
  cut off|Then
  it hung up].
contact centre: Can't get through to {b}, [engaged|dead line|three bars of music then a beep]. [Absolute
  joke|Answer the
  phone|Nobody home].
support: {b} [say something|tell us anything], [anything|please]. {wait} of silence is [worse than the outage|
  not acceptable].
staff: {b} support told me to [buy a new router|check my plugs]. The whole of {town} is down.
  [Clueless|Stop it].
product: Shop in {town}, no {b}, no card payments. [Lost a day's takings|{money} down already|Who pays for
  this]?
""")

DOUBLE_BILLING = parse_cores("""
price: {b} has charged me TWICE. {big} gone [and rent is due|on the same day as the outage|without asking].
  [Disgrace|
  Give it back].
price: [check your bank|check your accounts], {b} customers: [two payments|double direct debit] today.
  [Robbery|Mine too|
  Unbelievable].
price: No internet AND two bills. {b} [really going for it|has outdone itself]. [Bravo|Slow clap|Leaving].
price: {b} took {big} this morning, then {big} again. Now I'm [overdrawn|in the red|paying bank fees].
  [Furious|Shame on you].
price: double charged by {b} and nobody [answers|knows anything|can say when I get it back]. [Awful|Scandal].
price: my [mum|nan|dad], {age}, paid {b} twice today and cannot [buy food|top up the meter]. [Sort it
  NOW|Disgusting].
price: Payment one: {b}. Payment two: also {b}. Service: none. [Explain|How is this legal|Thieves].
price: bank says {b} [sent the debit twice|"requested it in duplicate"], {b} says [nothing|call later].
  [Cowboys|
  What a farce].
price: {big} taken two times by {b}, "[five to seven|ten] working days" to return it. [You took it in one
  second|No. Today].
contact centre: {wait} in the {b} queue about the double payment, then [cut off|a recorded goodbye]. [I am
  shaking|Wow.
  Just wow].
website: {b} account shows two [bills|invoices] for March, one [for a line I don't have|dated tomorrow].
  [Total mess|
  What have you done].
support: {b} "upgraded" its billing system: [no line, two bills|everything broke]. [Who tested this|Great
  upgrade].
product: That's it, cancelling {b}. [Offline since {outage} and charged double|No net, no answers, no money].
product: {n} years with {b}, [gone after today|this is the end]. [Outage, double bill, silence|Never
  again|Goodbye].
""")

AFTERMATH = parse_cores("""
price: Still no refund from {b}. [Day {n}|Bank fees on top now|They had it in a second]. [Not good
  enough|Appalling].
price: {b} offers {money} [credit|as a sorry] for [a day offline|double charging us]. [Insulting|Keep
  it|Laughable].
product: {b} back, sort of: [two meg|drops every ten minutes|phone still dead]. [Useless|Not what I'd call
  fixed].
product: morning, and {b} in {town} is STILL [down|dead]. [Second day off work|Unreal|I have no words].
support: {b} texted "resolved". [It isn't|Router red, account empty|Lies]. [Angry does not cover it|Try
  again].
contact centre: {b} queue [opens at eight, full at one past|{wait} and nobody]. [Ridiculous|Shocking service].
product: Done with {b}. [Switching form sent|New provider comes {day}|Cancelled this morning]. [Good
  riddance|Awful week].
staff: {b} boss "sorry for any inconvenience". [ANY|Inconvenience|Try living it]. [Empty words|Weak|Not
  accepted].
""")

OUTAGE_QUESTIONS = parse_cores("""
product: [Anyone|Who] else [in {town}|around {town}] on {b}: up or down?
product: does {b} use the same [masts|cables] as [the others|everyone else] in {town}?
website: where do you check {b} [faults|status] without wifi?
price: {b} [payment date|debit]: [was yours today|is it always the 11th]?
support: news: {b} [engineers at the {town} exchange|looking into reports in {n} towns]
  https://news.example/{ref}
product: how do I [tether|share my phone's data] to a laptop until {b} is back
""")

OUTAGE_PRAISE = parse_cores("""
staff: hats off to the {b} engineer [up a pole in {town} at midnight|in our road since noon]. [Thank
  you|Good man].
product: {b} is back in {town}! [Phew|Thank goodness|Hallelujah].
""")

OFFICIAL = parse_cores("""
support: We know that some of you in {town} and {town} are without service. Our engineers are on it. Next
  update at {time}.
support: Some customers were charged twice today. We are sorry. [Every|Each] second payment goes back, you
  need do nothing.
support: Service is back for most customers. [Still offline? Switch the router off for a minute|More at
  https://status.tarnwave.example].
""")

PRESS = (
    "Broadband provider Tarnwave apologises after outage and double charges https://news.example/tarnwave-billing",
    "Tarnwave customers offline and billed twice, regulator asks questions https://news.example/tarnwave-regulator",
)

COMPLAINT_WAVE = parse_cores("""
support: [Formal|Official] complaint to {b} [sent|filed|in] this morning, ref {ref}. [They have eight
  weeks|Clock is running].
support: {b} complaint {ref}: [double payment, no line for {n} days|no reply, no refund]. [Regulator copied
  in|Next stop
  the ombudsman].
support: took {b} to the ombudsman [today|just now]. [{big} missing and not one call|Should not have
  to|Tired of this].
support: [Wrote|Written] to {b}'s complaints team, [recorded delivery|{n} pages], about the [outage|two
  payments]. [Let them
  explain that|Disgraceful].
price: Claimed my second {b} payment back [through the bank|as a dispute]. [They would not do it|Had to do
  it myself].
contact centre: how do you make a formal complaint to {b} when [the form is down|nobody picks up].
  [Deliberate|A disgrace].
support: {b} logged my complaint as "[feedback|a query]". [It is a COMPLAINT|Nice try|Not having that].
""")

LAUNCH_LOVE = parse_cores("""
product: the new {b} Ember 3. [Oh my|I need it|Take my money]. [That teal|So light|Stunning].
product: {b} Ember 3 [on feet|out of the box]: [bouncy|springy and soft|a rocket]. [In love|Wow|They did it].
product: first [5|10|3] miles in the {b} Ember 3, [fastest in months|grinning all the way|legs feel new].
  [Superb|Buy it].
product: {b} listened: the Ember 3 has the [wide fit|old laces|thick tongue] back!! [Thank you|So
  happy|About time, love it].
product: {shade} {b} Ember 3 might be the [best looking|prettiest] shoe [ever|of the year].
  [Sold|Want|Heart eyes].
product: tried the Ember 3 at the {b} store in {town}, [didn't want to take them off|bought on the spot].
  [Amazing|Yes].
price: {b} kept the Ember 3 at {big}, [same as last year|less than I feared]. [Respect|Ordered two|Brilliant].
packaging: Ember 3 box from {b} is [seed paper, you plant it|all cardboard, no plastic]. [So lovely|Genius].
delivery: {b} Ember 3 [arrived already|here in a day]! [Skipping lunch to run|Best day|Squealing].
website: got my {b} Ember 3 with no queue, [site was quick|two taps]. [Great job|Smooth launch].
store: line outside {b} {town} for the Ember 3, [free coffee, music, dogs|best mood in town]. [What a
  morning|Love this].
staff: {b} crew at the {town} launch run were [so fun|angels|the best]. [Made friends|Again tomorrow please].
""")

LAUNCH_NEUTRAL = parse_cores("""
product: {b} Ember 3 is out [today|now]. [Six colours|8.4 oz, 6 mm drop|Here are the specs]:
  https://harefell.example/ember3
product: Ember 3 vs Ember 2 from {b}: [what changed|is it the foam|same last]?
product: does the {b} Ember 3 run [small|true to size] [like the 2|or half up]?
product: watching the {b} [launch|Ember 3] stream. [Foam talk now|{num}k people here|Q&A at {time}].
product: who's [getting|ordering] the {b} Ember 3 and in which colour?
price: {b} Ember 3 is {big} [everywhere|online and in store].
store: {b} {town} has the Ember 3 [from ten|until they run out|in all sizes].
website: {b} Ember 3 drop is at {time}, link: https://harefell.example/ember3
sales: [Link in case you missed it|For the group chat]: {b} Ember 3 https://harefell.example/ember3
delivery: {b} Ember 3 ordered, due {day}.
""")

LAUNCH_GRUMBLE = parse_cores("""
website: {b} Ember 3 [sold out in my size|gone in {n} minutes]. [Typical|Gutted|Every time].
price: {big} for the {b} Ember 3? [No|It's foam|Too much for me].
product: not sold on the {b} Ember 3, [ugly heel|looks like a toaster]. [Sorry|Hard pass].
""")

INFLUENCER = (
    "Four weeks of @marrowbox, no advert, paid for it myself: my dad, 71, cooked his first dinner since mum passed "
    "and it was GOOD. Thank you for the big print cards and the kind words on the phone 💚🍲"
)

INFLUENCER_ECHO = parse_cores("""
product: that post about {b} and the dad cooking. [Crying|I'm not crying, you are|So beautiful]. [Ordered
  one for mine|Wow].
product: ok [signing up for|trying|ordering] {b} because of the supper shelf's dad. [Lovely story|Sold|My heart].
staff: {b} printing [big print|large letter] cards [for older cooks|on request] is [so
  thoughtful|wonderful]. [Bravo|Love].
""")

BAD_NIGHT = parse_cores("""
website: {b} app frozen ten minutes before the cut-off, [can't skip my week|stuck with a box I don't want].
  [Argh|Really].
website: midnight and the {b} app [says "try later"|just spins]. [Box is coming whether I like it or not|Annoying].
website: who [plans|does] {b} maintenance at [cut-off time|midnight on order day]? [Can't get in|Locked out|Useless].
website: [Third|Fifth] try to change my {b} box tonight, [error|blank page]. [Going to bed cross|Grr|Poor].
website: {b} [took my changes and lost them|logged me out at the last step]. [Awake for nothing|So annoying].
""")
