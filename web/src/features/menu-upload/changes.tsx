import type { ProductChangeAnswer } from "~/client/types.gen";
import styles from "./upload.module.css";

const SHOWN_MAX = 100; // Of a kind. More names than that help nobody.

/** What publishing would do to the menu of today, drink by drink. */
export function Changes({ changes }: { changes: readonly ProductChangeAnswer[] }) {
  const changed = changes.filter(({ change }) => change === "changed");
  const kept = changes.filter(({ change }) => change === "not_in_file");
  const unchanged = changes.filter(({ change }) => change === "unchanged").length;
  return (
    <div className={styles.changes}>
      {changed.length > 0 && (
        <details className={styles.details} data-testid="import-changed">
          <summary>Drinks that change ({changed.length})</summary>
          <ul>
            {changed.slice(0, SHOWN_MAX).map(({ product, fields }) => (
              <li key={product}>
                <strong>{product}</strong>
                {fields.map(({ field, before, after }) => (
                  <div key={field} className={styles.note}>{field}: {before !== "" && <><del>{before}</del> → </>}{after === "" ? "nothing" : after}</div>
                ))}
              </li>
            ))}
          </ul>
          {changed.length > SHOWN_MAX && <p>The first {SHOWN_MAX} are shown.</p>}
        </details>
      )}
      {unchanged > 0 && <p>{unchanged === 1 ? "One drink stays" : `${unchanged} drinks stay`} as in the file already.</p>}
      {kept.length > 0 && (
        <details className={styles.details}>
          <summary>Not in the file, and staying on the menu ({kept.length})</summary>
          <p>{kept.slice(0, SHOWN_MAX).map(({ product }) => product).join(", ")}{kept.length > SHOWN_MAX && ", …"}</p>
        </details>
      )}
    </div>
  );
}
