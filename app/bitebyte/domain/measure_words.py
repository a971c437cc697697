"""Words around a number that the grammar of measures knows, in English and German, lower case."""

from typing import Final

from bitebyte.domain.measure_text import words

APPROXIMATE: Final = words(
    "about approx approximately around roughly circa ca ungefähr etwa rund scant generous "
    "heaping heaped level rounded packed knapp gehäuft gehäufte gehäufter gestrichen "
    "gestrichene gestrichener gute guter geh gestr"
)
SILENT: Final = words(
    "of a an the with from in on into at as for to and or plus add put use von vom mit im der "
    "die das den dem und oder per pro à fresh freshly frisch frische frischer full"
)
"""Words that change nothing, so that nobody needs to hear that they were not read."""

DESCRIPTIONS: Final = words(
    "whole large medium small big little mini long short thick thin fresh ripe dried frozen "
    "raw cold hot warm chilled iced peeled sliced chopped diced crushed muddled squeezed "
    "juiced grated cut halved quartered cracked seeded pitted skinned washed beaten organic "
    "unwaxed good nice extra ganze ganzer ganzes grosse grosser grosses kleine kleiner "
    "kleines frische frischer frisch finely thinly freshly ground minced mashed shaved strained "
    "boiling powdered superfine toasted roasted blended lrg lg sm sml med"
)
NO_AMOUNT: Final = words("% $ € £ ¥ #")
LENGTHS: Final = words("inch inches cm mm zoll ″")
JUICE: Final = words("juice saft juiced")
SUMS: Final = words("+ plus and und &")
SAME: Final = words("/ ( = or oder , [ ~ |")
LEAST: Final = words("least min minimum mindestens mind")
AFTER_A_NAME: Final = words("proof year years yr yrs yo up jährig jähriger")
NOT_COUNTED: Final = words(
    "gin vodka wodka rum tequila mezcal whiskey whisky bourbon rye scotch brandy cognac pisco "
    "cachaca cachaça absinthe vermouth wermut sherry port wine wein champagne champagner "
    "prosecco sekt cava beer bier ale stout lager cider liqueur likör liquor schnapps schnaps "
    "amaretto aperol campari curacao curaçao triple cointreau kahlua baileys chartreuse "
    "bitters bitter juice saft syrup sirup grenadine nectar nektar cordial water wasser soda "
    "tonic cola coke sprite lemonade limonade tea tee coffee kaffee espresso milk milch cream "
    "sahne vinegar essig sauce sosse oil öl puree püree honey honig sugar zucker salt salz "
    "pepper pfeffer powder pulver cinnamon zimt nutmeg muskat cocoa kakao ice eis "
    "frangelico baileys midori drambuie benedictine galliano sambuca ouzo "
    "jägermeister jagermeister malibu limoncello pernod ricard pastis disaronno advocaat pimms"
)
"""Poured, spooned or ground: a bare number of these says nothing."""

PREPOSITIONS: Final = words("of in into cut for with to as from per zu zum zur für")

EXAMPLES: Final = "`45 ml`, `1 1/2 oz`, `2 dashes` or `1 piece`"
"""What a refusal recommends."""
