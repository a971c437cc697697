import type { ImportLineAnswer } from "~/client/types.gen";
import styles from "./upload.module.css";

/** Rows that one table shows. Nobody reads more at once, and a phone has to lay them out. */
const ROWS_MAX = 300;

interface LinesTableProps {
  title: string;
  lines: readonly ImportLineAnswer[];
}

/** How recipe lines were read, folded away until somebody wants to look. */
export function LinesTable({ title, lines }: LinesTableProps) {
  if (lines.length === 0) return null;
  return (
    <details className={styles.details}>
      <summary>{title} ({lines.length})</summary>
      <div className={styles.scroll}>
        <table className={styles.errors}>
          <caption className="visually-hidden">{title}</caption>
          <thead><tr><th scope="col">Row</th><th scope="col">Drink</th><th scope="col">Ingredient</th><th scope="col">Read as</th></tr></thead>
          <tbody>
            {lines.slice(0, ROWS_MAX).map((line, index) => (
              <tr key={index}>
                <td className="number">{line.row}</td>
                <td>{line.product}</td>
                <td>{line.ingredient}{line.optional && " (optional)"}</td>
                <td>
                  {line.reading}
                  {line.notes.map((note) => <div key={note} className={styles.note}>{note}</div>)}
                </td>
              </tr>
            ))}
          </tbody>
        </table>
      </div>
      {lines.length > ROWS_MAX && <p>The first {ROWS_MAX} are shown.</p>}
    </details>
  );
}
