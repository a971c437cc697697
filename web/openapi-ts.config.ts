import { defineConfig } from "@hey-api/openapi-ts";

// The client is generated from the server's own document and committed, so that a change of the
// contract is a change that a reviewer sees. `scripts/check-codegen.mjs` refuses drift.
export default defineConfig({
  input: "./openapi.json",
  output: { path: process.env.CODEGEN_OUTPUT ?? "./src/client", postProcess: [] },
  plugins: ["@hey-api/typescript", "@hey-api/sdk", "@hey-api/client-fetch"],
});
