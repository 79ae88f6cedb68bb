/** Asks the server over HTTP for what the socket doesn't say: older messages, and why it refused a connection. */
import type { EndReason } from "./connection.js";
import type { Environment } from "./environment.js";
import type { Message } from "./frames.js";
import { ANSWER_MILLISECONDS } from "./heartbeat.js";

export interface Page {
  messages: Message[];
  more: boolean;
}

export function fetchOlder(environment: Environment, room: number, before: number): Promise<Page> {
  return ask(environment, `/room/${room}/messages/?before=${before}`, async (response) => {
    if (!response.ok) throw new Error(`no older messages of room ${room}: status ${response.status}`);
    return (await response.json()) as Page;
  });
}

/**
 * Browsers hide the status of a refused WebSocket handshake. The page of messages has the same rights, so it tells
 * whether the session may not enter any more, the room is gone, or it was only the network.
 */
export async function whyRefused(environment: Environment, room: number): Promise<EndReason | undefined> {
  try {
    return await ask(environment, `/room/${room}/messages/?before=1`, (response) => {
      if (response.status === 404) return "closed";
      const turnedAway = response.type === "opaqueredirect" || response.status === 401 || response.status === 403;
      return turnedAway ? "left" : undefined;
    });
  } catch {
    return undefined;
  }
}

/** Gives up when the answer, with its body, takes too long: after a change of networks none may ever come. */
async function ask<Result>(
  environment: Environment,
  url: string,
  read: (response: Response) => Result | Promise<Result>,
): Promise<Result> {
  const aborter = new AbortController();
  const cancel = environment.startTimer(() => aborter.abort(), ANSWER_MILLISECONDS);
  try {
    return await read(await environment.fetch(url, aborter.signal));
  } finally {
    cancel();
  }
}
