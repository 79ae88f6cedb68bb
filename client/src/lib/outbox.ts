/**
 * Where messages wait that the server hasn't acknowledged yet. They are put here before they are
 * sent, so neither a lost connection nor a closed page loses them. Entries belong to a room and a
 * sender: another person on the same browser never sends them.
 */
import type { ErrorCode } from "./frames.js";

export interface OutboxEntry {
  client_id: string;
  room: number;
  sender: string;
  message: string;
  /** Entries are sent in this order. Milliseconds since the epoch, made unique. */
  order: number;
  /** Why the server refused it for good. */
  failure?: ErrorCode;
}

export interface Outbox {
  /** The entries of that sender in that room, in order. */
  load(room: number, sender: string): Promise<OutboxEntry[]>;
  /** Adds or replaces the entry with that `client_id`. */
  put(entry: OutboxEntry): Promise<void>;
  remove(clientId: string): Promise<void>;
  /** Removes an entry that won't be sent, and tells whoever else shows it, such as another tab. */
  discard(clientId: string): Promise<void>;
  /** Calls back when somebody else has discarded an entry; the result stops that. */
  onDiscarded(callback: (clientId: string) => void): () => void;
}

/** Lasts as long as the page. */
export class MemoryOutbox implements Outbox {
  readonly #entries = new Map<string, OutboxEntry>();

  load(room: number, sender: string): Promise<OutboxEntry[]> {
    const entries = [...this.#entries.values()].filter((entry) => entry.room === room && entry.sender === sender);
    return Promise.resolve(entries.sort((left, right) => left.order - right.order));
  }

  put(entry: OutboxEntry): Promise<void> {
    this.#entries.set(entry.client_id, entry);
    return Promise.resolve();
  }

  remove(clientId: string): Promise<void> {
    this.#entries.delete(clientId);
    return Promise.resolve();
  }

  discard(clientId: string): Promise<void> {
    return this.remove(clientId);
  }

  onDiscarded(): () => void {
    return () => {};
  }
}
