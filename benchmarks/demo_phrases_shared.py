"""Demo phrases that fit every brand: contact centre, app, bills, staff, adverts. Knows no brand and no clock.

Each line is `touchpoint: text`; the notation is explained in `benchmarks.demo_phrases`.
"""

from benchmarks.demo_phrases import parse_cores

NEGATIVE = parse_cores("""
contact centre: [Been on hold|On hold|Sat on hold] to {b} for {wait} [now|and counting|so far].
  [The music is burned into my brain|Same song on a loop|I know every note of that tune by now].
contact centre: {b} [chat bot|virtual assistant|bot] asked me {n} times for the [order|account|customer]
  number
  and then [closed the window|timed out|said goodbye]. [Genius|Well done|Lovely stuff].
contact centre: Third [email|message|form] to {b}, third [copy and paste|automatic] reply.
  [Does a human read these|Is anybody in|Anyone home]?
contact centre: [How hard is it|How hard can it be] to [call someone back|answer one email|reply to a
  message], {b}?
  [Waiting since {day}|{n} days now|I asked on {day}].
contact centre: rang {b} and got passed between {n} departments, [every one of them|each] asked me to start
  again
contact centre: {b} promised me a call back [by {day}|within the hour|before lunch]. [Guess what|Spoiler]:
  no call.
staff: Whoever I [spoke to|got] at {b} [just now|today|this morning] [could not have cared less|was plain
  rude|
  talked over me the whole time]. [Not ok|Not impressed|Last time I call].
staff: The [man|woman|lad] at {b} told me it was [my own fault|my phone|"user error"]. It was not.
staff: feel sorry for the people working at {b}, they [clearly hate the system too|get no help either], but
  I still
  have no [answer|solution|refund]
price: {b} put [the price|my price|prices] up again [without a word|with a two line email|and hoped nobody
  would look].
  {money} more for exactly [nothing new|the same thing].
price: New customers get [half price|{money} off|a free month] from {b}. I get [a price rise|a
  survey|nothing].
  [Loyalty, eh|So much for loyalty|Makes you think].
price: Why has {b} taken {money} from my [card|account|bank] that I [never agreed to|did not
  order|cancelled in {month}]?
price: still waiting for my {money} refund from {b}. It was meant to take [five|three|seven] days. It has
  been {n} weeks
website: The {b} app logged me out [again|twice today|mid payment] and now [the code never arrives|it wants
  a password
  I never had|it just spins].
website: the {b} app is [useless|painfully slow|broken] since the update, [crashes every time I open it|
  half the buttons do nothing|cannot even find my account]
website: {b} website [times out|falls over|shows an error] [at the very last step|when I press pay|every
  evening].
  [Tried {n} browsers|Same on my phone|Not the first time].
website: One star. {b} [wants a new account for everything|lost all my saved details|logs me out every
  single day].
support: Raised it with {b} {n} weeks ago, got a case number, heard nothing. [Is that it|What is the number
  for, then]?
support: {b} closed my case as "resolved". [Nothing|Not one thing] is resolved. [Impressive|What a trick].
support: Oh [good|lovely|brilliant], another "[your call is important to us|we value your feedback]" from {b}.
  [Sure it is|Prove it|I can tell].
sales: {b} [rang|called] me {n} times [this week|since {day}] to sell me something I [already have|said no
  to].
  [Please stop|Take me off the list|Enough].
sales: signed up with {b} on one price, the confirmation says another. [Sales said sorry, cannot change it|
  "The agent was mistaken" apparently|Bait and switch, no other word].
store: Went to the {b} [shop|desk|counter] in {town}: {n} people waiting, one person serving, [nobody knew
  anything|
  sent home to do it online]. [Waste of a lunch break|Why bother opening].
""")

NEUTRAL = parse_cores("""
contact centre: [What|Does anyone know what] time does {b} [customer service|the {b} helpline|support]
  [close|open]
  [on {day}|today|at the weekend]?
contact centre: {b} can you check your [DMs|messages] [please|pls|when you have a minute]? [Sent one|Wrote]
  on {day}.
contact centre: [Is there|Do they have] a {b} number that is not [the chat|an 0800 one|the app]? Asking for
  {who}.
website: [Where|Anyone know where] in the {b} app do you [change the address|find old invoices|switch off
  the emails]?
website: [Does|Will] the {b} app work on [an old tablet|a five year old phone|a tablet]?
website: {b} app [updated|has a new icon|looks different] [today|since {day}|this morning], [dark mode
  now|version {num}
  apparently|menu moved to the bottom|the font changed]
website: [logging into|you can log into] {b} [with a passkey|with just the email|with a fingerprint] [now, it
  seems|since
  {day}|as of this week]. [New to me|Old hat for some|Set up in {quick}].
price: {b} [student|family|over 60s] discount: [is it automatic|do you need a code|still a thing]?
price: Has [anyone|anybody] [got|seen|found] the {b} price list for [April|spring|the new tax year] yet?
price: paid {b} by [card|direct debit|voucher] this time, [will report back|let's see what the receipt says]
sales: Got a [leaflet|letter|flyer] from {b} [through the door|with the paper] [this morning|today].
sales: {b} advert [on the bus|at the station|before every video] [again|this week]. [Catchy tune|Same one
  as last year].
sales: [What do you all think of|Thoughts on|Anyone here with] {b}? [Comparing a few|{who} asked
  me|Deciding this week].
sales: {b} [referral|friend] code if anyone wants it, we both get {money}: https://share.example/{ref}
staff: {b} is hiring in {town}, [saw it at the job centre|posted this morning|closing date {day}]
  https://jobs.example/{ref}
staff: my [cousin|neighbour|old flatmate] starts at {b} on {day}. [Small world|Told her to get me a mug].
store: Is the {b} [shop|counter] in {town} [open|shut|busy] on {day}?
store: {b} [pop-up|stand|stall] outside the station in {town} [today|until {day}], for those nearby
support: switching my {b} account to [my partner's|a new] name. [Who has done this|How long does it take]?
support: {b} [survey|questionnaire] [in my inbox|by text|after the call on {day}]. [{num} questions|Ten
  minutes, it says|
  A scale from one to ten, as ever|Skipped to the end].
product: [A thread about|Reading about|Podcast episode on] how {b} [got started|plans the year|picks its
  suppliers]
  https://read.example/{ref}
product: {b} [mentioned|came up] in [the local paper|a talk|the quiz] [today|last night]. [Page four|Round
  three].
product: day {num} of seeing {b} [mentioned|ads|logos] everywhere, [is it just me|the algorithm knows
  something]
sales: {who} [switched to|moved to|signed up with] {b} on {day}. [I'll ask how it goes|No news yet|Report
  to follow].
contact centre: on the phone to {b} about [my address|an invoice|a change of name], [second in the queue|they
  are looking
  into it|call {n} of the day].
contact centre: {b} [asked for|wants] [a photo of the label|my date of birth|a copy of the receipt], [sent
  it|found it|
  normal procedure I suppose].
website: is the {b} [site|app] in [Welsh|Irish|Spanish] [too|yet]? Helping {who} [sign up|with it].
website: [Reset|Changed] my {b} password [again|on {day}|after {n} months], [as you do|the yearly ritual].
price: {b} [bill|receipt|invoice] for {month}: {big}. [Noted|Filed|Same as {month}].
price: [Splitting|Sharing] {b} with {who}, [how do you all do the money|half each|who pays what]?
sales: {b} at the [careers fair|trade show|market] in {town}, [stand {num}|next to the bank|handing out pens].
sales: [Two|Three] people asked me about {b} [this week|at work|at the school gate]. [Why now|Is there an offer on].
staff: met [someone|a lad|a woman] who [works at|used to work at|designs for] {b} [on the train|at a wedding|on
  {day}].
  [Chatted about parking|Interesting job|Small talk].
store: passed the {b} [shop|stand] in {town}, [new window|lights off|a queue of {num}|painters in].
support: {b} says [two working days|by {day}|they will write]. [Fine|Let's wait|Putting it in the calendar].
support: who at {b} do you write to about [press|accessibility|a school project|data I'd like a copy of]?
product: [using|with] {b} for {n} [months|years] now, [any tips I missed|what do others use|time flies].
product: {b} [trivia|fact]: [founded in {town}|started in a garage|the logo was drawn by an intern]. [Learned
  today|Who knew].
product: writing [an essay|a class report|a talk] on {b}, [sources welcome|due {day}|{num} pages so far].
product: {who} asked me [to explain|about] {b} over [lunch|breakfast], [drew a diagram|sent a link|no idea what
  to say].
""")

POSITIVE = parse_cores("""
contact centre: [Credit where it's due|Fair play|Have to say]: {b} picked up in [two|three] rings and
  [sorted it|
  fixed it|had an answer] in {quick}.
contact centre: {b} called me back [when they said they would|on the dot|within the hour]. [Rare|More of
  this|Thank you].
contact centre: the {b} chat had my [problem|refund|question] sorted in {quick}. [An actual human|No
  script, either|
  Genuinely impressed].
staff: Huge thanks to [the lady|the guy|Priti|Marek|Joan|whoever it was] at {b} who [stayed on the
  line|went out of
  the way|explained everything] [today|this morning|last night]. [Made my day|Legend|Star].
staff: The people at {b} are [so kind|lovely|always cheerful]. [My gran agrees|Even on a {day}|Never change].
staff: shout out to {b} for being [polite, quick and clear|human about it]. [It is not that hard|others
  take note]
price: {b} [refunded|gave back] {money} [before I even asked|in a day|without an argument]. [Respect|Happy
  with that].
price: Renewed with {b} and it got [cheaper|{money} cheaper]. [Checked twice|I had to sit down|Did not see
  that coming].
price: best {money} I spend [every month|all month] is {b}, [no contest|honestly]
website: The {b} app is [so much better|finally quick|a joy] since the update. [Took two taps|Well done to
  that team].
website: [Small thing|Tiny detail] but the {b} app remembers [where I left off|my settings|my usual] and I
  love [it|that]
website: {b} app: five stars. [Does what it says|Simple, quick, no nonsense|Even {who} can use it].
support: {b} [fixed my problem|sorted me out|solved it] [first time|in one go|on the first call]. [Take a
  bow|Delighted].
support: complained to {b} on {day}, sorry and a solution by [the next morning|lunch]. [That's how you do it|
  Staying with them, obviously].
store: Popped into {b} in {town}, [in and out in five minutes|friendly and quick|best service all week].
  [Lovely team|
  Will go back].
sales: Told {who} to go with {b} and now [I get thanked weekly|the whole street has it]. [No regrets|Knew it].
sales: no hard sell at {b}, they [told me the cheaper one would do|actually said I did not need it].
  [Sold|Trust earned]
product: {b} just works. [That's the post|Years now|Nothing else to say].
website: changed everything [in|through] the {b} app in {quick}. [Bliss|No forms|Whoever built it, thank you].
staff: {b} [wrote|sent] a [card|kind note|voucher] after [my op|our loss|a rough week]. [Did not expect that|So
  human|In tears].
price: [Checked|Compared] {n} others, {b} is still [the best value|the fairest]. [Staying put|Happy camper|Glad
  I looked].
support: {b} owned the mistake, [fixed it|put it right] in {quick} and [said sorry|added {money}].
  [Respect|Classy|Kept me].
product: {n} [months|years] with {b} and [still a fan|zero regrets|would sign again]. [Quality|Easy to
  love|Just good].
product: [my sister|the whole office|half of {town}] is on {b} now and [loves it|won't shut up about it].
  [Same|Join us].
sales: [Best decision|Smartest thing I did] in {month}: {b}. [Life is easier|Wish I'd known sooner|Treat yourself].
contact centre: {b} helped my [gran|dad|neighbour], who is {age}, for {wait}, [never impatient|kindly|till it worked].
  [Angels|Grateful].
""")

ASIDES = (
    "[{n}|{num}] [years|months] with them.",
    "([{town}|near {town}], if it matters.)",
    "[That was|This was] {day}.",
    "[{who} says the same|Ask {who}].",
    "[Typing this|Writing this] on the {time} [bus|train].",
    "[Since {month}|Since {day}].",
    "Noticed [it|this] [around|at] {time}.",
    "[Told|Showed] {who}, [same reaction|shrugged|laughed].",
    "Meanwhile, [tea|coffee].",
    "[{day} mood|Typical {day}|It's {day}].",
    "[Second|Third|First] time this [month|week|year].",
    "Now back to [work|bed|the dog].",
    "[Posting|Saying] it here [so it counts|for the record|as well].",
    "[Here in {town}|Greetings from {town}].",
    "[Photo|Screenshot] [later|to follow|below].",
    "[My street|Our block|The office] [agrees|talks of little else].",
    "[Been thinking about it since {time}|Had to share].",
    "({who} [made me post|told me to post|reads over my shoulder]).",
)
