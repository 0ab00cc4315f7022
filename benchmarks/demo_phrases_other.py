"""Demo phrases beside everyday English: other languages, posts that name two brands, names that mean something else.

Knows no clock. Pairs give a label towards each brand in turn; the notation is explained in `benchmarks.demo_phrases`.
"""

from benchmarks.demo_phrases import Core, Pair, parse_cores

LANGUAGES: dict[str, dict[str, tuple[Core, ...]]] = {
    "es": {
        "negative": parse_cores("""
contact centre: [Llevo una hora|Media hora] esperando a que {b} coja el teléfono. [Qué desastre|Nadie
  contesta|Fatal].
price: {b} me ha cobrado [de más|otra vez sin avisar]. [Muy mal|Quiero mi dinero|No vuelvo].
website: La aplicación de {b} [no funciona|se cierra sola]. [Otra vez|Así no se puede|Vaya tela].
"""),
        "neutral": parse_cores("""
contact centre: ¿Alguien sabe [a qué hora abre|cómo se llama a] {b} [los domingos|desde fuera]?
product: ¿Qué tal {b}? [Me lo estoy pensando|Pregunto por una amiga|Leo opiniones].
price: ¿{b} acepta [tarjeta de fuera|pago a plazos]?
"""),
        "positive": parse_cores("""
staff: Encantada con {b}, [gente muy amable|me lo resolvieron en un momento]. [Gracias|Un diez|Así sí].
product: {b} me ha sorprendido, [todo perfecto|muy buena calidad]. [Repito|Lo recomiendo|Qué alegría].
"""),
    },
    "de": {
        "negative": parse_cores("""
contact centre: Seit [einer Stunde|{num} Minuten] in der Warteschleife bei {b}. [Unfassbar|Es reicht|Nie
  wieder].
price: {b} hat [zu viel|doppelt] abgebucht und [niemand meldet sich|keiner weiß etwas]. [Frechheit|Sehr
  ärgerlich].
website: Die App von {b} [stürzt ständig ab|geht seit dem Update nicht mehr]. [Nervt|Toll gemacht, wirklich].
"""),
        "neutral": parse_cores("""
product: Hat jemand [Erfahrung mit|schon etwas von] {b}? [Überlege noch|Frage für meine Schwester].
contact centre: Weiß jemand, [bis wann {b} heute erreichbar ist|wie man {b} schreibt]?
price: Gibt es bei {b} [einen Rabatt für Studierende|Gutscheine]?
"""),
        "positive": parse_cores("""
support: {b} hat mein Problem [sofort|in fünf Minuten] gelöst. [Danke|Spitze|So geht Service].
product: Bin [richtig begeistert|sehr zufrieden] mit {b}. [Klare Empfehlung|Gerne wieder|Top].
"""),
    },
    "fr": {
        "negative": parse_cores("""
contact centre: [Une heure|{num} minutes] au téléphone avec {b} pour rien. [Quelle honte|C'est
  nul|J'abandonne].
price: {b} m'a prélevé [deux fois|sans prévenir]. [Inadmissible|Remboursez-moi|Très déçu].
website: L'appli {b} [plante encore|ne s'ouvre plus]. [Bravo|Ça suffit|Pénible].
"""),
        "neutral": parse_cores("""
product: Quelqu'un a déjà [essayé|pris] {b} ? [Je me renseigne|C'est pour un cadeau].
contact centre: {b} est ouvert [le samedi|jusqu'à quelle heure] ?
price: On peut payer {b} [en plusieurs fois|avec une carte étrangère] ?
"""),
        "positive": parse_cores("""
staff: Merci à l'équipe de {b}, [adorable|efficace et gentille]. [Un grand bravo|Continuez|Parfait].
product: Très contente de {b}, [rien à dire|je recommande]. [Super|Génial|Top qualité].
"""),
    },
}

PAIRS: tuple[Pair, ...] = (
    Pair(
        "tarnwave",
        "ottercall",
        "negative",
        "positive",
        (
            "Leaving {b} for {o}. [Same price, and it works|They answered in a minute|Took {quick}]. [Bye|Too late]",
            "{o} fitted us in {quick}, {b} needed {n} weeks to say no. [Easy choice|Bye]",
            "[neighbour's|next door's] {o} flies, my {b} crawls. [Jealous|Contract ends {month}]",
        ),
    ),
    Pair(
        "tarnwave",
        "ottercall",
        "neutral",
        "neutral",
        (
            "{b} or {o} for [a flat in {town}|gaming|two people at home]? [Both around {money}|Never had either]",
            "does anyone know if {o} runs on the {b} lines in {town}?",
        ),
    ),
    Pair(
        "tarnwave",
        "ottercall",
        "positive",
        "negative",
        ("Came back to {b} from {o}. [Three months of dropouts was enough|Never knew how good I had it]. Happy again",),
    ),
    Pair(
        "tarnwave",
        "marrowbox",
        "negative",
        "positive",
        (
            "If {b} answered as fast as {o} does I would [never complain|stay for life]. [Hours vs minutes|Learn]",
            "{b} down so I could not order, {o} rang me to ask. [That is how you treat people|Guess who I keep]",
        ),
    ),
    Pair(
        "marrowbox",
        "harefell",
        "positive",
        "positive",
        (
            "[Long run|Ten miles] in my {o}, then {b} [ramen|curry|pie]. [Perfect {day}|This is the life|Bliss]",
            "{b} for the [inside|stomach], {o} for the [feet|road]: [best {month} in years|I feel {n} years younger]",
        ),
    ),
    Pair(
        "skerryline",
        "tarnwave",
        "positive",
        "negative",
        ("working from the {b} because my {o} at home is dead. [The train is faster|Better view as well]",),
    ),
    Pair(
        "harefell",
        "marrowbox",
        "negative",
        "positive",
        ("{b} cannot get shoes here in {n} weeks, {o} gets fish here in a day. [Explain|Take notes]",),
    ),
    Pair(
        "marrowbox",
        "skerryline",
        "neutral",
        "neutral",
        (
            "{b} [stand|fridge|stall] at the {o} station in {town}, [soup today|free leaflets|for commuters]",
            "does {b} deliver to the {o} [stations|ticket office]? [Long shift|Asking for {who}|Who do I call]",
            "[Carried|Took] a {b} box on the {o} to {town}. [It had its own seat|{n} people asked what was in it]",
        ),
    ),
    Pair(
        "harefell",
        "skerryline",
        "neutral",
        "neutral",
        (
            "running from {b} pop-up to the {o} stop, {n} miles, [anyone joining|{day}]?",
            "[Saw|Counted] {num} pairs of {b} on the {o} to the {town} [half|10k]",
        ),
    ),
)

ELSEWHERE = (
    "Harefell [village hall|Church] [jumble sale|bell ringing|quiz] on {day}, [tea from two|all welcome|bring a cake]",
    "[Walked|Up|Ran down] Harefell Hill [before breakfast|in fog|with {who}], [saw a hare, fittingly|no view]",
    "[Selling|Looking for|Swapped my amp for] a tarnwave pedal, [boxed|any colour], for [surf guitar|a gig]",
    "tarnwave reverb on [the vocals|everything|snare], [too much|not enough|yes or no]?",
    "knitting the skerryline jumper, [sleeve two|row {num}|out of the blue wool], [done by {day}|for {who}]",
)
