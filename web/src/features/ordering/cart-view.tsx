import { useNavigate } from "@tanstack/react-router";
import { Button, ButtonLink } from "~/components/button";
import { EmptyState, Notice, Skeleton } from "~/components/states";
import { formatMoney } from "~/lib/money";
import { describeError } from "~/lib/problem";
import { useAccount } from "~/lib/session";
import { CartLineRow, type OfferedDrink } from "./cart-line-row";
import { setQuantity, useCart } from "./cart";
import { usePlaceOrder } from "./place-order";
import { shortagesOf, shortIngredients } from "./shortage";
import styles from "./cart.module.css";

interface CartViewProps {
  barId: string;
  bar: string;
  /** What the menu says now about the drinks, by id. */
  offered: ReadonlyMap<string, OfferedDrink>;
  currency: string;
}

/** The order before it is placed: last changes, the total, and one button. */
export function CartView({ barId, bar, offered, currency }: CartViewProps) {
  const cart = useCart(barId);
  const account = useAccount();
  const navigate = useNavigate();
  const { place, isPending, isPlaced, isUncertain, error, reset } = usePlaceOrder(barId, ({ id }) =>
    void navigate({ to: "/orders/$orderId", params: { orderId: id }, replace: true }),
  );
  const shortages = shortagesOf(error);
  const isLocked = isPending || cart.submission !== null;
  const isStuck = !isPending && cart.submission !== null;
  const totalMinor = cart.lines.reduce((sum, line) => sum + (offered.get(line.productId)?.price_minor ?? 0) * line.quantity, 0);

  if (isPlaced) return <Skeleton rows={2} label="Your order is placed" />;
  if (cart.lines.length === 0) {
    return (
      <EmptyState title="Nothing in your order yet" action={<ButtonLink look="primary" to="/bars/$bar" params={{ bar }}>Look at the menu</ButtonLink>}>
        <p>Tap the plus beside a drink, and it waits here until you place the order.</p>
      </EmptyState>
    );
  }

  const change = (index: number, quantity: number) => {
    reset();
    setQuantity(barId, index, quantity);
  };

  return (
    <>
      <ul className={styles.lines}>
        {cart.lines.map((line, index) => (
          <CartLineRow
            key={`${line.productId} ${line.note}`} line={line} drink={offered.get(line.productId)} isLocked={isLocked}
            short={shortIngredients(offered.get(line.productId)?.ingredients ?? [], shortages)}
            onChange={(quantity) => change(index, quantity)}
          />
        ))}
      </ul>
      <p className={styles.total}>
        <span>Total</span>
        <strong className="number">{formatMoney(totalMinor, currency)}</strong>
      </p>
      <div className={styles.messages}>
        {shortages.length > 0 && (
          <Notice tone="bad">
            <p><strong>The bar can’t make all of this any more.</strong> Nothing was ordered. Take something out and try again.</p>
            <ul className={styles.shortages} data-testid="shortages">
              {shortages.map(({ name, needed, available }) => (
                <li key={name}><strong>{name}</strong>: this order needs {needed}, {available} left</li>
              ))}
            </ul>
          </Notice>
        )}
        {error !== null && shortages.length === 0 && !isPending && !isStuck && <Notice tone="bad">{describeError(error)}</Notice>}
        {isUncertain && <Notice tone="warn">The connection dropped. We keep asking with the same ticket, so you can’t be charged twice.</Notice>}
        {isStuck && <Notice tone="warn">We couldn’t find out whether the bar has your order. Trying again is safe: it can only be placed once.</Notice>}
      </div>
      <div className={styles.submit}>
        {account === null ? (
          <ButtonLink look="primary" large wide to="/sign-in" search={{ next: `/bars/${bar}/cart` }}>Sign in and order</ButtonLink>
        ) : (
          <Button look="primary" large wide disabled={isPending} onClick={place}>
            {isPending ? "Placing your order…" : isStuck ? "Try again" : "Place order"}
          </Button>
        )}
        <ButtonLink look="quiet" wide to="/bars/$bar" params={{ bar }}>Add something else</ButtonLink>
      </div>
    </>
  );
}
