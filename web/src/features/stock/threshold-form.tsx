import { useState, type FormEvent } from "react";
import { Button } from "~/components/button";
import { Field } from "~/components/field";
import { Notice } from "~/components/states";
import { showToast } from "~/components/toasts";
import { ApiProblem, describeError } from "~/lib/problem";
import { useChangeIngredient, type Ingredient } from "./api";
import styles from "./stock.module.css";

/** From where on the bar wants to be told that an ingredient runs low. */
export function ThresholdForm({ bar, ingredient, onDone }: { bar: string; ingredient: Ingredient; onDone(): void }) {
  const current = ingredient.low_stock_threshold;
  const [amount, setAmount] = useState(current?.amount ?? "");
  const change = useChangeIngredient(bar);
  const unit = current?.unit ?? ingredient.unit;
  const problem = change.error instanceof ApiProblem ? change.error : undefined;

  const submit = (event: FormEvent) => {
    event.preventDefault();
    const typed = amount.trim().replace(",", ".");
    change.mutate(
      { ingredient, low_stock_threshold: typed === "" ? null : { amount: typed, unit } },
      {
        onSuccess: () => {
          showToast(`${ingredient.name}: threshold saved.`);
          onDone();
        },
      },
    );
  };

  return (
    <form className={styles.form} onSubmit={submit}>
      <div className={styles.threshold}>
        <Field
          label={`Tell me at or below (${unit})`} inputMode="decimal" pattern="\d+([.,]\d{1,6})?" placeholder="No alerts" value={amount} autoComplete="off"
          error={problem?.messageAt("/low_stock_threshold/amount")} onChange={(event) => setAmount(event.currentTarget.value)}
        />
        <Button type="submit" disabled={change.isPending}>Save threshold</Button>
      </div>
      {change.isError && problem?.errors.length !== 1 && <Notice tone="bad">{describeError(change.error)}</Notice>}
    </form>
  );
}
