"""Demo phrases about Skerryline, an invented small coastal railway. Knows no other brand and no clock.

Each line is `touchpoint: text`; the notation is explained in `benchmarks.demo_phrases`.
"""

from benchmarks.demo_phrases import parse_cores

NEGATIVE = parse_cores("""
product: {b} {time} from {town}: [two carriages|one toilet|no heating] for [the whole county|a full
  platform]. [Cosy|Sigh].
product: {b} seats have [lost their springs|no table|gum on them]. [{wait} of this|Back is broken|Bring a
  cushion].
delivery: {b} {time} [late again|cancelled again|"delayed, awaiting crew"]. [Missed the ferry|Bus it
  is|Every {day}].
delivery: stood at {town} for {wait}, no {b}, no announcement, [just gulls|one very wet dog]. [Poor|Not
  great].
delivery: replacement bus for {b} [never came|went without us|took {wait}]. [With a pram|In the rain|Fun].
price: {b} single to {town}: {big}. [For eleven stops|It's cheaper to drive|Same as a flight].
price: fined {money} on {b} because the machine in {town} [was broken|takes no cards]. [How is that
  fair|Absurd].
website: {b} site [will not show times after {time}|thinks {town} does not exist]. [Helpful|Paper it is].
store: {b} ticket office [shut|closed "until further notice"] in {town}. [Queue at the machine to the
  road|Why].
staff: guard on the {b} {time} [barked at a lost kid|slammed the door on us]. [No need|Nasty].
contact centre: wrote to {b} about [my bag|the refund] in {month}. [Silence|Not a word|Hello].
packaging: coffee on {b}: {money}, [lid did not fit|half a cup|tastes of diesel]. [No|Never again].
""")

NEUTRAL = parse_cores("""
product: does the {b} {time} [stop at {town}|take bikes|have a quiet coach]?
product: on the {b} to {town}, [left side for the sea|flask and a book|window seat].
product: is there [wifi|a socket|a loo] on {b} [trains|these days]?
product: new {b} timetable from [{day}|May|the 29th], {time} moves [five|ten] minutes.
product: photo: {b} [on the viaduct|at {town} at dusk|past the lighthouse] https://pics.example/{ref}
delivery: {b} [running|back to normal] after the [wind|tide|works] [this morning|today].
delivery: engineering work on {b} between {town} and {town}, [{day}|this weekend], buses.
price: {b} [railcard|day rover|season ticket]: [where do you buy it|worth it for {n} trips|still {big}]?
price: do dogs need a ticket on {b}?
website: {b} times are in [the journey planner|that map app] now.
store: {b} lost property: is that [{town}|the main office]? Left [a hat|an umbrella|one glove].
sales: {b} [steam day|carol train|beer train] on {day}, https://tickets.example/{ref}
staff: {b} is looking for [guards|a signaller|gardeners] in {town}.
contact centre: {b} who do I ask about [group tickets|a ramp|a school trip]?
""")

POSITIVE = parse_cores("""
product: The {b} run past {town} at [sunset|dawn] is [the best view in the country|worth any fare].
  [Go|Speechless].
product: seals from the {b} window! [Three of them|Whole carriage cheered|Best commute]
product: {b} [heated seats|new trains|big windows] are [lovely|a treat]. [Well done|Almost missed my stop].
delivery: {b} on time [again|in a gale], [to the minute|when all else stopped]. [Heroes|Chapeau].
delivery: {b} held the {time} for {n} of us running. [Thank you driver|Faith restored].
price: {b} kids go free [all March|at weekends]. [Great day in {town}|More of this].
staff: guard on {b} [sang to my daughter|found my phone|gave gran an arm]. [Beautiful people|Tears|Legend].
staff: the {b} tea trolley lady [remembered me|makes the world better]. [Biscuit included|Icon].
store: {town} {b} station [has flowers|won the garden prize]. [So pretty|Lovely work].
website: refund from {b} in [a day|two clicks]. [No letter, no stamp|How it should be].
contact centre: {b} rang to say they found my [bag|ring|bear]. [So relieved|Wonderful].
""")
