/** Whether text has become anything else: elements, handlers, addresses, requests, dialogs. */
import type { BrowserContext, Page } from "playwright-core";

declare global {
  interface Window {
    findIntruders(document: Document): string[];
  }
}

/**
 * Notes every dialog, window and request to elsewhere in `complaints`, and gives each page
 * `findIntruders`.
 */
export async function watch(context: BrowserContext, complaints: string[]): Promise<void> {
  context.on("dialog", (dialog) => {
    complaints.push(`a dialog: ${dialog.message()}`);
    void dialog.dismiss();
  });
  context.on("page", (page) => page.on("popup", (popup) => complaints.push(`a window: ${popup.url()}`)));
  context.on("request", (request) => {
    if (new URL(request.url()).hostname !== "127.0.0.1") complaints.push(`a request: ${request.url()}`);
  });
  await context.addInitScript(defineFindIntruders);
}

/** What is in the page and none of ours has put there. */
export async function findIntruders(page: Page): Promise<string[]> {
  return page.evaluate(() => window.findIntruders(document));
}

/** A page that is fetched, and what is to be read in it: selector by name. */
export interface Fetched {
  path: string;
  /** Posted as a form. */
  form?: Record<string, string>;
  read: Record<string, string>;
}

/**
 * Shows the answers in frames of a page that is open, under the same content policy, and reads
 * each: the texts of elements, the values of inputs, and intruders. As good as going there, and
 * many times as fast.
 */
export async function readInFrames(page: Page, fetched: Fetched[]): Promise<Record<string, unknown>[]> {
  return page.evaluate(async (all) => {
    const fetching = all.map(async ({ path, form }) => {
      const answer = await fetch(path, form ? { method: "POST", body: new URLSearchParams(form) } : {});
      return answer.text();
    });
    const texts = await Promise.all(fetching);
    const frames = texts.map((text) => {
      const frame = document.body.appendChild(document.createElement("iframe"));
      const shown = frame.contentDocument!;
      shown.open();
      shown.write(text);
      shown.close();
      return frame;
    });
    const results = frames.map((frame, index) => {
      const shown = frame.contentDocument!;
      const values = Object.entries(all[index]!.read).map(([name, selector]) => {
        const found = [...shown.querySelectorAll<HTMLInputElement>(selector)];
        const read = found.map((element) => element.value ?? element.textContent);
        return [name, read.length === 1 ? read[0] : read];
      });
      return Object.fromEntries([["intruders", window.findIntruders(shown)], ...values]) as Record<string, unknown>;
    });
    // What runs as soon as it is parsed does so now; what waits for the network is asked of pages
    // that stay open.
    await new Promise((resolve) => setTimeout(resolve));
    for (const frame of frames) frame.remove();
    return results;
  }, fetched);
}

/** Runs in the browser. */
function defineFindIntruders(): void {
  const never =
    "img, image, picture, video, audio, frame, object, embed, portal, base, meta[http-equiv], style, math, template, " +
    "marquee, plaintext, xmp, keygen, script:not([src^='/static/'], [type='application/json'])";
  window.findIntruders = (document) => {
    const all = [...document.querySelectorAll("*")];
    const strange = all.filter((element) => element.matches(never));
    const handling = all.filter(({ attributes }) => [...attributes].some(({ name }) => name.startsWith("on")));
    const addresses = ["href", "src", "action", "formaction"];
    const pointing = all.filter((element) =>
      addresses.some((name) => {
        const address = element.getAttribute(name);
        return address !== null && !/^https?:$/.test(new URL(address, location.href).protocol);
      }),
    );
    return [...strange, ...handling, ...pointing].map((element) => element.outerHTML.slice(0, 200));
  };
}
