import { createIdempotencyKey } from "~/lib/idempotency";
import { readStored, writeStored } from "~/lib/storage";
import { createStore, useStore, type Store } from "~/lib/store";

/** What a guest is about to order at one bar. Lives in this browser only, survives a reload. */

export interface CartLine {
  productId: string;
  name: string;
  quantity: number;
  note: string;
}

/** An order that was sent and whose answer is not known yet. */
export interface Submission {
  /** The Idempotency-Key: the same for every attempt, so that only one of them can count. */
  key: string;
  lines: readonly CartLine[];
}

export interface Cart {
  lines: readonly CartLine[];
  submission: Submission | null;
}

export const LINE_QUANTITY_MAX = 100; // The API's own bounds.
export const LINES_MAX = 50;
const EMPTY: Cart = { lines: [], submission: null };

const carts = new Map<string, Store<Cart>>();

function parseLines(value: unknown): CartLine[] | null {
  if (!Array.isArray(value)) return null;
  const lines = value as Partial<CartLine>[];
  const isSound = lines.every(
    ({ productId, name, quantity, note }) =>
      typeof productId === "string" && typeof name === "string" && typeof note === "string" && Number.isInteger(quantity),
  );
  return isSound ? (lines as CartLine[]) : null;
}

function parseCart(value: unknown): Cart | null {
  const stored = value as { lines?: unknown; submission?: { key?: unknown; lines?: unknown } | null } | null;
  const lines = parseLines(stored?.lines);
  if (lines === null) return null;
  const sent = stored?.submission;
  const sentLines = parseLines(sent?.lines);
  const submission = typeof sent?.key === "string" && sentLines !== null ? { key: sent.key, lines: sentLines } : null;
  return { lines, submission };
}

/** The cart for the bar with this id. */
export function cartOf(barId: string): Store<Cart> {
  let cart = carts.get(barId);
  if (cart === undefined) {
    const stored = `cart.${barId}`;
    const created = createStore(readStored(stored, parseCart) ?? EMPTY);
    created.subscribe(() => writeStored(stored, created.get() === EMPTY ? null : created.get()));
    carts.set(barId, created);
    cart = created;
  }
  return cart;
}

export function useCart(barId: string): Cart {
  return useStore(cartOf(barId));
}

/** Puts `quantity` of a drink in the cart; the same drink with the same note is one line. */
export function addToCart(barId: string, line: CartLine): void {
  const cart = cartOf(barId);
  const { lines, submission } = cart.get();
  const index = lines.findIndex(({ productId, note }) => productId === line.productId && note === line.note);
  const found = lines[index];
  if (found === undefined) {
    if (lines.length < LINES_MAX) cart.set({ lines: [...lines, line], submission });
    return;
  }
  const quantity = Math.min(LINE_QUANTITY_MAX, found.quantity + line.quantity);
  cart.set({ lines: lines.with(index, { ...found, quantity }), submission });
}

/** Sets how many a line asks for; none takes the line out. */
export function setQuantity(barId: string, index: number, quantity: number): void {
  const cart = cartOf(barId);
  const { lines, submission } = cart.get();
  const line = lines[index];
  if (line === undefined) return;
  cart.set({ lines: quantity < 1 ? lines.toSpliced(index, 1) : lines.with(index, { ...line, quantity }), submission });
}

/** Freezes the cart into a submission with a key of its own. Keeps one that is under way. */
export function beginSubmission(barId: string): Submission {
  const cart = cartOf(barId);
  const { lines, submission } = cart.get();
  if (submission !== null) return submission;
  const begun = { key: createIdempotencyKey(), lines };
  cart.set({ lines, submission: begun });
  return begun;
}

/** The answer is known. An order that was accepted empties the cart, a refused one leaves it. */
export function endSubmission(barId: string, isAccepted: boolean): void {
  const cart = cartOf(barId);
  cart.set(isAccepted ? EMPTY : { lines: cart.get().lines, submission: null });
}

export function countInCart(cart: Cart): number {
  return cart.lines.reduce((sum, { quantity }) => sum + quantity, 0);
}
