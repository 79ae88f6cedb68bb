/**
 * A world for tests: a clock that is turned by hand, sockets that are written by hand, pages that
 * are given.
 */
import { expect } from "vitest";
import { Connection } from "../src/lib/connection";
import type { Environment, Socket } from "../src/lib/environment";
import type { ClientFrame, Membership, Message, ServerFrame } from "../src/lib/frames";
import { MemoryOutbox, type Outbox } from "../src/lib/outbox";
import { Room } from "../src/lib/room";
import type { Snapshot, Welcome } from "../src/lib/select";

export class FakeSocket implements Socket {
  onmessage: Socket["onmessage"] = null;
  onclose: Socket["onclose"] = null;
  closed = false;
  readonly sent: ClientFrame[] = [];

  constructor(readonly url: string) {}

  send(data: string): void {
    this.sent.push(JSON.parse(data) as ClientFrame);
  }

  close(): void {
    this.closed = true;
  }

  receive(...frames: ServerFrame[]): void {
    for (const frame of frames) this.onmessage?.({ data: JSON.stringify(frame) });
  }

  end(code = 1006): void {
    this.onclose?.({ code });
  }

  sentOf<Type extends ClientFrame["type"]>(type: Type): Extract<ClientFrame, { type: Type }>[] {
    return this.sent.filter((frame): frame is Extract<ClientFrame, { type: Type }> => frame.type === type);
  }

  lastSent<Type extends ClientFrame["type"]>(type: Type): Extract<ClientFrame, { type: Type }> {
    const frame = this.sentOf(type).at(-1);
    expect(frame, `a ${type} frame`).toBeDefined();
    return frame as Extract<ClientFrame, { type: Type }>;
  }
}

export class World implements Environment {
  time = Date.parse("2026-11-24T12:00:00Z");
  randomness = 0.5;
  readonly sockets: FakeSocket[] = [];
  readonly pages = new Map<string, () => Promise<Response>>();
  readonly fetched: string[] = [];
  wake: () => void = () => {};
  goOffline: () => void = () => {};
  #timers: { at: number; callback: () => void }[] = [];

  get socket(): FakeSocket {
    const socket = this.sockets.at(-1);
    if (socket === undefined) throw new Error("no socket was opened");
    return socket;
  }

  now = (): number => this.time;
  random = (): number => this.randomness;

  startTimer(callback: () => void, milliseconds: number): () => void {
    const timer = { at: this.time + milliseconds, callback };
    this.#timers.push(timer);
    return () => {
      this.#timers = this.#timers.filter((other) => other !== timer);
    };
  }

  openSocket(url: string): Socket {
    this.sockets.push(new FakeSocket(url));
    return this.socket;
  }

  fetch(url: string, signal: AbortSignal): Promise<Response> {
    this.fetched.push(url);
    const aborted = new Promise<never>((_, reject) => (signal.onabort = () => reject(signal.reason as Error)));
    return Promise.race([this.pages.get(url)?.() ?? Promise.reject(new Error("offline")), aborted]);
  }

  onWake(callback: () => void): () => void {
    this.wake = callback;
    return () => {};
  }

  onOffline(callback: () => void): () => void {
    this.goOffline = callback;
    return () => {};
  }

  advance(milliseconds: number): void {
    const end = this.time + milliseconds;
    for (;;) {
      const next = this.#timers.filter(({ at }) => at <= end).sort((left, right) => left.at - right.at)[0];
      if (next === undefined) break;
      this.#timers = this.#timers.filter((timer) => timer !== next);
      this.time = next.at;
      next.callback();
    }
    this.time = end;
  }
}

export const SELF = "k3v9d0qm2x7ab";
export const OTHER = "p8w2e6rt4y1cd";
export const EPOCH = "9f86d081884c7d65";

export const WELCOME: Welcome = {
  type: "welcome",
  epoch: EPOCH,
  sender: SELF,
  heartbeat: 25,
  limits: { message_characters: 4000, frame_bytes: 65536, rooms: 100, in_flight: 64, resume_events: 10000 },
};

/** The greeting of a socket for many rooms. */
export function welcome(...rooms: Membership[]): Welcome {
  return { ...WELCOME, inbox: 1, rooms };
}

/** A room of which `read` is read, and nothing unread, unless said otherwise. */
export function membership(room: number, read: number, fields: Partial<Membership> = {}): Membership {
  return {
    room,
    name: `Room ${room}`,
    username: "João",
    seq: read,
    read,
    version: 0,
    unread: 0,
    level: "everything",
    ...fields,
  };
}

export function message(seq: number, fields: Partial<Message> = {}): Message {
  const timestamp = new Date(Date.UTC(2026, 10, 24, 12, 0, seq)).toISOString();
  return { seq, message: `message ${seq}`, username: "Maria", sender: OTHER, timestamp, ...fields };
}

export function posted(seq: number, fields: Partial<Message> & { deleted?: boolean } = {}): ServerFrame {
  return { type: "message", room: 1, ...message(seq, fields) };
}

export function snapshot(messages: Message[] = [], fields: Partial<Snapshot> = {}): Snapshot {
  const about = {
    room: 1,
    epoch: EPOCH,
    name: "Geral",
    description: "",
    kind: "public",
    role: "member",
    username: "João",
    more: false,
  } as const;
  return { type: "snapshot", seq: messages.at(-1)?.seq ?? 0, ...about, messages, ...fields };
}

export interface Setting {
  world?: World;
  outbox?: Outbox;
  known?: Snapshot;
}

export function openRoom({ world = new World(), outbox = new MemoryOutbox(), known }: Setting = {}) {
  const connection = new Connection("/ws/chat/1/", world);
  const room = new Room(1, connection, {
    environment: world,
    outbox,
    known: known && { sender: SELF, snapshot: known },
  });
  connection.start();
  return { world, outbox, room, connection };
}

/** A room that is online after a snapshot of these messages. */
export function onlineRoom(messages: Message[] = [], setting: Setting = {}) {
  const opened = openRoom(setting);
  greet(opened.world.socket, snapshot(messages));
  return opened;
}

/** Answers the subscription of a socket. */
export function greet(socket: FakeSocket, answer: ServerFrame): void {
  socket.receive(WELCOME);
  socket.receive({ ...answer, ref: socket.lastSent("subscribe").ref } as ServerFrame);
}

export function texts(room: Room): string[] {
  return room.state.messages.map((shown) => shown.message);
}

/** Lets promises that are settled already run their callbacks. */
export async function settle(): Promise<void> {
  for (let turn = 0; turn < 20; turn += 1) await Promise.resolve();
}
