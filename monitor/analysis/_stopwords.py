"""English words that carry no subject: they are left out when words are compared. Data only."""

_WORDS = """
a about above after again all almost along already also although always am amp an and another any anyone anything are
arent around as at away back bc be became because been before being below better between both but by came can can't
cannot cant come could couldn't did didn't didnt do does doesn't doesnt doing don't done dont down during each either
else even ever every everyone everything few for from further get gets getting go goes going gonna got gotta had
hadn't has hasn't have haven't having he her here hers herself him himself his how however i i'd i'll i'm i've if im
in instead into is isn't isnt it it'd it'll it's its itself ive just keep kind know last least less let let's like
literally lol lot lots made make makes making many may maybe me might more most much must my myself need never new
next no nobody none nor not nothing now of off oh ok okay on once one only onto or other others our ours ourselves out
over own please pls probably put quite rather re really right rt said same say says see seem seems she should
shouldn't since so some someone something sometimes soon still stop such sure take tell than thank thanks that that's
thats the their theirs them themselves then there there's these they they'd they'll they're they've thing things think
this those though through thru til till to today together told tomorrow tonight too took toward try trying u under
until up upon ur us use used very via want wants was wasn't wasnt way we we'd we'll we're we've well went were weren't
what what's when where which while who who's whole whom whose why will with without won't wont would wouldn't wtf yeah
yes yesterday yet you you'd you'll you're you've your youre yours yourself
"""
STOPWORDS = frozenset(_WORDS.split())
