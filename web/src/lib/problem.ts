/** What an answer other than success says, after RFC 9457. */

export interface FieldProblem {
  pointer: string;
  message: string;
}

/** An answer of the server that is not a success. `code` is stable, `detail` is for people. */
export class ApiProblem extends Error {
  override readonly name = "ApiProblem";

  constructor(
    readonly status: number,
    readonly code: string,
    readonly detail: string,
    readonly errors: readonly FieldProblem[],
    /** The whole document, for the members that only some codes have. */
    readonly body: Readonly<Record<string, unknown>>,
  ) {
    super(detail);
  }

  /** Whether the request may still have been carried out, or may be if it is sent again. */
  get isIndefinite(): boolean {
    return this.status >= 500 || this.status === 408;
  }

  /** The message for the field at `pointer`, where that field is at fault. */
  messageAt(pointer: string): string | undefined {
    return this.errors.find((error) => error.pointer === pointer)?.message;
  }
}

/** No answer came: the node died, the network is gone. Whatever was asked may have happened. */
export class ConnectionLost extends Error {
  override readonly name = "ConnectionLost";

  constructor() {
    super("The bar cannot be reached right now.");
  }
}

function isRecord(value: unknown): value is Record<string, unknown> {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}

/** A message of the server for reading: its `literal` marks become quotation marks. */
export function quoteLiterals(message: string): string {
  return message.replaceAll(/`([^`]+)`/g, "“$1”");
}

function parseFieldProblems(value: unknown): FieldProblem[] {
  if (!Array.isArray(value)) return [];
  return value.flatMap((item: unknown) =>
    isRecord(item) && typeof item.pointer === "string" && typeof item.message === "string"
      ? [{ pointer: item.pointer, message: quoteLiterals(item.message) }]
      : [],
  );
}

/** Reads a problem document; an answer that is none (a proxy's page, say) still gets a text. */
export function parseProblem(status: number, body: unknown): ApiProblem {
  const document = isRecord(body) ? body : {};
  const text = [document.detail, document.title].find((part) => typeof part === "string" && part !== "");
  return new ApiProblem(
    status,
    typeof document.code === "string" ? document.code : `http_${status}`,
    typeof text === "string" ? quoteLiterals(text) : `The bar answered with an error (${status}).`,
    parseFieldProblems(document.errors),
    document,
  );
}

/** A sentence that a person can act on. */
export function describeError(error: unknown): string {
  if (error instanceof ApiProblem || error instanceof ConnectionLost) return error.message;
  return "Something on this page went wrong. Reloading it usually helps.";
}

/** Whether the answer was `code`. */
export function isProblem(error: unknown, ...codes: string[]): boolean {
  return error instanceof ApiProblem && codes.includes(error.code);
}
