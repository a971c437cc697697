import { useState, type FormEvent } from "react";
import type { UnsizedMeasureAnswer } from "~/client/types.gen";
import { Button } from "~/components/button";
import { Field } from "~/components/field";
import type { ReadingOptions } from "./api";
import styles from "./upload.module.css";

interface SizesFormProps {
  unsized: readonly UnsizedMeasureAnswer[];
  sizes: ReadingOptions["sizes"];
  onSubmit(sizes: ReadingOptions["sizes"]): void;
}

/** Asks how large a shot is at this bar, and a part, and whatever else the file names. */
export function SizesForm({ unsized, sizes, onSubmit }: SizesFormProps) {
  const [typed, setTyped] = useState<Readonly<Record<string, string>>>({});
  const isAnswered = Object.values(typed).some((amount) => amount.trim() !== "");
  const submit = (event: FormEvent) => {
    event.preventDefault();
    onSubmit({ ...sizes, ...typed });
  };
  return (
    <form className={styles.sizes} onSubmit={submit} aria-label="Sizes" data-testid="import-sizes">
      <h3>How much are these at your bar?</h3>
      <p>The file uses measures that differ from bar to bar. Say what yours hold, and it is read again. What you leave empty stays refused.</p>
      <div className={styles.sizeFields}>
        {unsized.map(({ measure, lines, suggestion }) => (
          <Field
            key={measure} label={`${measure} (${lines === 1 ? "1 line" : `${lines} lines`})`}
            placeholder={suggestion === null ? "10 leaf" : `${suggestion.amount} ${suggestion.unit}`}
            hint={suggestion === null ? undefined : `Many bars take ${suggestion.amount} ${suggestion.unit}.`}
            maxLength={40} value={typed[measure] ?? ""} onChange={(event) => setTyped({ ...typed, [measure]: event.currentTarget.value })}
          />
        ))}
      </div>
      <Button type="submit" disabled={!isAnswered}>Read the file again</Button>
    </form>
  );
}
