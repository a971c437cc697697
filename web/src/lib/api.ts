import { client } from "~/client/client.gen";
import { credentialsOfReader, endSession } from "~/lib/account-store";
import { reportFound, reportLost } from "~/lib/connection";
import { ConnectionLost, parseProblem } from "~/lib/problem";

const GATEWAY_STATUSES = new Set([502, 504]); // An ingress speaks for a node that is gone.

async function fetchAndReport(request: RequestInfo | URL, init?: RequestInit): Promise<Response> {
  const isReading = request instanceof Request && request.method === "GET";
  let response: Response;
  try {
    response = await fetch(isReading ? new Request(request, { credentials: credentialsOfReader() }) : request, init);
  } catch (error) {
    if (!(error instanceof DOMException && error.name === "AbortError")) reportLost("answers");
    throw error;
  }
  if (GATEWAY_STATUSES.has(response.status)) reportLost("answers");
  else reportFound("answers");
  return response;
}

/** Points the generated client at the node that served this page. Called once, at the start. */
export function configureClient(): void {
  client.setConfig({ baseUrl: "", credentials: "same-origin", fetch: fetchAndReport as typeof fetch });
}

interface Answer<T> {
  data?: T;
  error?: unknown;
  response?: Response;
}

/**
 * The data of an answer. Raises ApiProblem for an answer that is not a success and
 * ConnectionLost where there was none.
 */
export async function unwrap<T>(call: Promise<Answer<T>>): Promise<T> {
  let answer: Answer<T>;
  try {
    answer = await call;
  } catch (error) {
    if (error instanceof DOMException && error.name === "AbortError") throw error;
    throw new ConnectionLost();
  }
  const { data, error, response } = answer;
  if (response === undefined) throw new ConnectionLost();
  if (!response.ok) {
    const problem = parseProblem(response.status, error);
    if (problem.code === "not_authenticated") endSession();
    throw problem;
  }
  return data as T;
}

/** The whole list behind a paged one, up to `pagesMax` pages: what one screen can show. */
export async function collectPages<T>(
  load: (cursor: string | undefined) => Promise<{ items: T[]; next_cursor?: string | null }>,
  pagesMax: number,
): Promise<T[]> {
  const items: T[] = [];
  let cursor: string | undefined;
  for (let page = 0; page < pagesMax; page += 1) {
    const answer = await load(cursor);
    items.push(...answer.items);
    if (answer.next_cursor === null || answer.next_cursor === undefined) break;
    cursor = answer.next_cursor;
  }
  return items;
}
