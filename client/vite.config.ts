/**
 * Builds `dist/`: chat.js, page.js and papo.css under fixed names, since the server embeds and
 * names them.
 */
import { svelte } from "@sveltejs/vite-plugin-svelte";
import tailwindcss from "@tailwindcss/vite";
import type { Plugin } from "vite";
import { defineConfig } from "vitest/config";

/**
 * The oldest browsers that the chat runs in: the last Chrome of Windows 7 and 8, Firefox ESR, and
 * their contemporary.
 */
const BROWSERS = ["chrome109", "firefox115", "safari16.4"];

/**
 * What both entries use is built into each of them: a file that they share would be one more
 * request.
 */
const BUILT_TWICE = /\/reader-locale$/;
const buildTwice: Plugin = {
  name: "build-twice",
  enforce: "pre",
  async resolveId(source, importer) {
    if (!BUILT_TWICE.test(source) || !importer?.includes("/src/page/")) return null;
    const resolved = await this.resolve(source, importer, { skipSelf: true });
    return resolved === null ? null : `${resolved.id}?page`;
  },
};

export default defineConfig({
  plugins: [buildTwice, svelte(), tailwindcss()],
  build: {
    target: BROWSERS,
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
  // What is waited for has come when it has come: a busy machine needs longer than the usual
  // second.
  test: { restoreMocks: true, testTimeout: 30_000, expect: { poll: { timeout: 20_000 } } },
});
