import { useIsConnectionLost } from "~/lib/connection";
import styles from "./connection-banner.module.css";

/** Says that the page has lost the bar and is on it. Goes away by itself. */
export function ConnectionBanner() {
  const isLost = useIsConnectionLost();
  return (
    <div role="status" aria-live="polite">
      {isLost && (
        <p id="connection-banner" className={styles.banner} data-testid="connection-banner">
          <span className={styles.dot} aria-hidden="true" />
          Reconnecting… This may be a little old.
        </p>
      )}
    </div>
  );
}
