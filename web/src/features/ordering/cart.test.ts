import { beforeEach, describe, expect, it } from "vitest";
import { addToCart, beginSubmission, cartOf, countInCart, endSubmission, setQuantity } from "./cart";

const line = (name: string, quantity = 1, note = "") => ({ productId: `id-${name}`, name, quantity, note });
let bar = "";

beforeEach(() => {
  bar = `bar-${Math.random()}`;
});

describe("the cart", () => {
  it("joins the same drink with the same note into one line", () => {
    addToCart(bar, line("Negroni"));
    addToCart(bar, line("Negroni", 2));
    addToCart(bar, line("Negroni", 1, "no ice"));
    expect(cartOf(bar).get().lines.map(({ quantity, note }) => [quantity, note])).toEqual([[3, ""], [1, "no ice"]]);
    expect(countInCart(cartOf(bar).get())).toBe(4);
  });

  it("drops a line at none", () => {
    addToCart(bar, line("Negroni"));
    setQuantity(bar, 0, 0);
    expect(cartOf(bar).get().lines).toEqual([]);
  });

  it("never asks for more of a drink than the API takes", () => {
    addToCart(bar, line("Negroni", 80));
    addToCart(bar, line("Negroni", 80));
    expect(cartOf(bar).get().lines[0]?.quantity).toBe(100);
  });

  it("keeps each bar's cart apart, and for the next visit", () => {
    addToCart(bar, line("Negroni"));
    expect(cartOf(`${bar}-other`).get().lines).toEqual([]);
    expect(localStorage.getItem(`bitebyte.cart.${bar}`)).toContain("Negroni");
  });

  it("survives storage that holds nonsense", () => {
    localStorage.setItem(`bitebyte.cart.${bar}`, '{"lines":[{"productId":5}]}');
    expect(cartOf(bar).get().lines).toEqual([]);
  });
});

describe("a submission", () => {
  it("keeps its key until its answer is known", () => {
    addToCart(bar, line("Negroni"));
    const first = beginSubmission(bar);
    expect(beginSubmission(bar)).toEqual(first);
    expect(first.key).toMatch(/^[0-9a-f]{32}$/);
    expect(localStorage.getItem(`bitebyte.cart.${bar}`)).toContain(first.key);
  });

  it("gets another key after a refusal, because the order is another", () => {
    addToCart(bar, line("Negroni"));
    const first = beginSubmission(bar);
    endSubmission(bar, false);
    expect(cartOf(bar).get().lines).toHaveLength(1);
    expect(beginSubmission(bar).key).not.toBe(first.key);
  });

  it("empties the cart once the order is in", () => {
    addToCart(bar, line("Negroni"));
    beginSubmission(bar);
    endSubmission(bar, true);
    expect(cartOf(bar).get()).toEqual({ lines: [], submission: null });
  });
});
