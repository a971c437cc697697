/** Amounts arrive as exact decimal strings with a unit code; they become a person's text only here. */

export interface Quantity {
  amount: string;
  unit: string;
}

const number = new Intl.NumberFormat(undefined, { maximumFractionDigits: 6 });

/** Of the units that are words. The others are symbols and stay as they are (SI brochure, 5.3). */
const PLURALS: Readonly<Record<string, string>> = { piece: "pieces", cup: "cups", barspoon: "barspoons", dash: "dashes", drop: "drops" };

/** `{ amount: "899970", unit: "ml" }` as `899,970 ml`; `{ amount: "0", unit: "piece" }` as `0 pieces`. */
export function formatQuantity({ amount, unit }: Quantity): string {
  const value = Number(amount);
  return `${number.format(value)} ${value === 1 ? unit : (PLURALS[unit] ?? unit)}`;
}
