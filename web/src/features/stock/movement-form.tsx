import { useState, type FormEvent } from "react";
import { Button } from "~/components/button";
import { Choice, Field } from "~/components/field";
import { Notice } from "~/components/states";
import { showToast } from "~/components/toasts";
import { createIdempotencyKey } from "~/lib/idempotency";
import { ApiProblem, describeError } from "~/lib/problem";
import { useRecordMovement, type Ingredient, type MovementKind } from "./api";
import styles from "./stock.module.css";

const VERBS: Record<MovementKind, string> = { receive: "Receive", waste: "Write off", count: "Set count" };

/** Something came in, went to waste, or was counted. */
export function MovementForm({ bar, ingredient, onDone }: { bar: string; ingredient: Ingredient; onDone(): void }) {
  const [kind, setKind] = useState<MovementKind>("receive");
  const [amount, setAmount] = useState("");
  const [unit, setUnit] = useState(ingredient.unit);
  const [reason, setReason] = useState("");
  const [key, setKey] = useState(createIdempotencyKey);
  const record = useRecordMovement(bar);
  const problem = record.error instanceof ApiProblem ? record.error : undefined;

  const submit = (event: FormEvent) => {
    event.preventDefault();
    record.mutate(
      { ingredient, kind, amount: amount.trim().replace(",", "."), unit: unit.trim(), reason: reason.trim(), key },
      {
        onSuccess: () => {
          showToast(`${ingredient.name}: stock updated.`);
          onDone();
        },
        // A definite refusal is over: what is sent next is another movement.
        onError: (error) => {
          if (error instanceof ApiProblem && !error.isIndefinite) setKey(createIdempotencyKey());
        },
      },
    );
  };

  return (
    <form className={styles.form} onSubmit={submit}>
      <Choice
        legend="What happened?" name="kind" value={kind} onChange={setKind}
        options={[["receive", "Came in"], ["waste", "Wasted"], ["count", "Counted"]]}
      />
      <div className={styles.quantity}>
        <Field
          label={kind === "count" ? "There is now" : "How much"} inputMode="decimal" required pattern="\d+([.,]\d{1,6})?" value={amount} autoComplete="off"
          error={problem?.messageAt("/amount")} onChange={(event) => setAmount(event.currentTarget.value)}
        />
        <Field label="Unit" required maxLength={16} value={unit} error={problem?.messageAt("/unit")} onChange={(event) => setUnit(event.currentTarget.value)} />
      </div>
      <Field label="Note" maxLength={280} value={reason} placeholder="Optional" onChange={(event) => setReason(event.currentTarget.value)} />
      {record.isError && problem?.errors.length !== 1 && <Notice tone="bad">{describeError(record.error)}</Notice>}
      <Button type="submit" look="primary" large wide disabled={record.isPending}>{record.isPending ? "Saving…" : VERBS[kind]}</Button>
    </form>
  );
}
