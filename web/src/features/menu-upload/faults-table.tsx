import type { ImportErrorAnswer } from "~/client/types.gen";
import { quoteLiterals } from "~/lib/problem";
import styles from "./upload.module.css";

const ROWS_MAX = 300; // The rest shows once these are corrected.

interface FaultsTableProps {
  caption: string;
  faults: readonly ImportErrorAnswer[];
  testId: string;
}

/** Every row that is wrong, and why. */
export function FaultsTable({ caption, faults, testId }: FaultsTableProps) {
  return (
    <div className={styles.scroll}>
      <table className={styles.errors} data-testid={testId}>
        <caption className="visually-hidden">{caption}</caption>
        <thead><tr><th scope="col">Row</th><th scope="col">Column</th><th scope="col">What is wrong</th></tr></thead>
        <tbody>
          {faults.slice(0, ROWS_MAX).map((fault, index) => (
            <tr key={index}><td className="number">{fault.row}</td><td>{fault.column}</td><td>{quoteLiterals(fault.message)}</td></tr>
          ))}
        </tbody>
      </table>
      {faults.length > ROWS_MAX && <p>The first {ROWS_MAX} of {faults.length} are shown.</p>}
    </div>
  );
}
