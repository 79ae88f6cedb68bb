/**
 * A room of papo.v1 in memory, as much of it as the screen needs. The real rules are the real
 * server's.
 */
import type { ClientFrame, Level, Membership, Message, Person, ServerFrame } from "../src/lib/frames";
import type { ReadPosition } from "../src/lib/room-state";
import type { MembershipRequest, RoomEvent, ServerFrameOf, Snapshot } from "../src/lib/select";

export const SELF: Person = { sender: "k3v9d0qm2x7ab", username: "João" };

/** What is the event's own; room, seq and time are added. */
export type Happening<Event = RoomEvent> = Event extends RoomEvent ? Omit<Event, "room" | "seq" | "timestamp"> : never;
type Send = (frame: ServerFrame) => void;

export const EPOCH = "9f86d081884c7d65";
const PAGE = 50;
const MOST_UNREAD = 100;
export const LIMITS = { message_characters: 4000, frame_bytes: 65536, rooms: 100, in_flight: 64, resume_events: 10000 };

export class MockRoom {
  level: Level = "everything";
  description = "Conversa livre, para quem chega e para quem fica";
  people: readonly Person[] = [SELF];
  /** How requests are answered: done, never, or refused. */
  answer: "ack" | "hold" | Omit<ServerFrameOf<"error">, "type" | "ref"> = "ack";
  /** Whether nothing arrives and nothing is answered, though no connection is closed. */
  isBlackHole = false;
  /** What has been received. */
  readonly received: ClientFrame[] = [];
  /** How far the visitor has read: all, when the page was opened for the first time. */
  position: ReadPosition | undefined;
  clock = Date.parse("2026-11-24T17:00:00Z");
  readonly followers = new Set<Send>();
  /** The sockets of all rooms: they get heads of what they don't follow. */
  readonly watchers = new Set<Send>();
  #log: RoomEvent[] = [];

  constructor(
    readonly id = 1,
    public name = "Geral",
  ) {}

  say(person: Person, message: string, minutes = 1, client_id?: string): RoomEvent {
    this.clock += minutes * 60_000;
    return this.happen({ type: "message", message, ...person, client_id });
  }

  happen(happening: Happening): RoomEvent {
    const position = { room: this.id, seq: this.#log.length + 1, timestamp: new Date(this.clock).toISOString() };
    const event = { ...position, ...happening } as RoomEvent;
    this.#log.push(event);
    this.broadcast(event);
    const posted = event.type === "message" ? [{ sender: event.sender, messages: 1 }] : undefined;
    const head: ServerFrame = { type: "head", room: this.id, after: event.seq - 1, seq: event.seq, posted };
    for (const send of this.watchers) if (!this.followers.has(send)) send(head);
    return event;
  }

  gather(people: readonly Person[]): void {
    this.people = people;
    this.broadcast(this.#presence());
  }

  broadcast(frame: ServerFrame): void {
    for (const send of this.followers) send(frame);
  }

  /** The visitor has read so far on another device, or marked all after it as unread. */
  readElsewhere(position: ReadPosition): void {
    this.position = position;
    for (const send of this.watchers) send({ type: "membership", ...this.membership() });
  }

  snapshot(): Snapshot {
    this.position ??= { seq: this.#log.length, version: 0 };
    const { name, description } = this;
    const about = { room: this.id, epoch: EPOCH, seq: this.#log.length, name, description, username: SELF.username };
    return { type: "snapshot", ...about, ...this.page(Infinity) };
  }

  page(before: number): { messages: Message[]; more: boolean } {
    const older = this.#messages().filter(({ seq }) => seq < before);
    return { messages: older.slice(-PAGE), more: older.length > PAGE };
  }

  membership(): Membership {
    const { seq: read, version } = this.position ?? { seq: 0, version: 0 };
    const messages = this.#messages();
    const unread = messages.filter(({ seq, sender }) => seq > read && sender !== SELF.sender).length;
    const { id: room, name, level } = this;
    const about = { room, name, level, username: SELF.username, timestamp: messages.at(-1)?.timestamp };
    return { ...about, seq: this.#log.length, read, version, unread: Math.min(unread, MOST_UNREAD) };
  }

  request(frame: ClientFrame, send: Send): void {
    if (this.isBlackHole) return;
    this.received.push(frame);
    const { ref } = frame;
    if (frame.type === "ping") send({ type: "pong", ref });
    else if (frame.type === "subscribe") this.#subscribe(send, ref, frame.after);
    else if (isMembershipRequest(frame)) this.#mark(frame, send);
    else if (frame.type === "unsubscribe") this.followers.delete(send);
    else if (frame.type === "typing" || this.answer === "hold") return;
    else if (this.answer !== "ack") send({ type: "error", ref, ...this.answer });
    else {
      const { seq, timestamp } = this.#write(frame);
      send({ type: "ack", ref, room: this.id, seq, timestamp });
    }
  }

  #mark(frame: MembershipRequest, send: Send): void {
    const { seq, version } = this.position ?? { seq: 0, version: 0 };
    if (frame.type === "level") this.level = frame.level;
    else if (frame.type === "unread") this.position = { seq: frame.seq - 1, version: version + 1 };
    else if (frame.type === "read" && frame.version >= version) {
      this.position = { seq: Math.max(seq, Math.min(frame.seq, this.#log.length)), version };
    }
    for (const follower of this.watchers) {
      if (follower !== send) follower({ type: "membership", ...this.membership() });
    }
    send({ type: "membership", ref: frame.ref, ...this.membership() });
  }

  #write(frame: Extract<ClientFrame, { type: "send" | "edit" | "delete" | "react" }>): RoomEvent {
    if (frame.type === "edit") return this.happen({ type: "edited", target: frame.seq, message: frame.message });
    if (frame.type === "delete") return this.happen({ type: "deleted", target: frame.seq });
    if (frame.type === "react") {
      const { seq: target, emoji, on } = frame;
      return this.happen({ type: "reacted", target, emoji, on, ...SELF });
    }
    const known = this.#log.find((event) => event.type === "message" && event.client_id === frame.client_id);
    return known ?? this.say(SELF, frame.message, 0, frame.client_id);
  }

  #subscribe(send: Send, ref: number | undefined, after: number | undefined): void {
    this.followers.add(send);
    if (after === undefined) send({ ...this.snapshot(), ref });
    else {
      send({ type: "subscribed", ref, room: this.id, after, seq: this.#log.length, username: SELF.username });
      for (const event of this.#log.slice(after)) send(event);
    }
    send(this.#presence());
  }

  #presence(): ServerFrame {
    return { type: "presence", room: this.id, online: this.people.length, people: this.people.slice(0, PAGE) };
  }

  #messages(): Message[] {
    const messages = new Map<number, Message>();
    for (const event of this.#log) {
      if (event.type === "message") {
        const { type, room, ...message } = event;
        messages.set(event.seq, message);
      } else if (event.type === "edited") {
        const target = messages.get(event.target);
        if (target) messages.set(event.target, { ...target, message: event.message, edited: event.timestamp });
      } else if (event.type === "deleted") messages.delete(event.target);
    }
    return [...messages.values()];
  }
}

function isMembershipRequest(frame: ClientFrame): frame is MembershipRequest & { ref?: number } {
  return ["read", "unread", "level", "refresh"].includes(frame.type);
}
