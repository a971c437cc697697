"""The measures that recipes name, in English and German: how large each is, or why it has no size.

Sources. Metric and weights: exact by definition (NIST Handbook 44, Appendix C; for the imperial
ones the Weights and Measures Act 1985, Schedule 1). Ounce, spoons, cup, dash and drop are those of
`units`; larger measures of the bar are multiples of its ounce of 30 ml, so that two cups stay one
pint. Pony, jigger, snit and count: Wikibooks, Bartending, Table of measures. What sources put at
different sizes is either rounded here and said in every preview (splash, float), or has no size
until the bar says one (shot, part, bottle, ...).
"""

from fractions import Fraction
from typing import Final

import msgspec


class Measure(msgspec.Struct, frozen=True, gc=False):
    """A measure of a known size: one of it is `factor` of `unit`, which is one of `units.UNITS`."""

    unit: str
    factor: Fraction = Fraction(1)
    note: str = ""
    """What a person should know about its size; shown wherever it is read."""
    stands_alone: bool = False
    """Whether the bare word means one: a dash, a wedge; but not a litre."""


class Unsized(msgspec.Struct, frozen=True, gc=False):
    """A measure without a size of its own. A bar may state one; then it is read by that."""

    name: str
    """What a bar names when it states the size."""
    reason: str
    """Completes `3 parts: `."""
    suggested_amount: str = ""
    suggested_unit: str = ""
    """What many bars take; empty where nothing is usual."""
    is_garnish: bool = False
    """The drink can be served without it, so the line is optional."""


def _words(text: str) -> tuple[str, ...]:
    return tuple(part.strip() for part in text.split(","))


_SIZED: Final[tuple[tuple[Measure, str], ...]] = (
    (Measure("ml"),
     "ml, mls, mil, mils, milliliter, milliliters, millilitre, millilitres, cc, ccm, milli "
     "liter, milli litre"),
    (Measure("cl"),
     "cl, cls, centiliter, centiliters, centilitre, centilitres, zentiliter, centi liter"),
    (Measure("dl"),
     "dl, dls, deciliter, deciliters, decilitre, decilitres, deziliter"),
    (Measure("l"),
     "l, lt, ltr, ltrs, liter, liters, litre, litres, litern"),
    (Measure("oz"),
     "oz, ozs, ounce, ounces, fl oz, fl ozs, fl ounce, fl ounces, floz, fluid oz, fluid ounce, "
     "fluid ounces, oz fl, us oz, us fl oz, us fluid ounce, us fluid ounces, unze, unzen, fl, "
     "fluidounce, fluidounces"),
    (Measure("ml", Fraction("28.4130625"), "an imperial fluid ounce, 28.413 ml"),
     "imperial oz, imperial ounce, imperial ounces, imp oz, imp fl oz, imperial fl oz, uk oz, "
     "uk fl oz, imperial fluid ounce, imperial fluid ounces"),
    (Measure("tsp"),
     "tsp, tsps, ts, teaspoon, teaspoons, teaspoonful, teaspoonfuls, teaspoonsful, tea spoon, "
     "tea spoons, teasp, tspn, tspns, tl, teelöffel, teelöffeln, tee löffel, coffee spoon"),
    (Measure("tbsp"),
     "tbsp, tbsps, tbs, tbl, tbls, tblsp, tblsps, tbspn, tblspn, tbsb, tb, tablespoon, "
     "tablespoons, tablespoonful, tablespoonfuls, tablespoonsful, table spoon, table spoons, "
     "tablesp, el, esslöffel, esslöffeln, ess löffel"),
    (Measure("ml", Fraction(10), "a dessert spoon is read as 10 ml"),
     "dessertspoon, dessertspoons, dessert spoon, dessert spoons, dsp, dstspn"),
    (Measure("cup"),
     "cup, cups, cupful, cupfuls, c, us cup, us cups"),
    (Measure("barspoon", stands_alone=True),
     "barspoon, bar spoon, bsp, barsp, bar spoonful, barlöffel, bar löffel, bl, mixing "
     "spoon"),
    (Measure("barspoon"),
     "barspoons, bar spoons, bsps, barlöffeln"),
    (Measure("dash", stands_alone=True),
     "dash, spritzer, shake"),
    (Measure("dash"),
     "dashes, dashs, dashe, dsh, spritzern, shakes"),
    (Measure("drop", stands_alone=True),
     "drop, tropfen, droplet, gtt"),
    (Measure("drop"),
     "drops, droplets, drps"),
    (Measure("ml", Fraction(5), "a splash is read as 5 ml; bars pour from 2 to 15", True),
     "splash"),
    (Measure("ml", Fraction(5), "a splash is read as 5 ml; bars pour from 2 to 15"),
     "splashes"),
    (Measure("oz", Fraction(1, 2), "a float is read as 1/2 oz", True),
     "float"),
    (Measure("oz", Fraction(1, 2), "a float is read as 1/2 oz"),
     "floats"),
    (Measure("oz", Fraction(1), "a pony is 1 oz", True),
     "pony"),
    (Measure("oz", Fraction(1), "a pony is 1 oz"),
     "ponies, pony shot, pony shots"),
    (Measure("oz", Fraction(3, 2), "a jigger is 1 1/2 oz", True),
     "jigger"),
    (Measure("oz", Fraction(3, 2), "a jigger is 1 1/2 oz"),
     "jiggers, jig"),
    (Measure("oz", Fraction(3), "a snit is 3 oz"),
     "snit, snits"),
    (Measure("oz", Fraction(1, 2), "a count of free pouring is 1/2 oz"),
     "count, counts"),
    (Measure("oz", Fraction(1, 8), "a dram is 1/8 oz"),
     "dram, drams, fl dram, fl drams, fluid dram"),
    (Measure("oz", Fraction(4), "a US gill is 4 oz; an imperial one is 142 ml"),
     "gill, gills"),
    (Measure("oz", Fraction(16), "a US pint is 16 oz; an imperial one is 568 ml"),
     "pint, pints, pt, pts, us pint, us pints"),
    (Measure("ml", Fraction("568.26125"), "an imperial pint, 568 ml"),
     "imperial pint, imperial pints, imp pint, imp pt, uk pint, uk pints, british pint"),
    (Measure("oz", Fraction(32), "a US quart is 32 oz; an imperial one is 1.137 l"),
     "quart, quarts, qt, qts, us quart, us quarts"),
    (Measure("ml", Fraction("1136.5225"), "an imperial quart, 1.137 l"),
     "imperial quart, imperial quarts, imp quart, uk quart"),
    (Measure("oz", Fraction(128), "a US gallon is 128 oz; an imperial one is 4.546 l"),
     "gallon, gallons, gal, gals, us gallon, us gallons"),
    (Measure("ml", Fraction("4546.09"), "an imperial gallon, 4.546 l"),
     "imperial gallon, imperial gallons, imp gallon, imp gal, uk gallon"),
    (Measure("ml", Fraction(750), "a fifth is the bottle of 750 ml"),
     "fifth, fifths"),
    (Measure("ml", Fraction(1500), "a magnum is 1.5 l"),
     "magnum, magnums"),
    (Measure("mg"),
     "mg, mgs, milligram, milligrams, milligramm"),
    (Measure("g"),
     "g, gr, grs, gm, gms, gs, gram, grams, gramme, grammes, gramm"),
    (Measure("kg"),
     "kg, kgs, kilo, kilos, kilogram, kilograms, kilogramm"),
    (Measure("g", Fraction("453.59237"), "a pound is 453.592 g"),
     "lb, lbs, pound, pounds"),
    (Measure("g", Fraction("28.349523125"), "an ounce of weight is 28.35 g"),
     "oz weight, oz wt, ounce weight, ounces weight, oz by weight, ounce by weight, "
     "ounces by weight, weight oz, weight ounce, weight ounces, oz avoirdupois"),
    (Measure("g", Fraction(500), "a Pfund is 500 g"),
     "pfund"),
    (Measure("pinch", stands_alone=True),
     "pinch, pinche, prise, messerspitze, msp"),
    (Measure("pinch"),
     "pinches, prisen"),
    (Measure("slice", stands_alone=True),
     "slice, scheibe, wheel, round, ring, disc, disk, rad, coin"),
    (Measure("slice"),
     "slices, scheiben, wheels, rounds, rings, discs, disks, räder, coins"),
    (Measure("wedge", stands_alone=True),
     "wedge, ecke, spalte, segment, schnitz"),
    (Measure("wedge"),
     "wedges, ecken, spalten, segments"),
    (Measure("twist", stands_alone=True),
     "twist, zest, zeste, spiral, swath"),
    (Measure("twist"),
     "twists, zests, zesten, spirals, swaths"),
    (Measure("peel", stands_alone=True),
     "peel, rind, strip, shaving, schale, ribbon"),
    (Measure("peel"),
     "peels, rinds, strips, shavings, schalen, ribbons"),
    (Measure("leaf", stands_alone=True),
     "leaf, blatt"),
    (Measure("leaf"),
     "leaves, leafs, leave, blätter, blättchen, lvs"),
    (Measure("sprig", stands_alone=True),
     "sprig, zweig, stem, stengel, stängel"),
    (Measure("sprig"),
     "sprigs, zweige, stems"),
    (Measure("cube", stands_alone=True),
     "cube, würfel, lump"),
    (Measure("cube"),
     "cubes, lumps, würfeln"),
    (Measure("scoop", stands_alone=True),
     "scoop, kugel"),
    (Measure("scoop"),
     "scoops, kugeln, scoopfuls"),
    (Measure("piece"),
     "piece, pieces, pc, pcs, pce, pces, each, ea, unit, units, item, items, stk, stück, "
     "stücke, stücken"),
)  # fmt: skip

_COUNTED: Final = (
    "clove, cloves, zehe, zehen, pod, pods, kapsel, kapseln, stick, sticks, stange, stangen, "
    "stalk, stalks, rib, ribs, bag, bags, tea bag, tea bags, teabag, teabags, teebeutel, "
    "beutel, bean, beans, bohne, bohnen, berry, berries, beere, beeren, ball, balls, star, "
    "stars, flower, flowers, blüte, blüten, petal, petals, spear, spears, chunk, chunks, head, "
    "heads, sheet, sheets, tablet, tablets, egg, eggs, egg white, egg whites, egg yolk, egg "
    "yolks, ei, eier, eiweiss, eigelb, yolk, yolks, fruit, fruits, skewer, skewers, spiess, "
    "kernel, kernels, seed, seeds, capsule, capsules, popsicle, popsicles, cone, cones, bud, "
    "buds, block, blocks, section, sections, blossom, blossoms, marshmallow, marshmallows, "
    "cookie, cookies"
)
"""Whatever comes in ones: one of it is one piece of the ingredient."""

_UNSIZED: Final[tuple[tuple[Unsized, str], ...]] = (
    (Unsized("shot", "a shot has no fixed size", "45", "ml"),
     "shot, shots, shot glass, shot glasses, shotglass, shotglasses, schnapsglas, stamperl"),
    (Unsized("part", "a part has a size only once that of the whole drink is known", "30", "ml"),
     "part, parts, teil, teile, teilen, equal part, equal parts, proportion, proportions, "
     "parte, partes, ratio, share, shares"),
    (Unsized("measure", "a measure is 25 or 35 ml in some places and a shot in others", "25", "ml"),
     "measure, measures, mass, nip, nips, tot, tots"),
    (Unsized("bottle", "bottles differ", "700", "ml"),
     "bottle, bottles, btl, btls, flasche, flaschen"),
    (Unsized("can", "cans differ", "330", "ml"),
     "can, cans, tin, tins, dose, dosen, büchse"),
    (Unsized("glass", "glasses differ", "200", "ml"),
     "glass, glasses, glas, gläser, full glass, wine glass, wine glasses, wineglass, "
     "wineglasses, mug, mugs, pitcher, pitchers, bowl, bowls, highball glass, tumbler, becher, "
     "krug"),
    (Unsized("tasse", "a Tasse holds 125 to 250 ml", "250", "ml"),
     "tasse, tassen"),
    (Unsized("schuss", "a Schuss is as much as the hand pours", "10", "ml"),
     "schuss, schüsse"),
    (Unsized("finger", "a finger depends on the glass", "30", "ml"),
     "finger, fingers"),
    (Unsized("squeeze", "a squeeze depends on the hand", "5", "ml"),
     "squeeze, squeezes, squirt, squirts, pump, pumps, spray, sprays, spritz, mist, drizzle, "
     "drizzles, swirl, trickle, rinse, wash, coat"),
    (Unsized("spoon", "it does not say which spoon: tsp, tbsp or barspoon", "5", "ml"),
     "spoon, spoons, spoonful, spoonfuls, spoonsful, löffel, ladle, ladles"),
    (Unsized("package", "packages differ", ""),
     "package, packages, packet, packets, pack, packs, pkg, pkgs, pkt, envelope, envelopes, "
     "sachet, sachets, packung, packungen, päckchen, pck, box, boxes, carton, cartons, container, "
     "containers, jar, jars, tub, tubs, tube, tubes, keg, kegs, case, cases, pouch, pouches"),
    (Unsized("handful", "hands differ", ""),
     "handful, handfuls, handvoll, hand voll, bunch, bunches, bund, bouquet, fistful, cluster"),
    (Unsized("dollop", "a dollop is as much as stays on the spoon", "15", "ml"),
     "dollop, dollops, klecks, blob, dab"),
    (Unsized("knob", "a knob has no fixed size", "10", "g"),
     "knob, knobs, thumb, thumbs"),
    (Unsized("dropper", "droppers differ", "1", "ml"),
     "dropper, droppers, eyedropper, eye dropper, pipette, pipettes"),
    (Unsized("sprinkle", "a sprinkle is as much as falls", "1", "pinch"),
     "sprinkle, sprinkles, sprinkling, dusting, dust, grating, grind, grinds, crack, cracks, "
     "hint, touch, smidgen, smidge, tad, trace, hauch, kiss"),
    (Unsized("top", "how much tops up the glass is not said", "100", "ml"),
     "top, top up, top up with, top off, top off with, top with, to top, to top up, topped, "
     "topping, top it up, auffüllen, aufgiessen, auffüllen mit, aufgiessen mit, zum auffüllen, "
     "zum aufgiessen"),
    (Unsized("fill", "how much fills the glass is not said", "100", "ml"),
     "fill, fill with, fill up, fill up with, to fill, filling, filled, fill glass, fill to "
     "top, fill the glass, fill glass with, füllen, rest, remainder, balance, füllen mit"),
    (Unsized("garnish", "how much of the garnish is not said", "1", "piece", is_garnish=True),
     "garnish, garnishes, for garnish, garnish with, to garnish, as garnish, garnishing, "
     "garnitur, garnierung, zum garnieren, deko, dekoration, zur deko, decoration, to "
     "decorate, rim glass, for rim, for rimming, around rim, rimmed, on rim, for the rim, to "
     "rim, coat rim"),
    (Unsized("taste", "how much is a matter of taste", ""),
     "taste, to taste, to your taste, as needed, as desired, as required, as necessary, if "
     "needed, if desired, if you like, as you like, to your liking, preference, to "
     "preference, nach geschmack, nach belieben, nach bedarf, bei bedarf, wer mag"),
    (Unsized("some", "how much is not said", ""),
     "some, few, a few, several, bit, a bit, little, a little, lots, lots of, plenty, enough, "
     "much, many, etwas, ein paar, paar, einige, wenig, viel, ein wenig, ein bisschen, "
     "amount, small amount"),
)  # fmt: skip

_FRUITS_ML: Final[dict[str, int]] = {
    "lime": 30, "limette": 30, "lemon": 45, "zitrone": 45, "orange": 60,
}  # fmt: skip
"""Juice of one, in ml. Lime and lemon: the tables of equivalents of bar books (1 oz, 1 1/2 oz);
orange: four tablespoons (WebstaurantStore, How much juice is in citrus fruits)."""

MEASURES: Final[dict[str, Measure | Unsized]] = (
    {word: Measure("piece") for word in _words(_COUNTED)}
    | {word: unsized for unsized, words in _UNSIZED for word in _words(words)}
    | {word: sized for sized, words in reversed(_SIZED) for word in _words(words)}
)
"""By spelling, lower case, words separated by one space."""

UNSIZED_NAMES: Final[dict[str, Unsized]] = {unsized.name: unsized for unsized, _ in _UNSIZED}
WORDS_MAX: Final = max(len(spelling.split()) for spelling in MEASURES)
"""Words of the longest spelling."""


def juice_ml(fruit: str) -> int | None:
    """How much juice one fruit gives; None where nothing is usual."""
    return _FRUITS_ML.get(fruit)
