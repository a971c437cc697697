import { describe, expect, it } from "vitest";
import { ApiProblem, ConnectionLost } from "~/lib/problem";
import { sendUntilDefinite } from "./place-order";

const waits: number[] = [];
const wait = async (ms: number) => void waits.push(ms);
const refusal = new ApiProblem(409, "insufficient_stock", "", [], {});

function answering(...answers: (Error | string)[]) {
  let calls = 0;
  return async () => {
    const answer = answers[Math.min(calls, answers.length - 1)];
    calls += 1;
    if (answer instanceof Error) throw answer;
    return answer;
  };
}

describe("sending an order", () => {
  it("goes on after a lost connection and an unknown outcome until there is an answer", async () => {
    let uncertain = 0;
    const unknown = new ApiProblem(503, "outcome_unknown", "", [], {});
    const send = answering(new ConnectionLost(), unknown, unknown, "order 7");
    expect(await sendUntilDefinite(send, () => { uncertain += 1; }, wait)).toBe("order 7");
    expect(uncertain).toBe(3);
  });

  it("takes a refusal for an answer", async () => {
    let uncertain = 0;
    const sent = sendUntilDefinite(answering(refusal), () => { uncertain += 1; }, wait);
    await expect(sent).rejects.toBe(refusal);
    expect(uncertain).toBe(0);
  });

  it("gives up after about a minute, without an answer", async () => {
    waits.length = 0;
    const lost = new ConnectionLost();
    await expect(sendUntilDefinite(answering(lost), () => undefined, wait)).rejects.toBe(lost);
    const totalMs = waits.reduce((sum, ms) => sum + ms, 0);
    expect(totalMs).toBeGreaterThan(45_000);
    expect(totalMs).toBeLessThan(90_000);
  });
});
