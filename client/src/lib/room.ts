/**
 * One room, followed over a connection: keeps the log, the outbox and who is there together, and tells whoever
 * subscribes that something changed. Resumes after a lost connection where it was.
 */
import type { Attached, Connection, EndReason } from "./connection.js";
import { type Environment, browserEnvironment } from "./environment.js";
import type { Person } from "./frames.js";
import { createOutbox } from "./indexed-outbox.js";
import { fetchOlder, whyRefused } from "./older.js";
import type { Outbox } from "./outbox.js";
import { OutgoingMessages } from "./outgoing.js";
import type { Outcome } from "./requests.js";
import { type RoomState, type Status, showMessage, showOutgoing } from "./room-state.js";
import type { RoomEvent, RoomFrame, Snapshot, Welcome } from "./select.js";
import { Timeline } from "./timeline.js";
import { Typing } from "./typing.js";

export interface RoomOptions {
  environment?: Environment;
  outbox?: Outbox;
  /** What is known already, for instance from the page: the room then resumes after it. */
  known?: { sender: string; snapshot: Snapshot; messageCharacters?: number };
}

/** What most servers take; each says for itself when it welcomes us. */
const DEFAULT_MESSAGE_CHARACTERS = 4_000;
const DEFAULT_RETRY_SECONDS = 1;
/** So many gaps in a row without an event between them, and the room starts over from a snapshot. */
const GAPS_BEFORE_SNAPSHOT = 3;

export class Room implements Attached {
  readonly #environment: Environment;
  readonly #outbox: Outbox;
  readonly #timeline = new Timeline();
  readonly #typing: Typing;
  readonly #listeners = new Set<() => void>();
  #outgoing: OutgoingMessages | undefined;
  #status: Status = "connecting";
  #epoch: string | undefined;
  #gaps = 0;
  #awaitingAnswer = false;
  #cancelFollowing: () => void = () => {};
  #about = { name: "", description: "", username: "" };
  #presence: { online: number; people: readonly Person[] } = { online: 0, people: [] };
  #messageCharacters = DEFAULT_MESSAGE_CHARACTERS;
  #loadingOlder = false;
  #state: RoomState | undefined;

  constructor(
    readonly id: number,
    private readonly connection: Connection,
    { environment = browserEnvironment, outbox = createOutbox(), known }: RoomOptions = {},
  ) {
    this.#environment = environment;
    this.#outbox = outbox;
    this.#typing = new Typing(environment, () => this.#changed());
    if (known !== undefined) {
      this.#messageCharacters = known.messageCharacters ?? DEFAULT_MESSAGE_CHARACTERS;
      this.#become(known.sender);
      this.#takeSnapshot(known.snapshot);
    }
    connection.attach(this);
  }

  /** The room now: one object until something changes. */
  get state(): RoomState {
    return (this.#state ??= this.#describe());
  }

  /** Calls `listener` after each change; the result stops that. */
  subscribe(listener: () => void): () => void {
    this.#listeners.add(listener);
    return () => this.#listeners.delete(listener);
  }

  send(message: string): void {
    this.#typing.sent();
    this.#outgoing?.add(message);
  }

  retry(clientId: string): void {
    this.#outgoing?.retry(clientId);
  }

  discard(clientId: string): void {
    this.#outgoing?.discard(clientId);
  }

  edit(seq: number, message: string): Promise<Outcome> {
    const request = { type: "edit", room: this.id, seq, message: message.toWellFormed() } as const;
    return new Promise((resolve) => this.connection.request(request, resolve));
  }

  delete(seq: number): Promise<Outcome> {
    const request = { type: "delete", room: this.id, seq } as const;
    return new Promise((resolve) => this.connection.request(request, resolve));
  }

  /** Tells the others that one is writing; call it at every key press. */
  typing(): void {
    if (this.#status !== "online") return;
    this.#typing.tellSeldom(() => this.connection.tell({ type: "typing", room: this.id }));
  }

  /** Loads a page of older messages; false when that didn't work. */
  async loadOlder(): Promise<boolean> {
    if (this.#loadingOlder || !this.#timeline.more) return true;
    this.#loadingOlder = true;
    this.#changed();
    try {
      const before = this.#timeline.beginPage();
      this.#timeline.addPage(before, await fetchOlder(this.#environment, this.id, before));
      return true;
    } catch {
      this.#timeline.cancelPage();
      return false;
    } finally {
      this.#loadingOlder = false;
      this.#changed();
    }
  }

  /** Lets go of all but the latest `count` messages. */
  keepLatest(count: number): void {
    if (!this.#loadingOlder && this.#timeline.keepLatest(count)) this.#changed();
  }

  connecting(): void {
    this.#status = "connecting";
    this.#changed();
  }

  opened(welcome: Welcome): void {
    this.#messageCharacters = welcome.limits.message_characters;
    this.#become(welcome.sender);
    this.#gaps = 0;
    this.#follow();
  }

  received(frame: RoomFrame): void {
    switch (frame.type) {
      case "snapshot":
        this.#takeSnapshot(frame);
        this.#caughtUp();
        break;
      case "subscribed":
        this.#about.username = frame.username;
        this.#caughtUp();
        break;
      case "reset":
        this.#epoch = undefined;
        this.#outgoing?.historyReplaced();
        break;
      case "presence":
        this.#presence = frame;
        break;
      case "left":
        this.ended("left");
        break;
      case "typing":
        this.#typing.heard({ sender: frame.sender, username: frame.username });
        break;
      default:
        this.#apply(frame);
    }
    this.#changed();
  }

  dropped(refused: boolean): void {
    this.#leaveLine("offline");
    if (refused) void this.#askWhy();
  }

  ended(reason: EndReason): void {
    this.#leaveLine(reason);
    this.connection.detach(this);
  }

  async #askWhy(): Promise<void> {
    const reason = await whyRefused(this.#environment, this.id);
    if (reason !== undefined && this.#status !== "online") this.ended(reason);
  }

  #become(sender: string): void {
    if (sender === this.#outgoing?.sender) return;
    this.#outgoing?.retire();
    this.#outgoing = new OutgoingMessages(
      this.id,
      sender,
      this.#outbox,
      this.#environment,
      ({ client_id, message }, answered) =>
        this.connection.request({ type: "send", room: this.id, client_id, message }, answered),
      () => {
        this.#settleOutgoing();
        this.#changed();
      },
    );
  }

  #follow(): void {
    const resume = this.#gaps < GAPS_BEFORE_SNAPSHOT && this.#epoch !== undefined;
    const cursor = resume ? { epoch: this.#epoch, after: this.#timeline.last } : {};
    this.#awaitingAnswer = true;
    this.connection.request({ type: "subscribe", room: this.id, ...cursor }, (outcome) => {
      if (outcome.type !== "error") return;
      if (outcome.code === "not_joined") this.ended("left");
      else if (outcome.code === "no_room") this.ended("closed");
      else {
        const delay = (outcome.retry ?? DEFAULT_RETRY_SECONDS) * 1000;
        this.#cancelFollowing = this.#environment.startTimer(() => this.#follow(), delay);
      }
    });
  }

  #takeSnapshot(snapshot: Snapshot): void {
    this.#epoch = snapshot.epoch;
    this.#about = { name: snapshot.name, description: snapshot.description, username: snapshot.username };
    this.#timeline.replace(snapshot);
    this.#settleOutgoing();
  }

  #caughtUp(): void {
    this.#awaitingAnswer = false;
    this.#status = "online";
    this.#outgoing?.online();
  }

  #apply(event: RoomEvent): void {
    const result = this.#timeline.apply(event);
    if (result === "applied") this.#applied(event);
    else if (result === "gap" && !this.#awaitingAnswer) {
      this.#gaps += 1;
      this.#follow();
    }
  }

  #applied(event: RoomEvent): void {
    this.#gaps = 0;
    if (event.type === "message") {
      this.#typing.stopped(event.sender);
      this.#arrived(event.sender, event.client_id);
    } else if (event.type === "room") {
      this.#about = { ...this.#about, name: event.name, description: event.description };
      if (!event.active) this.ended("closed");
    }
    this.#outgoing?.reached(event.seq);
  }

  #arrived(sender: string, clientId: string | undefined): void {
    if (clientId !== undefined && sender === this.#outgoing?.sender) this.#outgoing.arrived(clientId);
  }

  #leaveLine(status: Status): void {
    this.#status = status;
    this.#cancelFollowing();
    this.#outgoing?.offline();
    this.#typing.clear();
    this.#changed();
  }

  /** Takes out of the outbox what the log shows. */
  #settleOutgoing(): void {
    if (this.#outgoing === undefined || this.#outgoing.messages.length === 0) return;
    for (const { sender, client_id } of this.#timeline.messages) this.#arrived(sender, client_id);
    this.#outgoing.reached(this.#timeline.last);
  }

  #changed(): void {
    this.#state = undefined;
    for (const listener of this.#listeners) listener();
  }

  #describe(): RoomState {
    const sender = this.#outgoing?.sender ?? "";
    const { username } = this.#about;
    const posted = this.#timeline.messages.map((message) => showMessage(message, sender));
    const outgoing = this.#outgoing?.messages ?? [];
    const end = this.#timeline.messages.at(-1)?.timestamp ?? "";
    return {
      status: this.#status,
      ...this.#about,
      sender,
      messages: [...posted, ...outgoing.map((message) => showOutgoing(message, username, end))],
      more: this.#timeline.more,
      loadingOlder: this.#loadingOlder,
      online: this.#presence.online,
      people: this.#presence.people,
      typing: this.#typing.people,
      messageCharacters: this.#messageCharacters,
    };
  }
}
