import { Link } from "@tanstack/react-router";
import { Button, ButtonLink } from "~/components/button";
import { EmptyState, ErrorState, Pill, Skeleton } from "~/components/states";
import { formatMoney } from "~/lib/money";
import { formatRelative, useNow } from "~/lib/time";
import { STATUS_TEXTS } from "./order-status";
import { useMyOrders, type Order } from "./orders-api";
import styles from "./history.module.css";

/** Every order of this account, newest first. */
export function HistoryView() {
  const orders = useMyOrders();
  const now = useNow(30_000);
  if (orders.isPending) return <Skeleton rows={4} label="Loading your orders" />;
  if (orders.data === undefined) return <ErrorState error={orders.error} onRetry={() => void orders.refetch()} />;
  const items = orders.data.pages.flatMap((page) => page.items);
  if (items.length === 0) {
    return (
      <EmptyState title="You haven’t ordered yet" action={<ButtonLink look="primary" to="/">Look at the menu</ButtonLink>}>
        <p>Your orders gather here, the one that is being made on top.</p>
      </EmptyState>
    );
  }
  return (
    <>
      <ul className={styles.orders}>
        {items.map((order) => <HistoryRow key={order.id} order={order} now={now} />)}
      </ul>
      {orders.hasNextPage && (
        <Button wide disabled={orders.isFetchingNextPage} onClick={() => void orders.fetchNextPage()}>
          {orders.isFetchingNextPage ? "Loading…" : "Show older orders"}
        </Button>
      )}
    </>
  );
}

function HistoryRow({ order, now }: { order: Order; now: number }) {
  const text = STATUS_TEXTS[order.status];
  return (
    <li>
      <Link to="/orders/$orderId" params={{ orderId: order.id }} className={styles.order} data-testid="history-order" data-order-id={order.id}>
        <span className={styles.top}>
          <strong className="number">Order {order.number}</strong>
          <Pill tone={text.tone}>{text.short}</Pill>
        </span>
        <span className={styles.drinks}>{order.lines.map(({ name, quantity }) => (quantity > 1 ? `${quantity} × ${name}` : name)).join(", ")}</span>
        <span className={styles.bottom}>
          <span>{formatRelative(order.placed_at, now)}</span>
          <span className="number">{formatMoney(order.total_minor, order.currency)}</span>
        </span>
      </Link>
    </li>
  );
}
