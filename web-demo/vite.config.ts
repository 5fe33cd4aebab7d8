import { defineConfig } from "vite";

/** Where `npm run dev` finds the server; `npm start` prints the same address. */
const server = process.env["SEAWALL_URL"] ?? "http://127.0.0.1:8000";

const served = ["/rest", "/auth", "/dev", "/policy", "/health"];

export default defineConfig({
  // Anything inlined into the page would need a hole in its content security policy.
  build: {
    target: ["chrome123", "edge123", "firefox128", "safari17.5"],
    assetsInlineLimit: 0,
    modulePreload: { polyfill: false },
    rollupOptions: { input: ["index.html", "admin.html"] },
  },
  server: {
    // The host goes through unchanged: the server names itself by it in /dev/config.
    proxy: Object.fromEntries(served.map((path) => [path, { target: server, changeOrigin: false }])),
  },
});
