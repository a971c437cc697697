import { useState } from "react";
import { Button } from "~/components/button";
import { Icon } from "~/components/icon";
import { Pill } from "~/components/states";
import { formatAge } from "~/lib/time";
import type { Move, Order } from "./api";
import { CancelDialog } from "./cancel-dialog";
import { URGENCY_WORDS, urgencyOf, type Column } from "./columns";
import styles from "./board.module.css";

interface OrderCardProps {
  order: Order;
  column: Column;
  isArrival: boolean;
  isMoving: boolean;
  now: number;
  onMove(move: Move): void;
}

export function OrderCard({ order, column, isArrival, isMoving, now, onMove }: OrderCardProps) {
  const [isCancelling, setIsCancelling] = useState(false);
  const urgency = urgencyOf(order, now);
  const exit = order.status === "placed" ? "Reject" : order.status === "ready" ? "Not picked up" : "Cancel";
  return (
    <li
      className={styles.card} data-testid="board-order" data-order-id={order.id} data-status={order.status}
      data-urgency={urgency} data-arrival={isArrival} aria-label={`Order ${order.number}`}
    >
      <header className={styles.cardHeader}>
        <h3 className={`${styles.number} number`}>{order.number}</h3>
        <span className={styles.who}>
          {order.customer_name ?? ""}
          {order.status === "accepted" && <Pill tone="accent">Accepted</Pill>}
        </span>
        <span className={`${styles.age} number`}>
          <Icon name="clock" sizePx={16} />
          {formatAge(order.placed_at, now)} {URGENCY_WORDS[urgency]}
        </span>
      </header>
      <ul className={styles.drinks}>
        {order.lines.map((line, index) => (
          <li key={index}>
            <span className={`${styles.quantity} number`}>{line.quantity}</span>
            <span>
              {line.name}
              {line.note !== undefined && line.note !== "" && <strong className={styles.note}>{line.note}</strong>}
            </span>
          </li>
        ))}
      </ul>
      <footer className={styles.actions}>
        <Button look="primary" large wide disabled={isMoving} aria-label={`${column.bump.label} order ${order.number}`} onClick={() => onMove({ order, to: column.bump.to })}>
          {column.bump.label}
        </Button>
        {order.status === "placed" && (
          <Button look="quiet" disabled={isMoving} aria-label={`Accept order ${order.number}`} onClick={() => onMove({ order, to: "accepted" })}>Accept</Button>
        )}
        <Button
          look="danger" disabled={isMoving} aria-label={`${exit} order ${order.number}`}
          onClick={() => (order.status === "ready" ? onMove({ order, to: "abandoned" }) : setIsCancelling(true))}
        >
          {exit}
        </Button>
      </footer>
      {isCancelling && <CancelDialog order={order} onMove={onMove} onClose={() => setIsCancelling(false)} />}
    </li>
  );
}
