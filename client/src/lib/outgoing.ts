/**
 * Sends what is in the outbox: one message at a time, so that their order holds through refusals
 * and reconnects, each until it is acknowledged, always with the same `client_id`. Entries leave
 * when their own event is in the room's log.
 */
import type { Environment } from "./environment.js";
import { createClientId } from "./identifier.js";
import type { Outbox, OutboxEntry } from "./outbox.js";
import { type Answer, type Answered, retrySeconds } from "./requests.js";
import { wellFormed } from "./well-formed.js";

/** A message on its way. */
export interface Outgoing {
  entry: OutboxEntry;
  stage: "storing" | "queued" | "acknowledged" | "failed";
  /** Set when acknowledged: the event to come, and its time. */
  seq?: number;
  timestamp?: string;
}

/** A disk that doesn't answer mustn't keep anyone from talking. */
const STORAGE_MILLISECONDS = 2_000;

export class OutgoingMessages {
  messages: readonly Outgoing[] = [];
  /** When there were too many in too short a time: until when none is sent. */
  heldUntil: number | undefined;
  #restored = false;
  #online = false;
  #inFlight: Outgoing | undefined;
  #pausing = false;
  #lastOrder = 0;
  #cancelPause: () => void = () => {};
  /** By another tab, say. An outbox that is read late may still tell them. */
  readonly #discardedElsewhere = new Set<string>();
  readonly #stopListening: () => void;

  constructor(
    private readonly room: number,
    readonly sender: string,
    private readonly outbox: Outbox,
    private readonly environment: Environment,
    private readonly post: (entry: OutboxEntry, answered: Answered) => void,
    private readonly changed: () => void,
  ) {
    this.#stopListening = outbox.onDiscarded((clientId) => {
      this.#discardedElsewhere.add(clientId);
      if (this.#forget(clientId)) this.changed();
    });
    void this.#restore();
  }

  /** Whether any hasn't been answered for good. */
  get isWaiting(): boolean {
    return this.messages.some(waits);
  }

  /** Adds a message. */
  add(message: string): void {
    this.#lastOrder = Math.max(this.environment.now(), this.#lastOrder + 1);
    const identity = { client_id: createClientId(), room: this.room, sender: this.sender };
    const entry = { ...identity, message: wellFormed(message), order: this.#lastOrder };
    const outgoing: Outgoing = { entry, stage: "storing" };
    this.messages = [...this.messages, outgoing];
    void this.#store(outgoing);
    this.changed();
  }

  /** Tries a failed message again. */
  retry(clientId: string): void {
    const outgoing = this.#find(clientId);
    if (outgoing?.stage !== "failed") return;
    outgoing.entry = { ...outgoing.entry, failure: undefined };
    outgoing.stage = "storing";
    void this.#store(outgoing);
    this.changed();
  }

  discard(clientId: string): void {
    if (!this.#forget(clientId)) return;
    void this.#within(this.outbox.discard(clientId), undefined);
    this.changed();
  }

  /** The room is subscribed: send. */
  online(): void {
    this.#online = true;
    this.#pump();
  }

  offline(): void {
    this.#online = false;
    this.#resume();
  }

  /** Nobody writes under this name here any more; what waits stays in the outbox. */
  retire(): void {
    this.offline();
    this.#stopListening();
  }

  /** The history was replaced: what was acknowledged and hasn't been seen may not be in it. */
  historyReplaced(): void {
    for (const outgoing of this.messages) {
      if (outgoing.stage !== "acknowledged") continue;
      outgoing.stage = "storing";
      outgoing.seq = undefined;
      void this.#store(outgoing);
    }
  }

  /** The log holds this message now. */
  arrived(clientId: string): void {
    this.#remove(clientId);
  }

  /**
   * The log is known up to `seq`: whatever was acknowledged until there is in it, or was deleted
   * since.
   */
  reached(seq: number): void {
    for (const { entry, seq: acknowledged } of this.messages) {
      if (acknowledged !== undefined && acknowledged <= seq) this.#remove(entry.client_id);
    }
  }

  async #restore(): Promise<void> {
    const loading = this.outbox.load(this.room, this.sender).then((entries) => this.#takeIn(entries));
    await this.#within(loading, undefined);
    this.#restored = true;
    this.#pump();
  }

  /**
   * What was written earlier comes before whatever hasn't been sent yet, also when the storage
   * answers late.
   */
  #takeIn(entries: OutboxEntry[]): void {
    const restored = entries.filter(
      ({ client_id }) => !this.#find(client_id) && !this.#discardedElsewhere.has(client_id),
    );
    const earlier = restored.map((entry): Outgoing => ({ entry, stage: entry.failure ? "failed" : "queued" }));
    const unsent = this.messages.findIndex((outgoing) => waits(outgoing) && outgoing !== this.#inFlight);
    const place = unsent === -1 ? this.messages.length : unsent;
    this.messages = [...this.messages.slice(0, place), ...earlier, ...this.messages.slice(place)];
    this.changed();
    this.#pump();
  }

  async #store(outgoing: Outgoing): Promise<void> {
    await this.#within(this.outbox.put(outgoing.entry), undefined);
    outgoing.stage = "queued";
    this.#pump();
  }

  #pump(): void {
    if (!this.#online || !this.#restored || this.#inFlight || this.#pausing) return;
    const next = this.messages.find(waits);
    if (next?.stage !== "queued") return;
    this.#inFlight = next;
    this.post(next.entry, (outcome) => {
      this.#inFlight = undefined;
      // Without a connection: it goes on when the room is subscribed again.
      if (outcome.type === "lost") return;
      this.#answered(next, outcome);
      this.changed();
      this.#pump();
    });
  }

  #answered(outgoing: Outgoing, outcome: Answer): void {
    const { entry } = outgoing;
    this.heldUntil = undefined;
    if (outcome.type === "ack") {
      outgoing.stage = "acknowledged";
      outgoing.seq = outcome.seq ?? 0;
      outgoing.timestamp = outcome.timestamp;
      void this.#within(this.outbox.remove(entry.client_id), undefined);
      return;
    }
    const seconds = retrySeconds(outcome);
    if (seconds !== undefined) {
      if (outcome.code === "rate_limited") this.heldUntil = this.environment.now() + seconds * 1000;
      this.#pause(seconds);
    } else {
      outgoing.stage = "failed";
      outgoing.entry = { ...entry, failure: outcome.code };
      // Skip if it was discarded meanwhile, here or in another tab.
      if (this.messages.includes(outgoing)) void this.#within(this.outbox.put(outgoing.entry), undefined);
    }
  }

  #pause(seconds: number): void {
    this.#pausing = true;
    this.#cancelPause = this.environment.startTimer(() => {
      this.#pausing = false;
      this.#pump();
    }, seconds * 1000);
  }

  #resume(): void {
    this.#cancelPause();
    this.#pausing = false;
    this.heldUntil = undefined;
  }

  #find(clientId: string): Outgoing | undefined {
    return this.messages.find(({ entry }) => entry.client_id === clientId);
  }

  #remove(clientId: string): void {
    if (this.#forget(clientId)) void this.#within(this.outbox.remove(clientId), undefined);
  }

  /** Whether it was there. */
  #forget(clientId: string): boolean {
    const { length } = this.messages;
    this.messages = this.messages.filter(({ entry }) => entry.client_id !== clientId);
    return this.messages.length < length;
  }

  /** The result, or `fallback` when the storage fails or takes too long. */
  #within<Result>(work: Promise<Result>, fallback: Result): Promise<Result> {
    return new Promise((resolve) => {
      const cancel = this.environment.startTimer(() => resolve(fallback), STORAGE_MILLISECONDS);
      work.then(resolve, () => resolve(fallback)).finally(cancel);
    });
  }
}

function waits({ stage }: Outgoing): boolean {
  return stage === "queued" || stage === "storing";
}
