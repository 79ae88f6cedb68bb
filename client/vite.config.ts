/**
 * Builds `dist/`: chat.js and chat.css, page.js and papo.css under fixed names, since the server embeds and
 * names them; and `chunk-….js` for each part that is loaded on its first use.
 */
import { svelte } from "@sveltejs/vite-plugin-svelte";
import tailwindcss from "@tailwindcss/vite";
import type { Plugin } from "vite";
import { defineConfig } from "vitest/config";
import { texts } from "./texts.ts";

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

/**
 * Each language has a chat of its own, so that nobody loads the texts of another: `vite build` makes
 * Portuguese and the pages, `vite build --mode en` adds English.
 */
export default defineConfig(({ mode }) => {
  const isEnglish = mode === "en";
  const input: Record<string, string> = { chat: "src/chat.ts" };
  if (!isEnglish) input["page"] = "src/page.ts";
  const suffix = isEnglish ? "-en" : "";
  return {
    plugins: [texts(isEnglish ? "en" : "pt-BR"), buildTwice, svelte(), tailwindcss()],
    build: {
      target: BROWSERS,
      modulePreload: false,
      assetsInlineLimit: 0,
      emptyOutDir: !isEnglish,
      rolldownOptions: {
        input,
        output: {
          entryFileNames: `[name]${suffix}.js`,
          chunkFileNames: `chunk-[name]${suffix}.js`,
          // The pages' stylesheet is Papo's; the chat has one of its own, the same in all languages.
          assetFileNames: ({ names }) => (names[0] === "page.css" ? "papo.css" : "[name][extname]"),
        },
      },
    },
    // What is waited for has come when it has come: a busy machine needs longer than the usual
    // second.
    test: { restoreMocks: true, testTimeout: 30_000, expect: { poll: { timeout: 20_000 } } },
  };
});
