// The frames of papo.v1. Written from crates/protocol by `cargo xtask client`; don't edit.

/**
 * A frame that a `papo.v1` client sends.
 */
export type ClientFrame =
  | {
      type: "subscribe";
      /**
       * Comes back in the answer.
       */
      ref?: number;
      /**
       * The room; may be left out on a room's own socket.
       */
      room?: number;
      /**
       * The epoch of `after`.
       */
      epoch?: string;
      /**
       * The last seq that the client has.
       */
      after?: number;
      /**
       * The timestamp of that event: the proof that it is this history's.
       */
      timestamp?: string;
    }
  | {
      type: "unsubscribe";
      /**
       * Comes back in the answer.
       */
      ref?: number;
      /**
       * The room.
       */
      room?: number;
    }
  | {
      type: "send";
      /**
       * Comes back in the answer.
       */
      ref?: number;
      /**
       * The room.
       */
      room?: number;
      /**
       * Names the message, not the attempt.
       */
      client_id: string;
      /**
       * What it says.
       */
      message: string;
      /**
       * One's own name, to be checked.
       */
      username?: string;
    }
  | {
      type: "edit";
      /**
       * Comes back in the answer.
       */
      ref?: number;
      /**
       * The room.
       */
      room?: number;
      /**
       * The event that posted it.
       */
      seq: number;
      /**
       * The new text.
       */
      message: string;
    }
  | {
      type: "delete";
      /**
       * Comes back in the answer.
       */
      ref?: number;
      /**
       * The room.
       */
      room?: number;
      /**
       * The event that posted it.
       */
      seq: number;
    }
  | {
      type: "react";
      /**
       * Comes back in the answer.
       */
      ref?: number;
      /**
       * The room.
       */
      room?: number;
      /**
       * The event that posted it.
       */
      seq: number;
      /**
       * One emoji.
       */
      emoji: string;
      /**
       * Whether one has the reaction from now on.
       */
      on: boolean;
    }
  | {
      type: "typing";
      /**
       * Accepted and ignored: there is no answer.
       */
      ref?: number;
      /**
       * The room.
       */
      room?: number;
    }
  | {
      type: "read";
      /**
       * Comes back in the answer.
       */
      ref?: number;
      /**
       * The room.
       */
      room?: number;
      /**
       * The last event that was read.
       */
      seq: number;
      /**
       * The version of the read position that the client knows.
       */
      version: number;
    }
  | {
      type: "unread";
      /**
       * Comes back in the answer.
       */
      ref?: number;
      /**
       * The room.
       */
      room?: number;
      /**
       * The first event to be unread.
       */
      seq: number;
    }
  | {
      type: "level";
      /**
       * Comes back in the answer.
       */
      ref?: number;
      /**
       * The room.
       */
      room?: number;
      /**
       * From now on.
       */
      level: Level;
    }
  | {
      type: "refresh";
      /**
       * Comes back in the answer.
       */
      ref?: number;
      /**
       * The room.
       */
      room?: number;
    }
  | {
      type: "ping";
      /**
       * Comes back in the answer.
       */
      ref?: number;
    };

/**
 * A frame that the server sends. Fields are described in `docs/protocol.md`.
 */
export type ServerFrame =
  | {
      type: "welcome";
      epoch: string;
      sender: string;
      heartbeat: number;
      limits: Limits;
      inbox?: number;
      rooms?: Array<Membership>;
    }
  | {
      type: "snapshot";
      ref?: number;
      room: number;
      epoch: string;
      seq: number;
      timestamp?: string;
      name: string;
      description: string;
      kind: RoomKind;
      announcement?: boolean;
      archived?: boolean;
      role: Role;
      username: string;
      more: boolean;
      messages: Array<Message>;
    }
  | { type: "subscribed"; ref?: number; room: number; after: number; seq: number; username: string }
  | { type: "reset"; ref?: number; room: number; reason: ResetReason }
  | {
      type: "message";
      room: number;
      seq: number;
      message: string;
      username: string;
      sender: string;
      mark?: Mark;
      timestamp: string;
      client_id?: string;
      edited?: string;
      deleted?: boolean;
      damaged?: boolean;
    }
  | {
      type: "edited";
      room: number;
      seq: number;
      target: number;
      message: string;
      timestamp: string;
      deleted?: boolean;
      damaged?: boolean;
    }
  | { type: "deleted"; room: number; seq: number; target: number; timestamp: string }
  | {
      type: "reacted";
      room: number;
      seq: number;
      target: number;
      emoji: string;
      on: boolean;
      username: string;
      sender: string;
      timestamp: string;
    }
  | {
      type: "room";
      room: number;
      seq: number;
      name: string;
      description: string;
      active: boolean;
      kind: RoomKind;
      announcement?: boolean;
      timestamp: string;
    }
  | { type: "entered"; room: number; seq: number; sender: string; username: string; timestamp: string }
  | { type: "ack"; ref?: number; room: number; seq?: number; timestamp?: string }
  | { type: "error"; ref?: number; code: ErrorCode; message: string; retry?: number; cause?: Cause }
  | { type: "presence"; room: number; online: number; people: Array<Person> }
  | { type: "typing"; room: number; sender: string; username: string }
  | {
      type: "membership";
      ref?: number;
      /**
       * The room.
       */
      room: number;
      /**
       * The room's name; of a direct room, the names of the others.
       */
      name: string;
      /**
       * Who sees the room, and how people come into it.
       */
      kind: RoomKind;
      /**
       * Whether only moderators post in it.
       */
      announcement?: boolean;
      /**
       * Whether it is archived, so that people only read in it.
       */
      archived?: boolean;
      /**
       * The person's role in it.
       */
      role: Role;
      /**
       * The person's own name in it.
       */
      username: string;
      /**
       * The end of its log, at which `unread` was counted.
       */
      seq: number;
      /**
       * When the last message was posted.
       */
      timestamp?: string;
      /**
       * The last event that the person has read.
       */
      read: number;
      /**
       * The version of the read position. It grows when messages are marked as unread.
       */
      version: number;
      /**
       * How many messages of others after `read` aren't deleted, 100 at most.
       */
      unread: number;
      /**
       * What the person is notified of.
       */
      level: Level;
    }
  | { type: "head"; room: number; after: number; seq: number; posted?: Array<Posted> }
  | { type: "left"; room: number }
  | { type: "pong"; ref?: number }
  | { type: "reconnect"; delay: number };

/**
 * A message in a snapshot or page.
 */
export type Message = {
  /**
   * The event that posted it.
   */
  seq: number;
  /**
   * Its present text.
   */
  message: string;
  /**
   * The name its sender had.
   */
  username: string;
  /**
   * Who wrote it.
   */
  sender: string;
  /**
   * Their mark, if they have an account.
   */
  mark?: Mark;
  /**
   * When it was posted.
   */
  timestamp: string;
  /**
   * The name that the sender's client gave it.
   */
  client_id?: string;
  /**
   * When it was last edited.
   */
  edited?: string;
  /**
   * Whether the disk has damaged it: bytes that can't be read are U+FFFD.
   */
  damaged?: boolean;
};

/**
 * A person's membership of a room, for that person.
 */
export type Membership = {
  /**
   * The room.
   */
  room: number;
  /**
   * The room's name; of a direct room, the names of the others.
   */
  name: string;
  /**
   * Who sees the room, and how people come into it.
   */
  kind: RoomKind;
  /**
   * Whether only moderators post in it.
   */
  announcement?: boolean;
  /**
   * Whether it is archived, so that people only read in it.
   */
  archived?: boolean;
  /**
   * The person's role in it.
   */
  role: Role;
  /**
   * The person's own name in it.
   */
  username: string;
  /**
   * The end of its log, at which `unread` was counted.
   */
  seq: number;
  /**
   * When the last message was posted.
   */
  timestamp?: string;
  /**
   * The last event that the person has read.
   */
  read: number;
  /**
   * The version of the read position. It grows when messages are marked as unread.
   */
  version: number;
  /**
   * How many messages of others after `read` aren't deleted, 100 at most.
   */
  unread: number;
  /**
   * What the person is notified of.
   */
  level: Level;
};

/**
 * What a person is notified of in a room.
 */
export type Level = "everything" | "mentions" | "nothing" | "hidden";

/**
 * How many messages somebody posted in a room since its last head.
 */
export type Posted = {
  /**
   * Who.
   */
  sender: string;
  /**
   * How many.
   */
  messages: number;
};

/**
 * What the server allows, told in `welcome`.
 */
export type Limits = {
  /**
   * The longest message, in Unicode code points.
   */
  message_characters: number;
  /**
   * The longest frame, in bytes.
   */
  frame_bytes: number;
  /**
   * The most rooms followed on one socket.
   */
  rooms: number;
  /**
   * The most requests that wait for an answer on one socket; more are not read until some are
   * answered.
   */
  in_flight: number;
  /**
   * The most missed events that are sent one by one; who misses more is reset.
   */
  resume_events: number;
};

/**
 * What tells somebody with an account from a guest, who has none.
 */
export type Mark = "account" | "administrator";

/**
 * Somebody in a room.
 */
export type Person = {
  /**
   * Who.
   */
  sender: string;
  /**
   * Under which name.
   */
  username: string;
  /**
   * Their mark, if they have an account.
   */
  mark?: Mark;
};

/**
 * Why a request was refused; `docs/protocol.md` says when each comes.
 */
export type ErrorCode =
  | "bad_frame"
  | "bad_message"
  | "bad_client_id"
  | "wrong_username"
  | "not_joined"
  | "no_room"
  | "no_message"
  | "not_yours"
  | "read_only"
  | "not_subscribed"
  | "too_many"
  | "rate_limited"
  | "unavailable";

/**
 * Why the server can't write, as administrators are told.
 */
export type Cause = "disk" | "database";

/**
 * Why a client has to start over.
 */
export type ResetReason = "epoch" | "ahead" | "behind";

/**
 * Who sees a room, and how people come into it.
 */
export type RoomKind = "public" | "members" | "private" | "direct";

/**
 * What a member of a room is in it.
 */
export type Role = "member" | "moderator";
