/** Reading of server-sent events over fetch, which shows what EventSource hides: status codes and
 * heartbeats, so that a session's end and a silent connection are noticed. */

export interface StreamEvent {
  kind: string;
  data: Record<string, unknown>;
}

export interface StreamHandlers {
  onEvent(event: StreamEvent): void;
  /** Events may have been missed: ask for everything that is on the screen. */
  onResync(): void;
  onOpen(): void;
  onLost(): void;
  /** The session ended (401). The stream has stopped. */
  onUnauthorized(): void;
}

const SILENCE_MS_MAX = 25_000; // Two heartbeats of 10 s and some.
const DELAY_MS_DEFAULT = 1_000;
const DELAY_MS_MAX = 3_000;

export interface ParsedFrame {
  kind: string;
  data: string;
  id: string | undefined;
  retryMs: number | undefined;
}

/** Cuts a text into events as the HTML standard says (§9.2.6). Keeps what is not complete. */
export function createFrameParser(): (text: string) => ParsedFrame[] {
  let pending = "";
  return (text) => {
    pending += text;
    const frames: ParsedFrame[] = [];
    for (;;) {
      const end = /\r\n\r\n|\n\n|\r\r/.exec(pending);
      if (end === null) return frames;
      const block = pending.slice(0, end.index);
      pending = pending.slice(end.index + end[0].length);
      const frame: ParsedFrame = { kind: "message", data: "", id: undefined, retryMs: undefined };
      const data: string[] = [];
      for (const line of block.split(/\r\n|\n|\r/)) {
        const colon = line.indexOf(":");
        if (colon === 0) continue; // A comment is a heartbeat.
        const field = colon === -1 ? line : line.slice(0, colon);
        const value = colon === -1 ? "" : line.slice(colon + 1).replace(/^ /, "");
        if (field === "event") frame.kind = value;
        else if (field === "data") data.push(value);
        else if (field === "id") frame.id = value;
        else if (field === "retry" && /^\d+$/.test(value)) frame.retryMs = Number(value);
      }
      frame.data = data.join("\n");
      if (frame.data !== "" || frame.id !== undefined || frame.retryMs !== undefined) frames.push(frame);
    }
  };
}

function parseData(text: string): Record<string, unknown> {
  try {
    const value: unknown = JSON.parse(text);
    return typeof value === "object" && value !== null ? (value as Record<string, unknown>) : {};
  } catch {
    return {};
  }
}

function wait(ms: number, signal: AbortSignal): Promise<void> {
  return new Promise((resolve) => {
    const timer = setTimeout(resolve, ms);
    signal.addEventListener("abort", () => {
      clearTimeout(timer);
      resolve();
    }, { once: true });
  });
}

/**
 * Follows the stream at `url` until `signal` is aborted, through lost connections and other nodes.
 *
 * Resumes after the last id that it saw. Waits between attempts as the server asks (`retry`),
 * doubled up to 3 s, with jitter so that the guests of a dead node do not return as one.
 */
export async function followEventStream(
  url: string,
  handlers: StreamHandlers,
  { signal, credentials }: { signal: AbortSignal; credentials: RequestCredentials },
): Promise<void> {
  let lastEventId: string | undefined;
  let baseDelayMs = DELAY_MS_DEFAULT;
  let failures = 0;

  const read = async (response: Response, onSign: () => void): Promise<void> => {
    const parse = createFrameParser();
    const reader = (response.body as ReadableStream<BufferSource>).pipeThrough(new TextDecoderStream()).getReader();
    for (;;) {
      const { done, value } = await reader.read();
      if (done) return;
      onSign();
      for (const frame of parse(value)) {
        lastEventId = frame.id ?? lastEventId;
        baseDelayMs = frame.retryMs ?? baseDelayMs;
        if (frame.data === "" || frame.kind === "hello") continue;
        if (frame.kind === "reset") handlers.onResync();
        else handlers.onEvent({ kind: frame.kind, data: parseData(frame.data) });
      }
    }
  };

  while (!signal.aborted) {
    const attempt = new AbortController();
    const stop = () => attempt.abort();
    signal.addEventListener("abort", stop, { once: true });
    let silence = setTimeout(stop, SILENCE_MS_MAX);
    try {
      const response = await fetch(url, {
        headers: { accept: "text/event-stream", ...(lastEventId === undefined ? {} : { "last-event-id": lastEventId }) },
        cache: "no-store",
        credentials,
        signal: attempt.signal,
      });
      if (response.status === 401) return handlers.onUnauthorized();
      if (response.ok && response.body !== null) {
        handlers.onOpen();
        // The first answer follows what the page has just asked for; each later one, a gap.
        if (failures > 0) handlers.onResync();
        failures = 0;
        await read(response, () => {
          clearTimeout(silence);
          silence = setTimeout(stop, SILENCE_MS_MAX);
        });
      }
    } catch {
      // The node is gone or the line was silent for too long; the next attempt tells.
    } finally {
      clearTimeout(silence);
      signal.removeEventListener("abort", stop);
      attempt.abort();
    }
    if (signal.aborted) return;
    handlers.onLost();
    failures += 1;
    const delayMs = Math.min(DELAY_MS_MAX, baseDelayMs * 2 ** (failures - 1));
    await wait(delayMs * (0.5 + Math.random() / 2), signal);
  }
}
