/**
 * Asks the server over HTTP for what the socket doesn't say: older messages, and why it refused a
 * connection.
 */
import type { EndReason } from "./end-reason.js";
import type { Environment } from "./environment.js";
import type { Message } from "./frames.js";
import { ANSWER_MILLISECONDS } from "./heartbeat.js";

const TOO_MANY_REQUESTS = 429;

export interface Page {
  messages: Message[];
  more: boolean;
}

/** A page, or why there is none and won't be one. */
export function fetchOlder(environment: Environment, room: number, before: number): Promise<Page | EndReason> {
  return ask(environment, `/room/${room}/messages/?before=${before}`, async (response) => {
    const reason = turnedAway(response);
    if (reason !== undefined) return reason;
    if (!response.ok) throw new Error(`no older messages of room ${room}: status ${response.status}`);
    return (await response.json()) as Page;
  });
}

/** Why the server takes no socket though it answers: there are too many, or it isn't known. */
export type SocketRefusal = "too_many" | "unknown";

/**
 * Browsers hide the status of a refused WebSocket handshake. The page before the first message has
 * the same rights and limits, so it tells why. The session has ended or may not enter any more, or
 * the room is gone. There are too many sockets, or the server answers pages and no sockets. Or it
 * was only the network.
 */
export async function whyRefused(
  environment: Environment,
  room: number,
): Promise<EndReason | SocketRefusal | undefined> {
  try {
    return await ask(environment, `/room/${room}/messages/?before=1`, (response) => {
      if (response.status === TOO_MANY_REQUESTS) return "too_many";
      return turnedAway(response) ?? (response.ok ? "unknown" : undefined);
    });
  } catch {
    return undefined;
  }
}

function turnedAway({ status, type }: Response): EndReason | undefined {
  if (status === 404) return "closed";
  if (status === 401) return "ended";
  return type === "opaqueredirect" || status === 403 ? "left" : undefined;
}

/**
 * Gives up when the answer, with its body, takes too long: after a change of networks none may ever
 * come.
 */
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
