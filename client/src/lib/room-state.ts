/** What a room looks like at one moment, for whoever draws it. */
import type { EndReason } from "./end-reason.js";
import type { Cause, ErrorCode, Mark, Message, Person } from "./frames.js";
import type { SocketRefusal } from "./older.js";
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
  mark: Mark | undefined;
  timestamp: string;
  edited: boolean;
  /** The disk has spoiled some of it. */
  damaged: boolean;
  own: boolean;
  state: "sent" | "pending" | "failed";
  failure: ErrorCode | undefined;
}

/** How far one has read a room, on all one's devices, as the server knows it. */
export interface ReadPosition {
  /** The last event that one has read. */
  seq: number;
  /**
   * Grows when messages are marked as unread. Within one version the position only goes forward.
   */
  version: number;
}

export interface RoomState {
  status: Status;
  /** Whether the log is here: until its first snapshot only the room's name is known. */
  loaded: boolean;
  name: string;
  description: string;
  sender: string;
  username: string;
  messages: readonly ShownMessage[];
  more: boolean;
  /**
   * What happened up to this seq, happened before one followed the room, or while the connection
   * was gone.
   */
  past: number;
  /** Whether some of that is still on its way. */
  resuming: boolean;
  /** How far one has read, once the server has said it. */
  read: ReadPosition | undefined;
  loadingOlder: boolean;
  /** How many people are online; 0 where that isn't known, as without a connection. */
  online: number;
  /** Those who were there when it was last known, or some of them. */
  people: readonly Person[];
  typing: readonly Person[];
  messageCharacters: number;
  /** While offline: when the next attempt to connect is made, in milliseconds since the epoch. */
  retryAt: number | undefined;
  /** The server answers pages, but no socket, again and again: why, as far as that is known. */
  refused: SocketRefusal | undefined;
  /**
   * Nothing comes over the connection, though an answer is due: it may be dead, which is known a
   * little later.
   */
  silent: boolean;
  /** The server can't store anything now: what waits goes on waiting. */
  stalled: boolean;
  /** Why it can't, which only administrators are told. */
  cause: Cause | undefined;
  /** There were too many messages in too short a time: until when the next one waits. */
  heldUntil: number | undefined;
}

const shownBefore = new WeakMap<Message, ShownMessage>();

/** The same object for the same message, so that only what changed is drawn again. */
export function showMessage(message: Message, self: string): ShownMessage {
  const before = shownBefore.get(message);
  const own = message.sender === self;
  if (before?.own === own) return before;
  const { seq, client_id, username, sender, mark, timestamp } = message;
  // Only one's own ids are taken for a key: somebody else could choose one that is there already.
  const key = own && client_id !== undefined ? client_id : `#${seq}`;
  const changes = { edited: message.edited !== undefined, damaged: message.damaged === true };
  const content = { message: message.message, username, sender, mark, timestamp, ...changes };
  const shown: ShownMessage = { key, seq, client_id, ...content, own, state: "sent", failure: undefined };
  shownBefore.set(message, shown);
  return shown;
}

/**
 * `notBefore` is the time of the log's last message: the clock here may be slow, and the message
 * comes after it.
 */
export function showOutgoing(
  { entry, stage, timestamp }: Outgoing,
  { username, mark }: Pick<ShownMessage, "username" | "mark">,
  notBefore: string,
): ShownMessage {
  const { client_id, message, sender, order, failure } = entry;
  const written = new Date(order).toISOString();
  return {
    key: client_id,
    seq: undefined,
    client_id,
    message,
    username,
    sender,
    mark,
    timestamp: timestamp ?? (written > notBefore ? written : notBefore),
    edited: false,
    damaged: false,
    own: true,
    state: stage === "acknowledged" ? "sent" : stage === "failed" ? "failed" : "pending",
    failure,
  };
}
