import { Icon } from "~/components/icon";
import { formatClock } from "~/lib/time";
import { STATUS_TEXTS, STEPS } from "./order-status";
import type { Order } from "./orders-api";
import styles from "./tracking.module.css";

/** The way of the order, with the time of each step that is behind it. */
export function OrderSteps({ order }: { order: Order }) {
  const position = STEPS.indexOf(order.status);
  const reached = order.status === "completed" ? STEPS.length - 1 : position;
  return (
    <ol className={styles.steps} aria-label="Progress">
      {STEPS.map((status, index) => {
        const at = order.history.find((entry) => entry.status === status)?.at;
        const isCurrent = index === position;
        return (
          <li key={status} className={styles.step} data-reached={index <= reached} aria-current={isCurrent ? "step" : undefined}>
            <span className={styles.mark}>{index <= reached && <Icon name="check" sizePx={15} />}</span>
            <span>{STATUS_TEXTS[status].short}</span>
            <span className={`${styles.at} number`}>{at === undefined ? "" : formatClock(at)}</span>
          </li>
        );
      })}
    </ol>
  );
}
