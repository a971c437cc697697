import { Button } from "~/components/button";
import { Notice } from "~/components/states";
import { describeError, quoteLiterals } from "~/lib/problem";
import type { MenuImport } from "./api";
import styles from "./upload.module.css";

interface PreviewProps {
  fileName: string;
  preview: MenuImport;
  isCommitting: boolean;
  error: unknown;
  onCommit(): void;
  onDiscard(): void;
}

/** What the file would do, or every row that is wrong with it. */
export function Preview({ fileName, preview, isCommitting, error, onCommit, onDiscard }: PreviewProps) {
  const { summary, errors } = preview;
  const isSound = summary.errors === 0;
  return (
    <section className={styles.preview} aria-label="Preview" data-testid="import-preview">
      <h2>{fileName}</h2>
      <dl className={styles.summary}>
        <Figure label="Drinks" value={summary.products} />
        <Figure label="New" value={summary.products_created} />
        <Figure label="Updated" value={summary.products_updated} />
        <Figure label="New ingredients" value={summary.ingredients_created} />
      </dl>
      {summary.sections.length > 0 && <p className={styles.sections}>Sections: {summary.sections.join(", ")}</p>}
      {!isSound && (
        <>
          <Notice tone="bad">
            <strong>{summary.errors === 1 ? "One row is wrong." : `${summary.errors} rows are wrong.`}</strong> Nothing was changed. Correct the file and choose it again.
          </Notice>
          <div className={styles.scroll}>
            <table className={styles.errors} data-testid="import-errors">
              <caption className="visually-hidden">Rows at fault</caption>
              <thead><tr><th scope="col">Row</th><th scope="col">Column</th><th scope="col">What is wrong</th></tr></thead>
              <tbody>
                {errors.map((fault, index) => (
                  <tr key={index}><td className="number">{fault.row}</td><td>{fault.column}</td><td>{quoteLiterals(fault.message)}</td></tr>
                ))}
              </tbody>
            </table>
          </div>
        </>
      )}
      {error !== null && <Notice tone="bad">{describeError(error)}</Notice>}
      <div className={styles.actions}>
        {isSound && <Button look="primary" large disabled={isCommitting} onClick={onCommit}>{isCommitting ? "Publishing…" : "Publish this menu"}</Button>}
        <Button onClick={onDiscard} disabled={isCommitting}>Choose another file</Button>
      </div>
    </section>
  );
}

function Figure({ label, value }: { label: string; value: number }) {
  return (
    <div className={styles.figure}>
      <dt>{label}</dt>
      <dd className="number">{value}</dd>
    </div>
  );
}
