import { useState } from "react";
import { Button } from "~/components/button";
import { Dialog } from "~/components/dialog";
import { Choice, Field } from "~/components/field";
import type { Disposition, Move, Order } from "./api";
import styles from "./board.module.css";

const REASON_LENGTH_MAX = 280;
const REASONS = ["We ran out of something", "The bar is closing", "Ordered by mistake"];

interface CancelDialogProps {
  order: Order;
  onMove(move: Move): void;
  onClose(): void;
}

/** Why an order is not made; and, once it was begun, what became of what was in the shaker. */
export function CancelDialog({ order, onMove, onClose }: CancelDialogProps) {
  const [reason, setReason] = useState("");
  const [disposition, setDisposition] = useState<Disposition>("waste");
  const isRejection = order.status === "placed";
  const verb = isRejection ? "Reject" : "Cancel";
  const isBegun = order.status === "preparing";

  const confirm = () => {
    onMove({ order, to: isRejection ? "rejected" : "cancelled", reason: reason.trim(), ...(isBegun ? { disposition } : {}) });
    onClose();
  };

  return (
    <Dialog title={`${verb} order ${order.number}?`} onClose={onClose}>
      <div className={styles.dialog}>
        <Field label="Reason" hint="The guest reads it." maxLength={REASON_LENGTH_MAX} value={reason} onChange={(event) => setReason(event.currentTarget.value)} />
        <div className={styles.reasons}>
          {REASONS.map((text) => <Button key={text} onClick={() => setReason(text)}>{text}</Button>)}
        </div>
        {isBegun && (
          <Choice
            legend="What became of the ingredients?" name="disposition" value={disposition} onChange={setDisposition}
            options={[["waste", "Wasted", "already mixed: take it off the stock"], ["release", "Untouched", "back to the stock"]]}
          />
        )}
        <Button look="primary" large wide onClick={confirm}>{verb} order {order.number}</Button>
        <Button look="quiet" wide onClick={onClose}>Keep it</Button>
      </div>
    </Dialog>
  );
}
