/** Builds `dist/`: chat.js, page.js and papo.css under fixed names, since the server embeds and names them. */
import { svelte } from "@sveltejs/vite-plugin-svelte";
import tailwindcss from "@tailwindcss/vite";
import { defineConfig } from "vitest/config";

export default defineConfig({
  plugins: [svelte(), tailwindcss()],
  build: {
    target: "baseline-widely-available",
    cssCodeSplit: false,
    modulePreload: false,
    assetsInlineLimit: 0,
    rolldownOptions: {
      input: { chat: "src/chat.ts", page: "src/page.ts" },
      output: {
        entryFileNames: "[name].js",
        chunkFileNames: "[name].js",
        assetFileNames: "papo[extname]",
      },
    },
  },
  // What is waited for has come when it has come: a busy machine needs longer than the usual second.
  test: { restoreMocks: true, testTimeout: 30_000, expect: { poll: { timeout: 20_000 } } },
});
