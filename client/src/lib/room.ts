/**
 * One room, followed over a connection: keeps the log, the outbox and who is there together, and
 * tells whoever subscribes that something changed. Resumes after a lost connection where it was.
 */
import type { Attached, Connection } from "./connection.js";
import type { EndReason } from "./end-reason.js";
import { type Environment, browserEnvironment } from "./environment.js";
import { type EventRoom, kindOf } from "./events/index.js";
import type { Mark, Membership, Person } from "./frames.js";
import { createOutbox } from "./indexed-outbox.js";
import { type SocketRefusal, fetchOlder } from "./older.js";
import type { Outbox } from "./outbox.js";
import { OutgoingMessages } from "./outgoing.js";
import type { MembershipOutcome, Outcome } from "./requests.js";
import { type RoomState, type Status, showMessage, showOutgoing } from "./room-state.js";
import { type RoomEvent, type RoomFrame, type Snapshot, type Welcome, isEvent } from "./select.js";
import { Stall } from "./stall.js";
import { Timeline } from "./timeline.js";
import { Typing } from "./typing.js";
import { wellFormed } from "./well-formed.js";

export interface RoomOptions {
  environment?: Environment;
  outbox?: Outbox;
  /**
   * What is known already, for instance from the page: the room resumes after a snapshot. Who one
   * is lets one write before the server has greeted.
   */
  known?: { sender: string; snapshot?: Snapshot; messageCharacters?: number };
}

/** What most servers take; each says for itself when it welcomes us. */
const DEFAULT_MESSAGE_CHARACTERS = 4_000;
const DEFAULT_RETRY_SECONDS = 1;
/** After so many gaps in a row without an event the room starts over from a snapshot. */
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
  #isLoaded = false;
  #gaps = 0;
  #past = 0;
  #awaitingAnswer = false;
  #cancelFollowing: () => void = () => {};
  #about = { name: "", description: "", username: "" };
  #presence: { online: number; people: readonly Person[] } = { online: 0, people: [] };
  #messageCharacters = DEFAULT_MESSAGE_CHARACTERS;
  /** The page of older messages that is on its way. */
  #loadingOlder: Promise<boolean> | undefined;
  #retryAt: number | undefined;
  #refused: SocketRefusal | undefined;
  #silent = false;
  #membership: Membership | undefined;
  #stopListening: () => void;
  readonly #stall: Stall;
  #state: RoomState | undefined;
  readonly #effects: EventRoom = {
    message: (seq) => this.#timeline.messages.findLast((message) => message.seq === seq),
    stoppedTyping: (sender) => this.#typing.stopped(sender),
    arrived: (sender, clientId) => this.#arrived(sender, clientId),
    renamed: (name, description) => {
      this.#about = { ...this.#about, name, description };
    },
  };

  constructor(
    readonly id: number,
    private readonly connection: Connection,
    { environment = browserEnvironment, outbox = createOutbox(), known }: RoomOptions = {},
  ) {
    this.#environment = environment;
    this.#outbox = outbox;
    this.#typing = new Typing(environment, () => this.#changed());
    this.#stall = new Stall(environment, () => this.#changed());
    if (known !== undefined) {
      this.#messageCharacters = known.messageCharacters ?? DEFAULT_MESSAGE_CHARACTERS;
      this.#become(known.sender);
      if (known.snapshot !== undefined) this.#takeSnapshot(known.snapshot);
    }
    this.#stopListening = connection.memberships.subscribe(() => this.#noteMembership());
    this.#noteMembership();
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
    const request = { type: "edit", room: this.id, seq, message: wellFormed(message) } as const;
    return new Promise((resolve) => this.connection.request(request, resolve));
  }

  delete(seq: number): Promise<Outcome> {
    const request = { type: "delete", room: this.id, seq } as const;
    return new Promise((resolve) => this.connection.request(request, resolve));
  }

  /**
   * One has read up to `seq`. The server is told a moment later, and one's other devices by it.
   * `version` is that of the read position that one knew; if it is left out, the latest.
   */
  read(seq: number, version?: number): void {
    this.connection.memberships.read(this.id, seq, version);
  }

  /** Marks the event `seq` and all later ones as unread. */
  markUnread(seq: number): Promise<MembershipOutcome> {
    return this.connection.memberships.markUnread(this.id, seq);
  }

  /** Connects at once, instead of at `retryAt`. */
  reconnect(): void {
    this.connection.retryNow();
  }

  /** Follows the room no longer. What waits to be sent stays in the outbox. */
  close(): void {
    this.connection.request({ type: "unsubscribe", room: this.id }, () => {});
    this.#outgoing?.retire();
    this.#leaveLine("offline");
    this.#detach();
  }

  /** Tells the others that one is writing; call it at every key press. */
  typing(): void {
    if (this.#status !== "online") return;
    this.#typing.tellSeldom(() => this.connection.tell({ type: "typing", room: this.id }));
  }

  /**
   * Loads a page of older messages, or waits for the one on its way; false when that didn't work.
   */
  async loadOlder(): Promise<boolean> {
    if (!this.#timeline.more) return true;
    if (this.#loadingOlder === undefined) {
      this.#loadingOlder = this.#loadPage();
      this.#changed();
    }
    return this.#loadingOlder;
  }

  /** Lets go of all but the latest `count` messages. */
  keepLatest(count: number): void {
    if (this.#loadingOlder === undefined && this.#timeline.keepLatest(count)) this.#changed();
  }

  connecting(): void {
    this.#status = "connecting";
    this.#retryAt = undefined;
    this.#changed();
  }

  opened(welcome: Welcome): void {
    this.#messageCharacters = welcome.limits.message_characters;
    this.#become(welcome.sender);
    this.#gaps = 0;
    this.#refused = undefined;
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
        this.#past = frame.seq;
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
        if (isEvent(frame)) this.#apply(frame);
    }
    this.#changed();
  }

  silent(isSilent: boolean): void {
    this.#silent = isSilent;
    this.#changed();
  }

  dropped(retryAt: number | undefined): void {
    this.#retryAt = retryAt;
    this.#leaveLine("offline");
  }

  refused(reason: SocketRefusal | undefined): void {
    this.#refused = reason;
    this.#changed();
  }

  ended(reason: EndReason): void {
    this.#leaveLine(reason);
    this.#detach();
  }

  #detach(): void {
    this.#stopListening();
    this.connection.detach(this);
  }

  /** How far one has read may have changed, and much else that doesn't matter here. */
  #noteMembership(): void {
    const { read, version } = this.#membership ?? {};
    this.#membership = this.connection.memberships.of(this.id);
    if (!this.#isLoaded && this.#membership !== undefined) {
      const { name, username } = this.#membership;
      this.#about = { ...this.#about, name, username };
    }
    if (read !== this.#membership?.read || version !== this.#membership?.version) this.#changed();
  }

  async #loadPage(): Promise<boolean> {
    try {
      const before = this.#timeline.beginPage();
      const page = await fetchOlder(this.#environment, this.id, before);
      if (typeof page === "string") {
        this.#timeline.cancelPage();
        this.ended(page);
        return false;
      }
      this.#timeline.addPage(before, page);
      return true;
    } catch {
      this.#timeline.cancelPage();
      return false;
    } finally {
      this.#loadingOlder = undefined;
      this.#changed();
    }
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
        this.connection.request({ type: "send", room: this.id, client_id, message }, (outcome) => {
          this.#stall.note(outcome);
          answered(outcome);
          if (this.#outgoing?.isWaiting !== false) return;
          this.#stall.over();
          this.#changed();
        }),
      () => {
        this.#settleOutgoing();
        this.#changed();
      },
    );
  }

  #follow(): void {
    const resume = this.#gaps < GAPS_BEFORE_SNAPSHOT && this.#epoch !== undefined;
    const cursor = resume
      ? { epoch: this.#epoch, after: this.#timeline.last, timestamp: this.#timeline.timestamp }
      : {};
    this.#awaitingAnswer = true;
    this.connection.request({ type: "subscribe", room: this.id, ...cursor }, (outcome) => {
      if (outcome.type !== "error") return;
      this.#stall.note(outcome);
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
    this.#isLoaded = true;
    this.#about = { name: snapshot.name, description: snapshot.description, username: snapshot.username };
    this.#timeline.replace(snapshot);
    this.#past = snapshot.seq;
    this.#settleOutgoing();
  }

  #caughtUp(): void {
    this.#awaitingAnswer = false;
    this.#stall.over();
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
    this.#stall.over();
    kindOf(event).follow?.(event, this.#effects);
    this.#outgoing?.reached(event.seq);
  }

  #arrived(sender: string, clientId: string | undefined): void {
    if (clientId !== undefined && sender === this.#outgoing?.sender) this.#outgoing.arrived(clientId);
  }

  #leaveLine(status: Status): void {
    this.#status = status;
    this.#silent = false;
    this.#cancelFollowing();
    this.#stall.over();
    this.#outgoing?.offline();
    this.#typing.clear();
    // How many are there isn't known from here on. Those who were are still told apart by name.
    this.#presence = { ...this.#presence, online: 0 };
    this.#changed();
  }

  /** Takes out of the outbox what the log shows. */
  #settleOutgoing(): void {
    if (this.#outgoing === undefined || this.#outgoing.messages.length === 0) return;
    for (const { sender, client_id } of this.#timeline.messages) this.#arrived(sender, client_id);
    this.#outgoing.reached(this.#timeline.last);
  }

  /** The mark that somebody was last seen with: frames about oneself and about typing have none. */
  #markOf(person: string): Mark | undefined {
    const bySender = ({ sender }: { sender: string }): boolean => sender === person;
    return (this.#presence.people.find(bySender) ?? this.#timeline.messages.findLast(bySender))?.mark;
  }

  #changed(): void {
    this.#state = undefined;
    for (const listener of this.#listeners) listener();
  }

  #describe(): RoomState {
    const sender = this.#outgoing?.sender ?? "";
    const posted = this.#timeline.messages.map((message) => showMessage(message, sender));
    const outgoing = this.#outgoing?.messages ?? [];
    const self = { username: this.#about.username, mark: this.#markOf(sender) };
    const end = this.#timeline.messages.at(-1)?.timestamp ?? "";
    return {
      status: this.#status,
      loaded: this.#isLoaded,
      ...this.#about,
      sender,
      messages: [...posted, ...outgoing.map((message) => showOutgoing(message, self, end))],
      more: this.#timeline.more,
      past: this.#past,
      resuming: this.#status === "online" && this.#timeline.last < this.#past,
      read: this.#membership && { seq: this.#membership.read, version: this.#membership.version },
      loadingOlder: this.#loadingOlder !== undefined,
      online: this.#presence.online,
      people: this.#presence.people,
      typing: this.#typing.people.map((person) => ({ ...person, mark: this.#markOf(person.sender) })),
      messageCharacters: this.#messageCharacters,
      retryAt: this.#retryAt,
      refused: this.#refused,
      silent: this.#silent,
      stalled: this.#stall.stalled,
      cause: this.#stall.cause,
      heldUntil: this.#outgoing?.heldUntil,
    };
  }
}
