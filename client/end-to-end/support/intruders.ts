/** Whether text has become anything else: elements, handlers, addresses, requests, dialogs. */
import type { BrowserContext, Page } from "playwright-core";

/** Notes every dialog, window and request to elsewhere in `complaints`. */
export function watch(context: BrowserContext, complaints: string[]): void {
  context.on("dialog", (dialog) => {
    complaints.push(`a dialog: ${dialog.message()}`);
    void dialog.dismiss();
  });
  context.on("page", (page) => page.on("popup", (popup) => complaints.push(`a window: ${popup.url()}`)));
  context.on("request", (request) => {
    if (new URL(request.url()).hostname !== "127.0.0.1") complaints.push(`a request: ${request.url()}`);
  });
}

/** What is in the page and none of ours has put there. */
export async function findIntruders(page: Page): Promise<string[]> {
  return page.evaluate(() => {
    const never =
      "img, image, picture, video, audio, iframe, frame, object, embed, portal, base, meta[http-equiv], style, math, " +
      "template, marquee, plaintext, xmp, keygen, script:not([src^='/static/'], [type='application/json'])";
    const strange = [...document.querySelectorAll(never)];
    const all = [...document.querySelectorAll("*")];
    const handling = all.filter(({ attributes }) => [...attributes].some(({ name }) => name.startsWith("on")));
    const addresses = ["href", "src", "action", "formaction"];
    const pointing = all.filter((element) =>
      addresses.some((name) => {
        const address = element.getAttribute(name);
        return address !== null && !/^https?:$/.test(new URL(address, location.href).protocol);
      }),
    );
    return [...strange, ...handling, ...pointing].map((element) => element.outerHTML.slice(0, 200));
  });
}
