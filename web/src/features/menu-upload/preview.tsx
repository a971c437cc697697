import { Button } from "~/components/button";
import { Notice } from "~/components/states";
import { describeError } from "~/lib/problem";
import type { MenuImport, ReadingOptions } from "./api";
import { Changes } from "./changes";
import { FaultsTable } from "./faults-table";
import { LinesTable } from "./lines-table";
import { SizesForm } from "./sizes-form";
import styles from "./upload.module.css";

interface PreviewProps {
  fileName: string;
  preview: MenuImport;
  options: ReadingOptions;
  isCommitting: boolean;
  error: unknown;
  onReadAgain(options: ReadingOptions): void;
  onCommit(): void;
  onDiscard(): void;
}

/** What the file would do and how its recipes were read, or every row that is wrong with it. */
export function Preview({ fileName, preview, options, isCommitting, error, onReadAgain, onCommit, onDiscard }: PreviewProps) {
  const { summary, errors, lines, left_out: leftOut, products_left_out: productsLeftOut } = preview;
  const isSound = summary.errors === 0;
  const read = lines.filter(({ quantity }) => quantity !== null);
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
      {preview.unsized.length > 0 && <SizesForm unsized={preview.unsized} sizes={options.sizes} onSubmit={(sizes) => onReadAgain({ ...options, sizes })} />}
      {!isSound && (
        <>
          <Notice tone="bad">
            <strong>{summary.errors === 1 ? "One row is wrong." : `${summary.errors} rows are wrong.`}</strong> Nothing was changed. Correct the file and choose it again.
          </Notice>
          <FaultsTable caption="Rows at fault" faults={errors} testId="import-errors" />
        </>
      )}
      {leftOut.length > 0 && (
        <details className={styles.details} data-testid="import-left-out">
          <summary>Left out for what is wrong with them ({productsLeftOut.length})</summary>
          <p>{productsLeftOut.join(", ")}</p>
          <FaultsTable caption="Rows of drinks that are left out" faults={leftOut} testId="import-left-out-rows" />
        </details>
      )}
      <LinesTable title="Amounts that are worth a look" lines={read.filter(({ notes }) => notes.length > 0)} />
      <LinesTable title="All amounts as they were read" lines={read} />
      <Changes changes={preview.changes} />
      {error !== null && <Notice tone="bad">{describeError(error)}</Notice>}
      <div className={styles.actions}>
        {isSound && <Button look="primary" large disabled={isCommitting} onClick={onCommit}>{isCommitting ? "Publishing…" : "Publish this menu"}</Button>}
        {!isSound && !options.leavesOutFaulty && <Button onClick={() => onReadAgain({ ...options, leavesOutFaulty: true })}>Leave out the drinks at fault</Button>}
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
