import { describe, expect, it } from "vitest";
import { ApiProblem, describeError, isProblem, parseProblem, quoteLiterals } from "~/lib/problem";

describe("a problem document", () => {
  const problem = parseProblem(422, {
    code: "invalid_fields", detail: "One field is at fault.", errors: [{ pointer: "/email", message: "must be an e-mail" }, { pointer: 7 }],
  });

  it("gives its code and its text", () => {
    expect(isProblem(problem, "email_taken", "invalid_fields")).toBe(true);
    expect(describeError(problem)).toBe("One field is at fault.");
  });

  it("finds the message of a field, and ignores what is malformed", () => {
    expect(problem.messageAt("/email")).toBe("must be an e-mail");
    expect(problem.errors).toHaveLength(1);
  });

  it("quotes the literals that the API marks", () => {
    const marked = parseProblem(422, { detail: "`x` is no unit.", errors: [{ pointer: "/unit", message: "give `700` `ml`" }] });
    expect(describeError(marked)).toBe("“x” is no unit.");
    expect(marked.messageAt("/unit")).toBe("give “700” “ml”");
    expect(quoteLiterals("a ` alone stays")).toBe("a ` alone stays");
  });

  it("is not needed: a proxy's page still has a text", () => {
    expect(describeError(parseProblem(502, "<html>"))).toContain("502");
  });
});

it.each([
  [503, true],
  [500, true],
  [408, true],
  [409, false],
  [401, false],
  [422, false],
])("takes a %i for indefinite: %s", (status, isIndefinite) => {
  expect(new ApiProblem(status, "x", "", [], {}).isIndefinite).toBe(isIndefinite);
});
