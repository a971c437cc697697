/** Local storage that may be full, forbidden or written by an older version of this page. */

const PREFIX = "bitebyte.";

/** The value under `name`, or null where there is none that `parse` accepts. */
export function readStored<T>(name: string, parse: (value: unknown) => T | null): T | null {
  try {
    const text = localStorage.getItem(PREFIX + name);
    return text === null ? null : parse(JSON.parse(text));
  } catch {
    return null;
  }
}

/** Keeps `value` for the next visit where the browser lets us; null forgets it. */
export function writeStored(name: string, value: unknown): void {
  try {
    if (value === null) localStorage.removeItem(PREFIX + name);
    else localStorage.setItem(PREFIX + name, JSON.stringify(value));
  } catch {
    // Without storage the page works until it is closed.
  }
}
