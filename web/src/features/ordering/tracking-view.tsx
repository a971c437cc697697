import type { ComponentType } from "react";
import { Button, ButtonLink } from "~/components/button";
import { useDocumentTitle } from "~/components/page";
import { EmptyState, ErrorState, Notice, Skeleton } from "~/components/states";
import { ApiProblem, describeError } from "~/lib/problem";
import { formatRelative, useNow } from "~/lib/time";
import { OrderLines } from "./order-lines";
import { hasEnded, isCancellable, STATUS_TEXTS } from "./order-status";
import { OrderSteps } from "./order-steps";
import { useCancelOrder, useOrder, type Order } from "./orders-api";
import styles from "./tracking.module.css";

interface DrawingProps {
  barId: string;
  productId: string;
  name: string;
  /** How full the glass is, 0 to 1: how far the order has come. */
  level: number;
}

interface TrackingViewProps {
  orderId: string;
  /** Draws the first drink of the order. Only the menu knows what colours it. */
  Drawing: ComponentType<DrawingProps>;
}

/** One order, live: what is happening, how far it is, what it was. */
export function TrackingView({ orderId, Drawing }: TrackingViewProps) {
  const order = useOrder(orderId);
  if (order.isPending) return <Skeleton rows={4} label="Loading your order" />;
  if (order.data !== undefined) return <Tracking order={order.data} Drawing={Drawing} />;
  if (order.error instanceof ApiProblem && (order.error.status === 404 || order.error.status === 422)) {
    return (
      <EmptyState title="No such order" action={<ButtonLink look="primary" to="/orders">See your orders</ButtonLink>}>
        <p>It may belong to another account.</p>
      </EmptyState>
    );
  }
  return <ErrorState error={order.error} onRetry={() => void order.refetch()} />;
}

function Tracking({ order, Drawing }: { order: Order; Drawing: ComponentType<DrawingProps> }) {
  const now = useNow(15_000);
  const cancel = useCancelOrder();
  const text = STATUS_TEXTS[order.status];
  const reason = order.history.at(-1)?.reason;
  const portrait = order.lines[0];
  useDocumentTitle(`${text.short} · order ${order.number}`);

  return (
    <div className={styles.tracking}>
      <div className={styles.portrait} data-tone={text.tone}>
        {portrait !== undefined && <Drawing barId={order.bar_id} productId={portrait.product_id} name={portrait.name} level={text.level} />}
      </div>
      <p className={styles.number}>Order <span className="number">{order.number}</span></p>
      <div role="status" aria-live="polite" className={styles.status} data-testid="order-status" data-status={order.status}>
        <h1>{text.headline}</h1>
        <p>{text.detail}</p>
        {reason !== undefined && reason !== "" && <p className={styles.reason}>“{reason}”</p>}
      </div>
      {(!hasEnded(order.status) || order.status === "completed") && <OrderSteps order={order} />}
      <OrderLines order={order} />
      <p className={styles.placed}>Placed {formatRelative(order.placed_at, now)}</p>
      {cancel.isError && <Notice tone="bad">{describeError(cancel.error)}</Notice>}
      <div className={styles.actions}>
        <ButtonLink look={hasEnded(order.status) ? "primary" : "secondary"} to="/bars/$bar" params={{ bar: order.bar_id }}>Back to the menu</ButtonLink>
        <ButtonLink look="quiet" to="/orders">All my orders</ButtonLink>
        {isCancellable(order.status) && (
          <Button look="danger" disabled={cancel.isPending} onClick={() => cancel.mutate(order)}>
            {cancel.isPending ? "Cancelling…" : "Cancel this order"}
          </Button>
        )}
      </div>
    </div>
  );
}
