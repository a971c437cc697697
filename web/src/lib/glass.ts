/** Which glass is drawn for a drink: always the same one for the same drink, on every device. */

export type GlassShape = "coupe" | "martini" | "rocks" | "highball" | "flute" | "wine" | "mug" | "hurricane";
export type Garnish = "none" | "cherry" | "wheel" | "twist" | "leaf" | "olive";

export interface GlassDrawing {
  shape: GlassShape;
  liquid: string;
  /** The colour at the bottom of the glass. */
  depth: string;
  garnish: Garnish;
  hasIce: boolean;
}

interface Described {
  name: string;
  ingredients: readonly string[];
}

/** FNV-1a, 32 bit: even over short names, and the same everywhere. */
export function hashText(text: string): number {
  let hash = 0x811c9dc5;
  for (let index = 0; index < text.length; index += 1) {
    hash ^= text.charCodeAt(index);
    hash = Math.imul(hash, 0x01000193);
  }
  return hash >>> 0;
}

// The first ingredient that is found decides: what colours a drink most comes first.
const LIQUIDS: readonly (readonly [pattern: RegExp, liquid: string, depth: string])[] = [
  [/campari|aperitivo|aperol/, "#e0523a", "#b32a24"],
  [/tomato/, "#cf3b2b", "#9c2018"],
  [/cassis|blackberr|\bport\b|red wine|sloe|beet/, "#8e2145", "#5d1233"],
  [/raspberr|grenadine|cranberr|strawberr|watermelon|hibiscus/, "#e0546f", "#b83255"],
  [/blue cura/, "#3fa3cf", "#1f6fa8"],
  [/violette|lavender|butterfly/, "#9d86cc", "#6f57a6"],
  [/midori|chartreuse|absinthe|melon|matcha/, "#a8bd4f", "#71892c"],
  [/coffee|espresso|kahl|cola|stout|chocolate|cacao/, "#5b3521", "#321a10"],
  [/coconut|cream|egg white|milk|orgeat/, "#f1e2c4", "#d8bd8b"],
  [/passion|mango|peach|apricot|orange juice/, "#f3a63b", "#d8742a"],
  [/pineapple|ginger/, "#efc75e", "#cf9730"],
  [/mint|cucumber|basil/, "#c9d67e", "#97ac4c"],
  [/whisk|bourbon|rye|scotch|cognac|brandy|sweet vermouth|amaro|dark rum|aged rum/, "#cf8434", "#9a5220"],
  [/tequila|mezcal|lime|lemon|grapefruit/, "#eadb93", "#c9b157"],
];

const FALLBACK: readonly (readonly [liquid: string, depth: string])[] = [
  ["#e8dfb8", "#c9ba7c"],
  ["#e6b357", "#bd7f2f"],
  ["#d9789a", "#aa4a72"],
  ["#cfd88a", "#98a552"],
];

const SHAPES: readonly (readonly [pattern: RegExp, shape: GlassShape])[] = [
  [/hot |toddy|irish coffee|grog|mule\b|beer|ale\b/, "mug"],
  [/spritz|wine|sangria/, "wine"],
  [/champagne|prosecco|sparkling|75|royale|bellini|mimosa/, "flute"],
  [/martini|cosmo|gibson|vesper/, "martini"],
  [/colada|zombie|hurricane|mai tai|swizzle|painkiller|jungle/, "hurricane"],
  [/soda|tonic|cola|ginger beer|ginger ale|collins|fizz|highball|mojito|paloma|buck|cooler|lemonade/, "highball"],
  [/old fashioned|negroni|sazerac|boulevardier|smash|sour|russian|rocks|\bice\b|julep|caipir|margarita|penicillin/, "rocks"],
  [/./, "coupe"],
];

const GARNISHES: readonly Garnish[] = ["none", "cherry", "wheel", "twist", "leaf"];
const ICED: ReadonlySet<GlassShape> = new Set(["rocks", "highball", "hurricane", "wine"]);

function pickGarnish(text: string, hash: number): Garnish {
  if (/mint|basil|leaf/.test(text)) return "leaf";
  if (/olive|dirty|^(?!espresso).*martini/.test(text)) return "olive";
  if (/cherry|manhattan|maraschino/.test(text)) return "cherry";
  if (/orange|negroni|twist|spritz/.test(text)) return "twist";
  if (/lime|lemon|grapefruit/.test(text)) return "wheel";
  return GARNISHES[hash % GARNISHES.length] ?? "none";
}

/** The drawing of a drink, from its name and what is in it. */
export function drawGlass({ name, ingredients }: Described): GlassDrawing {
  const hash = hashText(name);
  const lowerName = name.toLowerCase();
  const text = [lowerName, ...ingredients.map((ingredient) => ingredient.toLowerCase())].join(" ");
  const named = SHAPES.slice(0, -1).find(([pattern]) => pattern.test(lowerName));
  const shape = (named ?? SHAPES.find(([pattern]) => pattern.test(text)))?.[1] ?? "coupe";
  const known = LIQUIDS.find(([pattern]) => pattern.test(text));
  const [liquid, depth] = known === undefined ? (FALLBACK[hash % FALLBACK.length] ?? FALLBACK[0]!) : [known[1], known[2]];
  return { shape, liquid, depth, garnish: pickGarnish(text, hash), hasIce: ICED.has(shape) };
}
