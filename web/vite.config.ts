import { fileURLToPath } from "node:url";
import { defineConfig } from "vitest/config";

// The source is written against React's API and types; the bundle runs it on Preact. Measured
// with the router and query libraries in place and no code of ours: 104.6 KB gzip on React 19,
// 46.3 KB on Preact, and a guest's budget is 90 KB. Delete `preactAsReact` to go back.
const preactAsReact = [
  { find: /^react\/jsx(-dev)?-runtime$/, replacement: "preact/jsx-runtime" },
  { find: /^react-dom\/client$/, replacement: "preact/compat/client" },
  { find: /^react(-dom)?$/, replacement: "preact/compat" },
];

const nodeAddress = process.env.BITEBYTE_NODE ?? "http://127.0.0.1:8080";

export default defineConfig({
  resolve: {
    alias: [
      ...preactAsReact,
      { find: /^~\//, replacement: fileURLToPath(new URL("./src/", import.meta.url)) },
    ],
  },
  build: {
    target: "es2022",
    manifest: true,
    assetsInlineLimit: 0, // The content policy allows images of our own address only.
    modulePreload: { polyfill: false },
    rolldownOptions: {
      onwarn(warning, warn) {
        // Libraries mark files for React Server Components, which this site has none of.
        if (warning.code !== "MODULE_LEVEL_DIRECTIVE") warn(warning);
      },
    },
  },
  server: { host: "127.0.0.1", proxy: { "/api": nodeAddress, "/livez": nodeAddress } },
  test: {
    environment: "happy-dom",
    isolate: false, // One browser-like world for all files: a third of the time.
    include: ["src/**/*.test.{ts,tsx}"],
    server: { deps: { inline: [/@tanstack/] } },
  },
});
