/**
 * A key for one intended change, sent with every attempt at it so that only one can count.
 *
 * `crypto.randomUUID` exists only on HTTPS; a home bar may well be plain HTTP on the house's
 * network, so this takes 128 random bits itself.
 */
export function createIdempotencyKey(): string {
  const bytes = crypto.getRandomValues(new Uint8Array(16));
  return Array.from(bytes, (byte) => byte.toString(16).padStart(2, "0")).join("");
}
