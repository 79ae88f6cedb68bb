/** Runs `take.ts`, which Node can't read by itself: `npm run screenshots`. */
import { runnerImport } from "vite";

const { module } = await runnerImport(new URL("take.ts", import.meta.url).pathname, { configFile: false });
await module.takeAll();
