import { expect, it } from "vitest";
import { parseProblem } from "~/lib/problem";
import { shortagesOf, shortIngredients } from "./shortage";

const refusal = parseProblem(409, {
  code: "insufficient_stock",
  detail: "Lime juice is short.",
  shortages: [{
    ingredient_id: "1", name: "Lime juice",
    needed: { amount: "60", unit: "ml", base: 60000, base_unit: "ul" },
    available: { amount: "45", unit: "ml", base: 45000, base_unit: "ul" },
  }],
});

it("names each short ingredient with what is needed and what is left", () => {
  expect(shortagesOf(refusal)).toEqual([{ name: "Lime juice", needed: "60 ml", available: "45 ml" }]);
});

it("finds the drinks that want it", () => {
  expect(shortIngredients(["White rum", "Lime juice"], shortagesOf(refusal))).toEqual(["Lime juice"]);
  expect(shortIngredients(["Gin"], shortagesOf(refusal))).toEqual([]);
});

it("finds none in another refusal", () => {
  expect(shortagesOf(parseProblem(401, { code: "not_signed_in" }))).toEqual([]);
});
