"""Measures as public recipe collections spell them, with what each must be read as.

Written by hand. A group names the base quantity, or the reason of a refusal; an entry is a
spelling, or `spelling | ingredient`.
"""

READ: dict[str, str] = {
    "10000 ul": """
    10 ml; 1 cl; 1cl; 1.0 cl; 1 cl.; 10ml; 10 mL; 10 ML; 10 mls; 10 cc; 10 milliliters;
    10 millilitre; 2 tsp; 2 TL; 2 teaspoons; 2 splashes; 1-2 splashes; 1-2 tsp; 1 to 2 teaspoons;
    2 barspoons; 1 dessertspoon; 1 dessert spoon; 1/3 oz; ⅓ oz; one third oz;
    a third of an ounce;
    1 splash or 2
    """,
    "20000 ul": """
    2 cl; 2cl; 20 ml; 20ML; 2 cls; 2 centilitres; 2 Zentiliter; 2,0 cl; 0.2 dl; ½ x 4 cl;
    2 x 10 ml; 2x10ml; 2 × 10 ml; 2/3 oz; ⅔ oz; 2/3 fl. oz; 4 tsp; 2/3 ounce
    """,
    "25000 ul": """
    25 ml; 25ml; 2 1/2 cl; 2½ cl; 2.5 cl; 2,5cl; 2,5 cl; 20-25 ml; 20 – 25 ml; 20 to 25 ml;
    20ml - 25ml; between 20 and 25 ml
    """,
    "30000 ul": """
    30 ml; 3 cl; 3cl; 1 oz; 1oz; 1 oz.; 1 OZ; 1 Oz; 1 ounce; 1 ounces; one ounce; an ounce;
    1 fl oz; 1 fl. oz.; 1 Fl. Oz; 1 fluid ounce; 1 fluid oz.; 1 oz fl; 1 US fl oz; 1 Unze;
    eine Unze; 1 pony; pony; 2 tbsp; 2 EL; 6 tsp; 0,03 l; 1 oz white; 1 oz light;
    1 oz Bacardi | Rum; 1 oz freshly squeezed | Lime juice; 1 oz, chilled; 1 oz (30 ml);
    1 oz / 30 ml; 1 oz or 30 ml; 30 ml or 1 oz; 30ml (1oz); 1oz/30ml; 1 oz = 30 ml; 1/2-1 oz;
    1/2 to 1 oz; ½ – 1 oz; ½ or 1 oz; 1/2 oz - 1 oz; about 1 oz; approx. 1 oz; ~1 oz; ~ 30ml;
    ca. 30 ml; etwa 3 cl; around 1 oz; 1 oz approximately; up to 1 oz; at least 1 oz; Float 1 oz;
    Top with 1 oz; Fill with 1 oz; Add 1 oz; add 30 ml; 1 scant oz; 1 generous oz;
    1 Oz. dark | Rum; 1 oz cold; 1/2 oz + 1/2 oz; 1/2 oz plus 1 tbsp; 2 x 1/2 oz; 30 ml to taste;
    2 floats; 1/8 cup; 2 counts;
    1. oz; 1 oz.,; • 1 oz; "1 oz"
    """,
    "35000 ul": """
    3.5 cl; 3 1/2 cl; 35 ml; 1 oz + 1 tsp; 1 oz and 1 tsp; 1 oz plus 1 tsp; 1 oz & 1 tsp
    """,
    "40000 ul": """
    4 cl; 40 ml; 4cl; 1 1/3 oz; 1⅓ oz; 8 tsp; 8 barspoons; 30-40 ml
    """,
    "45000 ul": """
    45 ml; 4.5 cl; 4 1/2 cl; 4½ cl; 1 1/2 oz; 1 1/2oz; 1½ oz; 1½oz; 1 ½ oz; 1.5 oz; 1.5oz;
    1,5 oz; 1 - 1/2 oz; 1-1/2 oz; 1 & 1/2 oz; 1 and 1/2 oz; 1 and a half oz;
    one and a half ounces; 1 1/2 ounces; 1 1/2 Oz. Captain | Rum; 3/2 oz; 1 1⁄2 oz; 1 jigger;
    jigger; 1.5 ounce (45 ml); 1 1/2 oz (45ml); 45 ml (1 1/2 oz); 45ml/1.5oz; 45 ml / 1½ fl oz;
    3 tbsp; 3 Tbsp.; 3 tablespoons; 1-1 1/2 oz; 1 - 1 1/2 oz; 1 oz - 1 1/2 oz; anderthalb Unzen;
    1 jigger (1.5 oz)
    """,
    "50000 ul": """
    5 cl; 50 ml; 5cl; 1 2/3 oz; 1⅔ oz; 10 tsp; 4-5 cl; 4 bis 5 cl
    """,
    "55000 ul": """
    5 1/2 cl; 5.5 cl; 55 ml; 5,5cl
    """,
    "60000 ul": """
    2 oz; 2oz; 6 cl; 60 ml; 2 ounces; two ounces; two oz; 2 fl oz; 1/4 cup; ¼ cup; 1/4 c; 4 tbsp;
    4 Tbsp; 1 1/2-2 oz; 1 1/2 - 2 oz; 1½–2 oz; 1 to 2 oz; 1-2 oz; 1 or 2 oz; 1 bis 2 oz;
    2 oz/60ml; 2 oz (60 ml); 60 ml/2 fl oz; 60ml (2 oz); 2 oz or 60 ml; 2 oz Absolut | Vodka;
    2 oz gold; 2 oz hot; 2 ozs; 2 Oz.; about 2 oz; a quarter cup; Around 2 oz;
    2 parts (2 oz); 2 measures (6 cl); 4 (1/2 oz) shots;
    2 oz El Dorado | Rum; 2 oz (60ml) gin
    """,
    "70000 ul": """
    7 cl; 70ml; 70ml/2fl oz; 70 ml / 2 fl oz
    """,
    "75000 ul": """
    2.5 oz; 2 1/2 oz; 2½ oz; 7.5 cl; 75 ml; 5 tbsp
    """,
    "90000 ul": """
    3 oz; 9 cl; 90 ml; 1 snit; 2-3 oz; 6 tbsp; 3 oz crushed;
    2 shots (90ml); 1 shot (3 oz)
    """,
    "100000 ul": """
    10 cl; 1 dl; 100 ml; 0.1 l; 0,1 l; 1/10 l; 2 x 5 cl
    """,
    "120000 ul": """
    4 oz; 12 cl; 1/2 cup; ½ cup; half cup; half a cup; a half cup; 1/2 Cup; .5 cup; 0.5 cup;
    8 tbsp; 1 gill; 1/4 pint; half c; 4 oz hot | Coffee
    """,
    "150000 ul": """
    5 oz; 15 cl; 4-5 oz; 4 to 5 oz; 150ml
    """,
    "180000 ul": """
    6 oz; 3/4 cup; ¾ cup; three quarters cup; three quarter cup; 18 cl; 6 oz hot | Coffee
    """,
    "240000 ul": """
    8 oz; 1 cup; 1 c; 1 C; 1 c.; a cup; 1 cup crushed | Ice; 1 cup (8 oz); half pint; 1/2 pint;
    1/2 pt; 16 tbsp; 24 cl; 1 cup cold | Milk
    """,
    "250000 ul": """
    250 ml; 1/4 l; 1/4 Liter; Add 250 ml; 0.25 l; 25 cl; ein viertel Liter; ¼ Liter;
    viertel Liter
    """,
    "330000 ul": """
    330 ml; 1 can (330 ml); 1 can (33 cl); 1 bottle (330ml); 330 ml can; 1 330ml can;
    1 Dose (0,33 l); 1 Flasche à 330 ml; 33 cl
    """,
    "360000 ul": """
    12 oz; 1 12-oz can; 1 12 oz can; 1 (12 oz) can; 1 (12-oz.) can; 1 (12 ounce) can;
    1 can (12 oz); 1 can (12 oz.); one 12 oz can; 1 (12 oz); 1 (12 oz.); 1 1/2 cups; 1.5 cups;
    1½ cups; 12 oz can; 1 can, 12 oz; 1 can - 12 oz; 1 (12-ounce) bottle
    """,
    "480000 ul": """
    16 oz; 1 pint; 1 pt; 1 pt.; 1 US pint; 2 cups; 2 c; pint x 1; two cups;
    1 1/2 cups, plus 8 tbsp
    """,
    "500000 ul": """
    500 ml; 1/2 l; 0.5 l; ½ Liter; halber Liter; ein halber Liter; half litre; half a liter;
    1/2 Liter; 50 cl
    """,
    "568261 ul": """
    1 imperial pint; 1 imp pint; 1 UK pint
    """,
    "28413 ul": """
    1 imperial oz; 1 imp fl oz; 1 UK fl oz
    """,
    "720000 ul": """
    24 oz; 2 (12 oz) cans; 2 12 oz cans; 2 12-oz cans; 2 cans (12 oz); 3 cups
    """,
    "750000 ul": """
    750 ml; 1 fifth; 3/4 l; 0,75 l; 75 cl; 1 bottle (750 ml); 1 (750ml) bottle; 1 750 ml bottle;
    750ml bottle; 1 bottle, 750 ml; one 750ml bottle; 3/4 Liter
    """,
    "960000 ul": """
    1 quart; 1 qt; 1 qt.; 2 pints; 4 cups
    """,
    "1000000 ul": """
    1 l; 1 L; 1l; 1 L.; 1 liter; 1 Liter; 1 litre; one litre; 1 ltr; 1000 ml; 100 cl; 10 dl
    """,
    "1380000 ul": """
    46 oz; 1 (46 oz) can; 1 46-oz can
    """,
    "1500000 ul": """
    1.5 l; 1 1/2 liters; 1 magnum; 1,5 Liter
    """,
    "1750000 ul": """
    1.75 L; 1.75 liter; 1 3/4 l
    """,
    "1920000 ul": """
    1/2 gal; half gallon; 1/2 gallon; a half gallon; half a gallon; 2 quarts; 64 oz
    """,
    "3840000 ul": """
    1 gal; 1 gallon; 1 gal.; 4 qt
    """,
    "5000 ul": """
    1 tsp; 1 tsp.; 1 Tsp; 1 t; 1 t.; 1tsp; 1 teaspoon; 1 teaspoon(s); a teaspoon; 1 TL;
    1 Teelöffel; ein Teelöffel; 1 barspoon; 1 bar spoon; 1 bar-spoon; 1 bsp; 1 BL; 1 Barlöffel;
    barspoon; 1 splash; splash; a splash; a splash of; Splash; 1 splash of; 1 heaping tsp;
    1 heaped teaspoon; 1 level tsp; 1 tsp superfine | Sugar; 1 tsp powdered | Sugar; 1/2 cl;
    1 tsp to taste; 1/2-1 tsp; 1 rounded teaspoon; 1 tea spoon; 1 tsps; 5 ml;
    1 geh. TL; +5 ml; １ tsp; 1 lg. tsp; 5 ml ml; ml 5
    """,
    "2500 ul": """
    1/2 tsp; ½ tsp; half tsp; half a teaspoon; 1/2 teaspoon; .5 tsp; 0.5 tsp; 1/2 TL; 1/2 t;
    half a splash; 1/2 barspoon
    """,
    "1250 ul": """
    1/4 tsp; ¼ tsp; 1/4 teaspoon; quarter teaspoon; a quarter teaspoon; 1/8-1/4 tsp
    """,
    "625 ul": """
    1/8 tsp; ⅛ tsp; an eighth teaspoon
    """,
    "15000 ul": """
    1 tbsp; 1 T; 1 T.; 1 Tbsp.; 1 tblsp; 1 tbs; 1 Tbl; 1 tablespoon; 1 table spoon; 1 EL;
    1 Esslöffel; 1 Eßlöffel; 3 tsp; 1/2 oz; ½ oz; .5 oz; 0.5 oz; 0,5 oz; 1/2oz; half oz;
    half an ounce; half ounce; 1 float; float; 15 ml; 1.5 cl; 1 1/2 cl; 1/2 ounce; a half ounce;
    1/2 fl. oz; 1 count; 1/2 oz Bacardi 151-proof; 1/2 oz 151 proof | Rum; 1/2 oz 43 | Licor 43;
    juice of 1/2 | Lime juice; Juice of 1/2 lime | Lime juice;
    juice of half a lime | fresh lime juice; 1/2 lime | Lime juice;
    Saft von 1/2 | Limettensaft Limette
    """,
    "22500 ul": """
    3/4 oz; ¾ oz; .75 oz; 0.75 oz; 3⁄4 oz; 3/4 ounce; three quarters oz; 1/2-3/4 oz; ½ - ¾ oz;
    1/2 to 3/4 oz; juice of 1/2 | Lemon juice; 1 1/2 tbsp; 2.25 cl
    """,
    "7500 ul": """
    1/4 oz; ¼ oz; .25 oz; 0.25 oz; 1/4 ounce; 1 1/2 tsp; quarter ounce; a quarter oz; 1/2 tbsp
    """,
    "3750 ul": """
    1/8 oz; ⅛ oz; 1 dram; 1 fl dram; 3/4 tsp
    """,
    "12000 ul": """
    2/5 oz; 1.2 cl; 12 ml; 0.4 oz
    """,
    "900 ul": """
    1 dash; dash; Dash; a dash; a dash of; 1 dash of; dash of; one dash; 1 dsh; 1 Spritzer;
    1 dash(es); A dash; 1 shake; 1 dash Angostura | Bitters
    """,
    "1800 ul": """
    2 dashes; 2 Dashes; two dashes; 1-2 dashes; 1 or 2 dashes; 1 to 2 dashes; 2 dash;
    2 dashes of; a couple dashes; a couple of dashes; couple dashes; 2 dash(es);
    1 dash or 2; 1 dash or two; 1 dash - 2
    """,
    "2700 ul": """
    3 dashes; 2-3 dashes; 2 - 3 dashes; 3 dashes Peychaud's | Bitters; 2 to 3 dashes;
    2 or 3 dashes
    """,
    "450 ul": """
    1/2 dash; ½ dash; half a dash; half dash
    """,
    "50 ul": """
    1 drop; a drop; drop; 1 Tropfen; 1 drop of; one drop
    """,
    "150 ul": """
    3 drops; 2-3 drops; 2 or 3 drops; 2 or 3 drops of; 3 Tropfen; 2 to 3 drops
    """,
    "200 ul": """
    4 drops; 3-4 drops; 3 - 4 drops
    """,
    "10000 mg": """
    10 g; 10 gr; 10g; 10 grams; 10 gm; 10 Gramm; 10 grs; 10 g.; 5-10 g
    """,
    "250000 mg": """
    250 g; 1/4 kg; 0.25 kg; 250 grams; 1/2 Pfund
    """,
    "453592 mg": """
    1 lb; 1 lb.; 1 pound; 1 lb frozen | Strawberries; a pound; one pound
    """,
    "226796 mg": """
    1/2 lb; half a pound; half pound; 8 oz weight; ½ lb
    """,
    "907185 mg": """
    2 lb; 2 lbs; 2 pounds; 2 lb.
    """,
    "28350 mg": """
    1 oz weight; 1 ounce by weight
    """,
    "1000 mpc": """
    1 wedge; 1 wedge of; wedge; a wedge; 1 lime wedge | Lime; 1 wedge lime | Lime; 1 slice;
    slice of; a slice; 1 thin slice; 1 twist; 1 twist of; Twist of; twist; Twist of 1 | Lemon;
    1 twist of | Lemon peel; 1 strip; 1 long strip; 1 spiral; 1 peel; 1 leaf; 1 sprig; sprig;
    1 sprig fresh | Mint; a sprig; 1 cube; cube; 1 ice cube; 1 scoop; a scoop; 1 piece; 1 pc;
    1 pcs; 1 Stück; 1 Scheibe; 1 Blatt; 1 Zweig; 1 pinch; pinch; Pinch; a pinch of; 1 Prise;
    Prise; Around rim put 1 pinch | Sea salt; 1 pinch of; 1 | Egg; 1 | Egg white; 1 | Lime;
    1 large | Egg; 1 whole | Egg; 1 fresh | Lime; 1 ripe | Banana; 1 lime | Lime;
    1 egg white | Egg; 1 egg | Egg white; one | Cherry; Juice of 1 | Lime; juice of 1 | Lemon;
    juice of one lime | Lime; 1 stick; 1 stick cinnamon | Cinnamon; 1 pod; 1 clove; 1 wheel;
    1 wheel lemon; 1 star; 1 bag; 1 tea bag; 1 small | Banana; 1 medium | Cucumber;
    1/2 or 1 | Lime; 1 ball; 1 Kugel; 1 round; 1 stalk; 1 berry; 1 rind; 1 zest; 1 lump;
    1 each | Orange; 1 unit | Lime
    """,
    "500 mpc": """
    1/2 | Lime; ½ | Lemon; half | Lime; 1 half | Lime; half a lime | Lime; half of a lime | Lime;
    1/2 of a lime | Lime; 1/2 fresh | Lime; Juice of 1/2 | Lime; juice of ½ | Lemon;
    Juice of 1/2; juice of half a lime | Lime; juice of 1/2 a lime | Lime; 1/2 slice; half slice;
    half a slice; 1/2 slice of; 1/2 Stück | Limette; halbe | Limette; eine halbe | Limette;
    0.5 | Lime; .5 | Lime; 1/2 piece; 0,5 Stück; 1/2 large | Cucumber; 1/2 twist; 1/4-1/2 | Lime;
    Saft von 1/2 | Limette; 1/2 medium | Banana;
    one-half | Lime; one-half lime | Lime;
    1/2 lime, cut into wedges | Lime; 1/2 lime juiced | Lime; Saft einer halben Zitrone | Zitrone
    """,
    "250 mpc": """
    1/4 | Lime; ¼ | Lime; quarter | Lime; 1 quarter | Lime; a quarter | Lemon;
    Juice of 1/4 | Lemon; juice of 1/4 | Lime; 1/4 piece; ein Viertel | Apfel
    """,
    "333 mpc": """
    1/3 | Cucumber; ⅓ | Cucumber
    """,
    "750 mpc": """
    3/4 | Lemon; juice of 3/4 | Lime; three quarters | Apple;
    three-quarters | Apple
    """,
    "1500 mpc": """
    1 1/2 | Lime; 1½ | Lime; Juice of 1 1/2 | Lime; 1 1/2 pieces; 1.5 pcs
    """,
    "2000 mpc": """
    2 wedges; 2 slices; 2 | Lime; 2 | Egg; 2 whole | Egg; 2 large | Egg white; 2 cubes;
    2 sugar cubes | Sugar; 2 leaves; 2 sprigs; 2 pinches; 2 scoops; 2 Scheiben;
    2 cherries | Cherry; 2 cherries | Maraschino cherry; 2 pieces; 2 pcs.; two | Olive;
    1-2 | Cherry; 1-2 slices; 1 or 2 | Lime; 1 - 2 sprigs; 2 lime wedges | Lime; 2 thin slices;
    2 twists; 2 fresh | Egg; 2 egg whites | Eggs; 4 halves | Lime
    """,
    "3000 mpc": """
    3 | Strawberries; 3 fresh | Strawberries; 2-3 | Ice cubes; 2-3 slices lime | Lime;
    3 large | Ice cube; 3 cubes; 3 whole | Clove; 3 pieces; 3 wedges; 2 to 3 | Cherries;
    3 Zweige;
    3 diced | Onion; 3 minced | Garlic; 3 lrg | Egg
    """,
    "5000 mpc": """
    4-5 leaves; 4 - 5 leaves; 5 leaves; 4 to 5 mint leaves | Mint; 5 fresh mint leaves | Mint;
    4-5 | Mint leaves; 5 Blätter; 4-5 whole | Cardamom
    """,
    "10000 mpc": """
    10 leaves; 8-10 leaves; 8-10 fresh | Mint leaves; 8-10 mint leaves | Mint; 10 | Raspberries;
    8 to 10 leaves; 10 Minzblätter | Minzblätter
    """,
    "12000 mpc": """
    12 | Mint leaves; dozen | Olives; 1 dozen | Olives; a dozen | Blackberries; 12 leaves;
    1 doz. | Eggs; 10-12 leaves
    """,
}

OPTIONAL = """
1 slice for garnish; 1 slice, for garnish; garnish with 1 slice; garnish with a slice;
Garnish with 1 wedge; 1 twist (garnish); 1 wedge (for garnish); 1 sprig for garnish;
1 slice (optional); optional 1 dash; 1 slice zur Deko; 1 piece to garnish; garnish: twist;
1 cherry for garnish | Cherry
"""

REFUSED: dict[str, str] = {
    "shot": """
    1 shot; 2 shots; 1-2 shots; 2 1/2 shots; 1/2 shot; ½ shot; 1 shot glass; one shot; a shot;
    shot; shots; 1 double shot; 3/4 shot
    """,
    "part": """
    1 part; 3 parts; 2 parts; 1/2 part; ½ part; 1 1/2 parts; one part; equal parts; 1 Teil;
    2 Teile; 3 proportions; 4 parts Smirnoff | Vodka
    """,
    "can": """
    1 can; 1/2 can; can; 2 cans; 1 Dose; 1 large can; 1 can cold; 1 tin; 1 small can frozen
    """,
    "bottle": """
    1 bottle; 1/2 bottle; bottle; 2 bottles; 1 Flasche; 1 bottle chilled; 1 large bottle;
    half a bottle
    """,
    "glass": """
    full glass; 1 glass; 1 full glass; glass; 1/2 glass; 1 Glas; 1 wine glass; 1 mug
    """,
    "measure": """
    1 measure; 2 measures; 1 tot
    """,
    "top": """
    top; top up; top up with; Top; Top with; top off with; to top; Top up; Top it up with;
    Auffüllen; zum Auffüllen; auffüllen mit
    """,
    "fill": """
    fill; Fill with; fill up; to fill; Fill to top; Fill glass with; 1/2 fill; fill with; rest;
    remainder
    """,
    "garnish": """
    garnish; for garnish; Garnish with; Garnish; garnish with; for rim; for rimming; Around rim;
    zur Deko
    """,
    "taste": """
    to taste; To taste; as needed; as desired; if needed; nach Geschmack; nach Belieben;
    To your taste; as required
    """,
    "some": """
    some; a few; few; several; a little; little; a bit; etwas; ein paar; a few drops; few dashes;
    some fresh; lots of
    """,
    "handful": """
    1 handful; handful; a handful of; 1 bunch; 1/2 bunch; eine Handvoll; 1 small handful
    """,
    "package": """
    1 package; 1 packet; 1 pkg; 1 pkg.; 1 envelope; 1 box; 2 packages; 1 jar; 1 Packung;
    1/2 packet; 1 small package;
    1 Pck.
    """,
    "squeeze": """
    1 squeeze; squeeze; a squeeze of; squeeze of; drizzle; 1 squirt
    """,
    "spoon": """
    1 spoon; 1 spoonful; 2 spoons; 1 heaping spoonful
    """,
    "dollop": """
    1 dollop; dollop; a dollop of; 1 Klecks
    """,
    "sprinkle": """
    sprinkle; a sprinkle of; dusting; a touch; hint; a hint of
    """,
    "finger": """
    2 fingers; 1 finger
    """,
    "schuss": """
    1 Schuss; Schuss
    """,
    "knob": """
    1 knob | Ginger; 1 thumb | Ginger; a knob of
    """,
    "dropper": """
    1 dropper; 2 droppers; 1 full dropper
    """,
    "tasse": """
    1 Tasse; 2 Tassen
    """,
}
"""By the measure whose size is missing."""

REFUSED_OTHERWISE: dict[str, str] = {
    "no amount is given": """
    -; .; ...; ?; —
    """,
    "no amount is said": """
    chilled; crushed; Chilled; ice cold; frozen; fresh; cold; hot; Jamaican
    """,
    "how many is not said": """
    cubes; slices; dashes; leaves; drops; oz; ml; cups; cup; Cubes; sprigs; wedges; teaspoon;
    liter
    """,
    "of what is not said": """
    2 | Gin; 1 | Vodka; 3 | Orange juice; 1 | Sugar; 1/2 | Salt; 4 | Coke; 1 | Ice;
    2 | Lime juice; 1 | Grenadine
    """,
    "is not a measure that is known": """
    1 glug; 2 furlongs; 1 bananas | Lime; 1 xyz; 2 splahs; 3 foobar; 1 kl;
    5 hogsheads;
    1e5 ml
    """,
    "looks like a date": """
    2-Jan; 1-Feb; 01. Feb; Jan 2; 3-Apr; 2-Mai; 1-Mrz x Mar
    """,
    "more than one number": """
    1 oz 2; 1 oz dark 2 oz light | Rum; 45 ml 3;
    1_000 ml; 1'000 ml; 1:30; 1//2 oz
    """,
    "side by side": """
    1 2; 2 3 oz; 1 45 ml; 1 1/2 2 oz;
    1 000 ml
    """,
    "it says both": """
    1 ml oz; 1 oz ml; 1 1/2 tsp cl; 10 g oz
    """,
    "a length is no amount": """
    1 inch | Ginger; 2 inch piece | Ginger; 1 2-inch piece | Ginger; 2" | Ginger; 5 cm; 1 3" piece
    """,
    "stands apart": """
    1 / oz; 2, oz; 1 (oz)
    """,
    "is not part of an amount": """
    100%; $5; 50 % | Vodka; 5 €;
    #REF!; #NAME?
    """,
    "must not be negative": """
    -5 ml; -1 oz; - 2 dashes; −3 cl
    """,
    "could be 1.000 or 1000": """
    1,000 ml; 1,000
    """,
    "is no fraction": """
    1/0 oz; 45/50 ml; 3/1000 oz; 0/0
    """,
    "does not rise": """
    3-2 oz; 0-1 oz; 2-2 oz; 5 to 4 dashes
    """,
    "are different amounts": """
    1 oz / 60 ml; 30 ml (3 oz); 1 oz or 2 cubes; 1 dash / 1 oz; 2 oz or 1 cube;
    1/2/3 oz; 12/12/2020
    """,
    "do not add up": """
    1 oz + 1 slice; 1 oz plus 2 cubes; 10 g + 1 ml
    """,
    "is no range": """
    1 oz - 2 slices; 2 oz - 1 oz; 1 cup to 1 oz
    """,
    "less than can be measured": """
    0 ml; 0; 0.000001 ml; 0 oz; 0/2 oz
    """,
    "is more than": """
    999999999 l; 99999999 gal
    """,
    "digits": """
    123456789012345 ml; 1.1234567 oz
    """,
    "one point or comma": """
    1.2.3 oz; 1,2,3 ml; 1.000.000 ml
    """,
    "how much juice one gives": """
    juice of 1 | Pomelo juice; juice of 1/2 | Pineapple juice
    """,
}
"""By a part of the reason."""


def spellings(group: str) -> list[tuple[str, str]]:
    """Spelling and ingredient (or nothing) of each entry of a group."""
    entries = [entry.split("|") for entry in group.split(";")]
    return [(entry[0].strip(), entry[1].strip() if len(entry) == 2 else "") for entry in entries]
