/** The frames of `papo.v1` (docs/protocol.md). Types only; the server's Rust types are their source. */

/** A message in a snapshot or a page of older ones. */
export type Message = {
  seq: number;
  message: string;
  username: string;
  sender: string;
  timestamp: string;
  edited?: string;
};

export type Limits = {
  message_characters: number;
  frame_bytes: number;
  rooms: number;
  in_flight: number;
  resume_events: number;
};

export type Person = { sender: string; username: string };

export type ErrorCode =
  | "bad_frame"
  | "bad_message"
  | "bad_client_id"
  | "wrong_username"
  | "not_joined"
  | "no_room"
  | "no_message"
  | "not_yours"
  | "not_subscribed"
  | "too_many"
  | "rate_limited"
  | "unavailable";

export type ClientFrame =
  | { type: "subscribe"; ref?: number; room?: number; epoch?: string; after?: number }
  | { type: "unsubscribe"; ref?: number; room?: number }
  | { type: "send"; ref?: number; room?: number; client_id: string; message: string; username?: string }
  | { type: "edit"; ref?: number; room?: number; seq: number; message: string }
  | { type: "delete"; ref?: number; room?: number; seq: number }
  | { type: "typing"; ref?: number; room?: number }
  | { type: "ping"; ref?: number };

export type ServerFrame =
  | { type: "welcome"; epoch: string; sender: string; heartbeat: number; limits: Limits }
  | {
      type: "snapshot";
      ref?: number;
      room: number;
      epoch: string;
      seq: number;
      name: string;
      description: string;
      username: string;
      more: boolean;
      messages: Message[];
    }
  | { type: "subscribed"; ref?: number; room: number; after: number; seq: number; username: string }
  | { type: "reset"; ref?: number; room: number; reason: "epoch" | "ahead" | "behind" }
  | {
      type: "message";
      room: number;
      seq: number;
      message: string;
      username: string;
      sender: string;
      timestamp: string;
      client_id?: string;
      edited?: string;
      deleted?: boolean;
    }
  | { type: "edited"; room: number; seq: number; target: number; message: string; timestamp: string }
  | { type: "deleted"; room: number; seq: number; target: number; timestamp: string }
  | { type: "room"; room: number; seq: number; name: string; description: string; active: boolean; timestamp: string }
  | { type: "ack"; ref?: number; room?: number; seq?: number; timestamp?: string }
  | { type: "error"; ref?: number; code: ErrorCode; message: string; retry?: number }
  | { type: "presence"; room: number; online: number; people: Person[] }
  | { type: "typing"; room: number; sender: string; username: string }
  | { type: "left"; room: number }
  | { type: "pong"; ref?: number }
  | { type: "reconnect"; delay: number };
