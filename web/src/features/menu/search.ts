import { fold } from "~/lib/fold";
import type { Drink, Menu } from "./api";

export type Sections = Menu["sections"];

/** The sections with the drinks that match every word of `query`: in the name, the description
 * or an ingredient. Sections without a match are left out. */
export function searchMenu(sections: Sections, query: string): Sections {
  const words = fold(query).split(/\s+/).filter(Boolean);
  if (words.length === 0) return sections;
  const matches = (drink: Drink): boolean => {
    const text = fold([drink.name, drink.description, ...drink.ingredients].join(" "));
    return words.every((word) => text.includes(word));
  };
  return sections
    .map((section) => ({ ...section, products: section.products.filter(matches) }))
    .filter((section) => section.products.length > 0);
}

export function countDrinks(sections: Sections): number {
  return sections.reduce((sum, section) => sum + section.products.length, 0);
}

const SERVINGS_SHOWN_MAX = 5;

/** What a guest should know about a drink's stock, or null: never more than "last 3". */
export function describeAvailability(drink: Pick<Drink, "available" | "servings_left">): string | null {
  if (!drink.available) return "Sold out";
  const servings = drink.servings_left;
  return typeof servings === "number" && servings <= SERVINGS_SHOWN_MAX ? `Last ${servings}` : null;
}

/** An id for a heading that a section link can point at. */
export function sectionId(index: number): string {
  return `section-${index}`;
}
