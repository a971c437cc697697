import { formatMoney } from "~/lib/money";
import type { Order } from "./orders-api";
import styles from "./tracking.module.css";

/** What was ordered, at the prices that it was ordered at. */
export function OrderLines({ order }: { order: Order }) {
  return (
    <section aria-label="What you ordered" className={styles.receipt}>
      <ul>
        {order.lines.map((line, index) => (
          <li key={index} className={styles.receiptLine}>
            <span className="number">{line.quantity} ×</span>
            <span className={styles.receiptName}>
              {line.name}
              {line.note !== undefined && line.note !== "" && <em className={styles.receiptNote}>{line.note}</em>}
            </span>
            <span className="number">{formatMoney(line.total_minor, order.currency)}</span>
          </li>
        ))}
      </ul>
      <p className={styles.receiptTotal}>
        <span>Total, paid at the bar</span>
        <strong className="number">{formatMoney(order.total_minor, order.currency)}</strong>
      </p>
    </section>
  );
}
