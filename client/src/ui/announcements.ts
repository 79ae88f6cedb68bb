/**
 * What a screen reader hears: what others did since the last time, as sentences; a burst is one
 * sentence.
 */
import type { RoomState, ShownMessage } from "../lib";

export interface News {
  kind: "posted" | "edited" | "deleted" | "failed";
  message: ShownMessage;
}

/** From so many new messages on their number is said instead. */
const BURST = 3;

type Log = Pick<RoomState, "messages" | "more">;
type Text = (key: string, variables: Record<string, string | number>) => string;
type NameOf = (person: ShownMessage) => string;

/** Older messages that were loaded, or let go of, are no news. */
export function newsBetween(before: Log, after: Log): News[] {
  if (before.messages === after.messages) return [];
  const news: News[] = [];
  const known = new Map(before.messages.map((message) => [message.key, message]));
  const lastBefore = lastSeq(before.messages);
  for (const message of after.messages) {
    const same = known.get(message.key);
    if (same === message) continue;
    if (message.state === "failed" && same?.state !== "failed") news.push({ kind: "failed", message });
    if (message.own || message.seq === undefined) continue;
    if (same === undefined && message.seq > lastBefore) news.push({ kind: "posted", message });
    else if (same !== undefined && same.message !== message.message) news.push({ kind: "edited", message });
  }
  const present = new Set(after.messages.map(({ key }) => key));
  const first = after.more ? (after.messages[0]?.seq ?? Infinity) : 0;
  for (const message of before.messages) {
    const gone = !present.has(message.key) && message.seq !== undefined && message.seq >= first;
    if (gone && !message.own) news.push({ kind: "deleted", message });
  }
  return news;
}

/** The sentences in order. What was posted and deleted again isn't said. */
export function sentences(news: readonly News[], text: Text, nameOf: NameOf): string[] {
  const deleted = new Set(news.filter(({ kind }) => kind === "deleted").map(({ message }) => message.key));
  const posted = news.filter(({ kind, message }) => kind === "posted" && !deleted.has(message.key));
  const burst = posted.length > BURST ? [text("announce-burst", { count: posted.length })] : [];
  const others = news
    .filter(({ kind }) => kind !== "posted" || posted.length <= BURST)
    .filter(({ kind, message }) => kind === "deleted" || !deleted.has(message.key))
    .map(({ kind, message }) => text(`announce-${kind}`, { name: nameOf(message), message: message.message }));
  return others.length > BURST ? [...burst, text("announce-changes", { count: others.length })] : [...burst, ...others];
}

function lastSeq(messages: readonly ShownMessage[]): number {
  return messages.findLast(({ seq }) => seq !== undefined)?.seq ?? 0;
}
