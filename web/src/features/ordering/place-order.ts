import { useMutation, useQueryClient } from "@tanstack/react-query";
import { useEffect, useState } from "react";
import { placeOrder } from "~/client/sdk.gen";
import type { OrderAnswer } from "~/client/types.gen";
import { unwrap } from "~/lib/api";
import { ApiProblem, ConnectionLost } from "~/lib/problem";
import { beginSubmission, cartOf, endSubmission, type Submission } from "./cart";

const ATTEMPTS_MAX = 20; // With the delays below about a minute, longer than any fail-over.
const DELAY_MS_MIN = 400;
const DELAY_MS_MAX = 4_000;

function isIndefinite(error: unknown): boolean {
  return error instanceof ConnectionLost || (error instanceof ApiProblem && error.isIndefinite);
}

/**
 * Sends until the answer is definite: the order, or a refusal.
 *
 * `send` is the same request with the same key each time, so an attempt that did arrive answers
 * for all of them. Raises the last error after about a minute without a definite answer.
 */
export async function sendUntilDefinite<T>(
  send: () => Promise<T>,
  onUncertain: () => void,
  wait: (ms: number) => Promise<void>,
): Promise<T> {
  for (let attempt = 1; ; attempt += 1) {
    try {
      return await send();
    } catch (error) {
      if (!isIndefinite(error) || attempt === ATTEMPTS_MAX) throw error;
      onUncertain();
      await wait(Math.min(DELAY_MS_MAX, DELAY_MS_MIN * 2 ** (attempt - 1)));
    }
  }
}

function send(barId: string, { key, lines }: Submission): Promise<OrderAnswer> {
  return unwrap(
    placeOrder({
      path: { bar: barId },
      headers: { "Idempotency-Key": key },
      body: { lines: lines.map(({ productId, quantity, note }) => ({ product_id: productId, quantity, note })) },
    }),
  );
}

const pause = (ms: number) => new Promise<void>((resolve) => void setTimeout(resolve, ms));

/** Placing the cart's order, again by itself after a reload in the middle of it. */
export function usePlaceOrder(barId: string, onPlaced: (order: OrderAnswer) => void) {
  const queryClient = useQueryClient();
  const [isUncertain, setIsUncertain] = useState(false);
  const { mutate, isPending, isSuccess, error, reset } = useMutation({
    mutationFn: (submission: Submission) => sendUntilDefinite(() => send(barId, submission), () => setIsUncertain(true), pause),
    onSuccess: (order) => {
      endSubmission(barId, true);
      queryClient.setQueryData(["order", order.id], order);
      void queryClient.invalidateQueries({ queryKey: ["orders"] });
      onPlaced(order);
    },
    onError: (failure) => {
      if (!isIndefinite(failure)) endSubmission(barId, false);
      void queryClient.invalidateQueries({ queryKey: ["menu"] });
    },
    onSettled: () => setIsUncertain(false),
  });

  useEffect(() => {
    const { submission } = cartOf(barId).get();
    if (submission !== null) mutate(submission);
  }, [barId, mutate]);

  return { place: () => mutate(beginSubmission(barId)), isPending, isPlaced: isSuccess, isUncertain, error, reset };
}
