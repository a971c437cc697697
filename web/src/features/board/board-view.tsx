import { useEffect } from "react";
import { ErrorState, Skeleton } from "~/components/states";
import { showToast } from "~/components/toasts";
import { describeError, isProblem } from "~/lib/problem";
import { useNow } from "~/lib/time";
import { useMoveOrder, useWorkingOrders, type Move, type Order } from "./api";
import { COLUMNS, type Column } from "./columns";
import { OrderCard } from "./order-card";
import { useArrivals } from "./use-arrivals";
import styles from "./board.module.css";

/** The live queue: what came in, what is in the shaker, what waits to be picked up. */
export function BoardView({ bar }: { bar: string }) {
  const orders = useWorkingOrders(bar);
  const arrivals = useArrivals(orders.data);
  const now = useNow(1_000);
  const move = useMoveOrder(bar);
  const movingId = move.isPending ? move.variables.order.id : null;
  const newCount = orders.data?.filter(({ status }) => COLUMNS[0]?.statuses.has(status)).length ?? 0;

  useEffect(() => {
    document.title = newCount > 0 ? `(${newCount}) Board · BiteByte` : "Board · BiteByte";
  }, [newCount]);

  const onMove = (change: Move) =>
    move.mutate(change, {
      onError: (error) => {
        const isStale = isProblem(error, "stale_version", "invalid_transition");
        showToast(isStale ? `Order ${change.order.number} has moved meanwhile. The board is up to date again.` : describeError(error), { isBad: true });
      },
    });

  if (orders.isPending) return <Skeleton rows={4} label="Loading the board" />;
  if (orders.data === undefined) return <ErrorState error={orders.error} onRetry={() => void orders.refetch()} />;
  return (
    <>
      <p role="status" aria-live="polite" className="visually-hidden">
        {arrivals.size > 0 ? `${arrivals.size} new ${arrivals.size === 1 ? "order" : "orders"}` : ""}
      </p>
      <div className={styles.board} data-testid="board">
        {COLUMNS.map((column) => (
          <BoardColumn key={column.id} column={column} orders={orders.data} arrivals={arrivals} movingId={movingId} now={now} onMove={onMove} />
        ))}
      </div>
    </>
  );
}

interface BoardColumnProps {
  column: Column;
  orders: readonly Order[];
  arrivals: ReadonlySet<string>;
  movingId: string | null;
  now: number;
  onMove(move: Move): void;
}

function BoardColumn({ column, orders, arrivals, movingId, now, onMove }: BoardColumnProps) {
  const cards = orders.filter(({ status }) => column.statuses.has(status));
  return (
    <section className={styles.column} aria-label={column.title} data-testid={`board-column-${column.id}`}>
      <h2 className={styles.columnTitle}>
        {column.title} <span className={`${styles.count} number`}>{cards.length}</span>
      </h2>
      {cards.length === 0 && <p className={styles.empty}>{column.empty}</p>}
      <ul className={styles.cards}>
        {cards.map((order) => (
          <OrderCard
            key={order.id} order={order} column={column} isArrival={arrivals.has(order.id)} isMoving={movingId === order.id}
            now={now} onMove={onMove}
          />
        ))}
      </ul>
    </section>
  );
}
