import { act } from "preact/test-utils";
import { createRoot } from "react-dom/client";
import { afterEach, expect, it, vi } from "vitest";
import { AS_IT_IS, type MenuImport } from "./api";
import { Preview } from "./preview";

const IMPORT: MenuImport = {
  id: "0199c82c-c000-7000-8000-000000000001",
  bar_id: "0199c82c-c000-7000-8000-000000000002",
  state: "previewed",
  summary: { sections: ["Sours"], products: 1, products_created: 0, products_updated: 1, ingredients_created: 0, errors: 1, lines_read: 1, lines_refused: 1 },
  errors: [{ row: 3, column: "unit", message: "`2 shots`: a shot has no fixed size." }],
  lines: [
    {
      row: 2, product: "Sour", ingredient: "Bourbon", typed: "1-2 oz", quantity: { amount: "2", unit: "oz", base: 60_000, base_unit: "ul" },
      reading: "1-2 oz → 2 oz = 60 ml (60,000 µl)", optional: false, notes: ["of 1 to 2 the upper end is taken"], reason: null,
    },
    { row: 3, product: "Sour", ingredient: "Vodka", typed: "2 shots", quantity: null, reading: null, optional: false, notes: [], reason: "`2 shots`: a shot has no fixed size." },
  ],
  unsized: [{ measure: "shot", lines: 1, suggestion: { amount: "45", unit: "ml" } }],
  changes: [
    { product: "Sour", section: "Sours", change: "changed", fields: [{ field: "price", before: "9.00", after: "9.50" }] },
    { product: "Martini", section: "Short", change: "not_in_file", fields: [] },
  ],
  left_out: [],
  products_left_out: [],
  created_at: "2026-01-01T00:00:00.000Z",
};

const onReadAgain = vi.fn();

function show(preview: MenuImport, options = AS_IT_IS): HTMLElement {
  const place = document.body.appendChild(document.createElement("div"));
  void act(() => {
    createRoot(place).render(
      <Preview fileName="menu.csv" preview={preview} options={options} isCommitting={false} error={null} onReadAgain={onReadAgain} onCommit={vi.fn()} onDiscard={vi.fn()} />,
    );
  });
  return place;
}

function button(place: HTMLElement, name: string): HTMLButtonElement | undefined {
  return [...place.querySelectorAll("button")].find(({ textContent }) => textContent === name);
}

afterEach(() => {
  document.body.replaceChildren();
  onReadAgain.mockClear();
});

it("says how each amount was read, what is worth a look and what would change", () => {
  const text = show(IMPORT).textContent;
  expect(text).toContain("1-2 oz → 2 oz = 60 ml (60,000 µl)");
  expect(text).toContain("of 1 to 2 the upper end is taken");
  expect(text).toContain("“2 shots”: a shot has no fixed size.");
  expect(text).toContain("price: 9.00 → 9.50");
  expect(text).toContain("Not in the file, and staying on the menu (1)Martini");
});

it("asks how large a shot is, and reads the file again by that", () => {
  const place = show(IMPORT, { ...AS_IT_IS, sizes: { part: "3 cl" } });
  const field = place.querySelector<HTMLInputElement>("[data-testid=import-sizes] input");
  expect(field?.placeholder).toBe("45 ml");
  expect(button(place, "Read the file again")?.disabled).toBe(true);
  void act(() => {
    if (field !== null) field.value = "4 cl";
    field?.dispatchEvent(new Event("input", { bubbles: true }));
  });
  void act(() => button(place, "Read the file again")?.click());
  expect(onReadAgain).toHaveBeenCalledWith({ leavesOutFaulty: false, sizes: { part: "3 cl", shot: "4 cl" } });
});

it("leaves out the drinks at fault only when told to, and never publishes a faulty file", () => {
  const place = show(IMPORT);
  expect(button(place, "Publish this menu")).toBeUndefined();
  void act(() => button(place, "Leave out the drinks at fault")?.click());
  expect(onReadAgain).toHaveBeenCalledWith({ ...AS_IT_IS, leavesOutFaulty: true });
  const sound = { ...IMPORT, summary: { ...IMPORT.summary, errors: 0 }, errors: [], left_out: IMPORT.errors, products_left_out: ["Sour"] };
  const then = show(sound, { ...AS_IT_IS, leavesOutFaulty: true });
  expect(then.textContent).toContain("Left out for what is wrong with them (1)Sour");
  expect(button(then, "Publish this menu")).toBeDefined();
});
