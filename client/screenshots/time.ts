/**
 * The server dates everything itself, so in the pictures all would have happened just now. Here the
 * pages' dates are spread over the past, before the browser reads them.
 */
import type { BrowserContext } from "playwright-core";
import { CONVERSATION, ROOMS } from "./conversation";

const MINUTE_MILLISECONDS = 60_000;
const NOW = "agora mesmo";
/** Since the last message of each room, in the order in which the rooms were made. */
const QUIET_MINUTES = [0, ...ROOMS.map(({ last }) => last.minutesAgo)];

export async function spreadOverThePast(context: BrowserContext): Promise<void> {
  // A page that didn't come straight from the server counts as one from elsewhere, which may not
  // open sockets to this machine.
  await context.grantPermissions(["local-network-access"]);
  await context.route(/\/(?:room\/1\/|admin\/[a-z]+\/)?$/, async (route) => {
    const response = await route.fetch();
    await route.fulfill({ response, body: age(await response.text(), new URL(route.request().url()).pathname) });
  });
}

function age(html: string, path: string): string {
  if (path === "/room/1/") {
    let index = 0;
    return html.replace(
      /"timestamp":"[^"]+"/g,
      () => `"timestamp":"${moment(CONVERSATION[index++]?.minutesAgo ?? 0)}"`,
    );
  }
  if (path === "/admin/messages/") {
    let index = 0;
    return html.replace(/<time datetime="[^"]+"/g, () => `<time datetime="${moment(7 * index ** 2 + 2 * index++)}"`);
  }
  return html
    .split(/(?=\/room\/\d+\/|\/admin\/rooms\/\d+\/"><bdi>)/)
    .map((part) => {
      const room = /^\/(?:room|admin\/rooms)\/(\d+)\//.exec(part)?.[1];
      return part.replace(NOW, ago(QUIET_MINUTES[Number(room) - 1] ?? 0));
    })
    .join("");
}

function moment(minutesAgo: number): string {
  return new Date(Date.now() - minutesAgo * MINUTE_MILLISECONDS).toISOString();
}

function ago(minutes: number): string {
  if (minutes < 1) return NOW;
  if (minutes < 60) return `há ${minutes} minutos`;
  return minutes < 1_440 ? `há ${Math.floor(minutes / 60)} horas` : "há 1 dia";
}
