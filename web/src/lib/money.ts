/** Money is an integer of the currency's minor unit (ISO 4217); it becomes text only here. */

const formats = new Map<string, Intl.NumberFormat>();

function formatOf(currency: string): Intl.NumberFormat {
  let format = formats.get(currency);
  if (format === undefined) {
    format = new Intl.NumberFormat(undefined, {
      style: "currency",
      currency,
      currencyDisplay: "narrowSymbol",
    });
    formats.set(currency, format);
  }
  return format;
}

/** `1250, "EUR"` as a person writes it. The currency says how many digits are minor. */
export function formatMoney(amountMinor: number, currency: string): string {
  const format = formatOf(currency);
  const digits = format.resolvedOptions().maximumFractionDigits ?? 2;
  return format.format(amountMinor / 10 ** digits);
}
