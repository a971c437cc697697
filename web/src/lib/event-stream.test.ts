import { afterEach, describe, expect, it, vi } from "vitest";
import { createFrameParser, followEventStream, type StreamHandlers } from "~/lib/event-stream";

describe("the frame parser", () => {
  it("reads kind, data and id of an event", () => {
    const parse = createFrameParser();
    expect(parse('id: 42\nevent: order.placed\ndata: {"a":1}\n\n')).toEqual([
      { kind: "order.placed", data: '{"a":1}', id: "42", retryMs: undefined },
    ]);
  });

  it("joins an event that comes in pieces", () => {
    const parse = createFrameParser();
    expect(parse("event: order.re")).toEqual([]);
    expect(parse("ady\ndata: {}\n")).toEqual([]);
    expect(parse("\n")).toMatchObject([{ kind: "order.ready", data: "{}" }]);
  });

  it("joins the lines of data and takes off one space only", () => {
    expect(createFrameParser()("data:  a\ndata:b\n\n")).toMatchObject([{ data: " a\nb" }]);
  });

  it("makes nothing of a heartbeat", () => {
    expect(createFrameParser()(": still here\n\n")).toEqual([]);
  });

  it.each(["\n", "\r\n", "\r"])("ends lines at %j", (end) => {
    expect(createFrameParser()(["event: x", "data: y", "", ""].join(end))).toMatchObject([{ kind: "x", data: "y" }]);
  });

  it("takes the server's retry delay", () => {
    expect(createFrameParser()("retry: 1500\n\n")).toMatchObject([{ retryMs: 1500 }]);
  });
});

function respond(text: string): Response {
  return new Response(text, { headers: { "content-type": "text/event-stream" } });
}

function follow(answers: (() => Promise<Response>)[]) {
  const seen: string[] = [];
  const requests: Headers[] = [];
  const stop = new AbortController();
  const pending = [...answers];
  vi.stubGlobal("fetch", (_: string, init: RequestInit) => {
    requests.push(new Headers(init.headers));
    const answer = pending.shift();
    if (answer !== undefined) return answer();
    stop.abort();
    return Promise.reject(new TypeError("no more answers"));
  });
  const handlers: StreamHandlers = {
    onEvent: ({ kind }) => seen.push(kind),
    onResync: () => seen.push("resync"),
    onOpen: () => seen.push("open"),
    onLost: () => seen.push("lost"),
    onUnauthorized: () => seen.push("unauthorized"),
  };
  return { done: followEventStream("/events", handlers, { signal: stop.signal, credentials: "omit" }), seen, requests };
}

describe("following a stream", () => {
  afterEach(() => vi.unstubAllGlobals());

  it("resumes after the last id at whichever node answers next, and asks again for the gap", async () => {
    const { done, seen, requests } = follow([
      async () => respond("retry: 1\n\nid: 7\nevent: order.placed\ndata: {}\n\n"),
      () => Promise.reject(new TypeError("refused")),
      async () => respond("id: 8\nevent: order.ready\ndata: {}\n\n"),
    ]);
    await done;
    expect(seen).toEqual(["open", "order.placed", "lost", "lost", "open", "resync", "order.ready", "lost"]);
    expect(requests.map((headers) => headers.get("last-event-id"))).toEqual([null, "7", "7", "8"]);
  });

  it("asks again for everything at a reset, and keeps a hello to itself", async () => {
    const { done, seen } = follow([async () => respond("retry: 1\n\nevent: hello\ndata: {}\n\nid: 9\nevent: reset\ndata: {}\n\n")]);
    await done;
    expect(seen).toEqual(["open", "resync", "lost"]);
  });

  it("stops at the end of the session", async () => {
    const { done, seen } = follow([async () => new Response("", { status: 401 })]);
    await done;
    expect(seen).toEqual(["unauthorized"]);
  });
});
