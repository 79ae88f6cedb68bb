/** What a room looks like at one moment, for whoever draws it. */
import type { EndReason } from "./connection.js";
import type { ErrorCode, Message, Person } from "./frames.js";
import type { Outgoing } from "./outgoing.js";

export type Status = "connecting" | "online" | "offline" | EndReason;

/** A message to show. One's own that aren't in the log yet have no `seq` and come last. */
export interface ShownMessage {
  /** Stays the same from the first key press to the log, so that what is drawn stays too. */
  key: string;
  seq: number | undefined;
  client_id: string | undefined;
  message: string;
  username: string;
  sender: string;
  timestamp: string;
  edited: boolean;
  own: boolean;
  state: "sent" | "pending" | "failed";
  failure: ErrorCode | undefined;
}

export interface RoomState {
  status: Status;
  name: string;
  description: string;
  sender: string;
  username: string;
  messages: readonly ShownMessage[];
  more: boolean;
  loadingOlder: boolean;
  online: number;
  people: readonly Person[];
  typing: readonly Person[];
  messageCharacters: number;
}

const shownBefore = new WeakMap<Message, ShownMessage>();

/** The same object for the same message, so that only what changed is drawn again. */
export function showMessage(message: Message, self: string): ShownMessage {
  const before = shownBefore.get(message);
  const own = message.sender === self;
  if (before?.own === own) return before;
  const { seq, client_id, username, sender, timestamp } = message;
  // Only one's own ids are taken for a key: somebody else could choose one that is there already.
  const key = own && client_id !== undefined ? client_id : `#${seq}`;
  const content = { message: message.message, username, sender, timestamp, edited: message.edited !== undefined };
  const shown: ShownMessage = { key, seq, client_id, ...content, own, state: "sent", failure: undefined };
  shownBefore.set(message, shown);
  return shown;
}

/** `notBefore` is the time of the log's last message: the clock here may be slow, and the message comes after it. */
export function showOutgoing({ entry, stage, timestamp }: Outgoing, username: string, notBefore: string): ShownMessage {
  const { client_id, message, sender, order, failure } = entry;
  const written = new Date(order).toISOString();
  return {
    key: client_id,
    seq: undefined,
    client_id,
    message,
    username,
    sender,
    timestamp: timestamp ?? (written > notBefore ? written : notBefore),
    edited: false,
    own: true,
    state: stage === "acknowledged" ? "sent" : stage === "failed" ? "failed" : "pending",
    failure,
  };
}
