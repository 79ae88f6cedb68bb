/**
 * The rooms that one is in, with what is unread in each, as the server tells it on `/ws/`: all of
 * them when it greets, then what changes. Where it doesn't tell exactly, it is asked. A room's own
 * socket tells nothing by itself; there a room is known once its read position was asked for.
 */
import { CountedMembership } from "./counted-membership.js";
import type { Environment } from "./environment.js";
import type { ErrorCode, Level, Membership } from "./frames.js";
import { ReadMark } from "./read-mark.js";
import { type MembershipOutcome, retrySeconds } from "./requests.js";
import type { MembershipFrame, MembershipRequest, RoomFrame, ServerFrameOf, Welcome } from "./select.js";
import { isEvent } from "./select.js";

/** After a change many clients would ask at one moment. */
const ASK_MILLISECONDS = 500;
/** Refusals after which one isn't in the room. */
const GONE: ReadonlySet<ErrorCode> = new Set(["not_joined", "no_room"]);

type Request = (request: MembershipRequest, answered: (outcome: MembershipOutcome) => void) => void;

interface Entry {
  readonly room: number;
  counted: CountedMembership | undefined;
  readonly mark: ReadMark;
  /** Whether the server is being asked, or soon will be. */
  isAsking: boolean;
  cancelAsking: () => void;
}

export class Memberships {
  readonly #entries = new Map<number, Entry>();
  readonly #listeners = new Set<() => void>();
  #self = "";
  #epoch: string | undefined;
  #isOnline = false;
  #state: readonly Membership[] | undefined;

  constructor(
    private readonly environment: Environment,
    private readonly request: Request,
  ) {}

  /** One object until something changes, and so is each membership. */
  get state(): readonly Membership[] {
    return (this.#state ??= [...this.#entries.values()].flatMap(({ counted }) => counted?.now ?? []));
  }

  /** Calls `listener` after each change; the result stops that. */
  subscribe(listener: () => void): () => void {
    this.#listeners.add(listener);
    return () => this.#listeners.delete(listener);
  }

  of(room: number): Membership | undefined {
    return this.#entries.get(room)?.counted?.now;
  }

  /**
   * One has read the room up to `seq`: the server is told a moment later. `version` is that of the
   * read position that one knew; if it is left out, the latest.
   */
  read(room: number, seq: number, version?: number): void {
    const entry = this.#entryOf(room);
    entry.mark.moveTo(seq, version, entry.counted?.now);
    if (entry.counted === undefined) this.#ask(entry);
  }

  /** Marks the event `seq` and all later ones as unread. */
  markUnread(room: number, seq: number): Promise<MembershipOutcome> {
    const entry = this.#entryOf(room);
    entry.mark.forget();
    return new Promise((resolve) => this.#request({ type: "unread", room, seq }, entry, resolve));
  }

  /** Says what one wants to be notified of in a room. */
  setLevel(room: number, level: Level): Promise<MembershipOutcome> {
    return new Promise((resolve) => this.#request({ type: "level", room, level }, this.#entryOf(room), resolve));
  }

  /** What is known already, for instance from the page, until the server greets. */
  know(rooms: readonly Membership[]): void {
    for (const membership of rooms) this.#entryOf(membership.room).counted = new CountedMembership(membership);
    this.#changed();
  }

  /** The server greeted, on `/ws/` with all the rooms. */
  opened({ sender, epoch, rooms }: Welcome): void {
    const before = [...this.#entries.values()];
    const isSame = this.#epoch === undefined || (sender === this.#self && epoch === this.#epoch);
    this.#self = sender;
    this.#epoch = epoch;
    this.#isOnline = true;
    for (const entry of isSame ? [] : before) {
      entry.counted = undefined;
      entry.mark.forget();
    }
    const here = rooms && new Set(rooms.map(({ room }) => room));
    for (const entry of before) {
      if (here === undefined) this.#ask(entry);
      else if (!here.has(entry.room)) this.#forget(entry.room);
    }
    for (const membership of rooms ?? []) {
      const entry = this.#entryOf(membership.room);
      entry.counted = new CountedMembership(membership);
      entry.mark.learn(membership);
    }
    this.#changed();
  }

  /** The connection is gone. What is known stays until there is another. */
  dropped(): void {
    this.#isOnline = false;
    for (const entry of this.#entries.values()) {
      entry.cancelAsking();
      entry.isAsking = false;
      entry.mark.offline();
    }
  }

  received(frame: MembershipFrame | RoomFrame): void {
    const counted = this.#entries.get(frame.room)?.counted;
    if (frame.type === "left") this.#forget(frame.room);
    else if (frame.type === "head") {
      counted?.moved(frame, this.#self, new Date(this.environment.now()).toISOString());
      // A room that was closed may be open again.
      if (counted === undefined) this.#ask(this.#entryOf(frame.room));
    } else if (frame.type === "membership") {
      // An answer goes to where it was asked.
      if (frame.ref === undefined) this.#take(frame, this.#entryOf(frame.room));
    } else if (frame.type === "snapshot") counted?.skippedTo(frame.seq);
    else if (frame.type === "subscribed") counted?.skippedTo(frame.after);
    else if (!isEvent(frame)) return;
    else counted?.happened(frame, this.#self);
    this.#check(this.#entries.get(frame.room));
  }

  #entryOf(room: number): Entry {
    const known = this.#entries.get(room);
    if (known !== undefined) return known;
    const mark = new ReadMark(this.environment, (seq, version, answered) =>
      this.#request({ type: "read", room, seq, version }, entry, answered),
    );
    const entry: Entry = { room, counted: undefined, mark, isAsking: false, cancelAsking: () => {} };
    this.#entries.set(room, entry);
    return entry;
  }

  #take({ type, ref, ...membership }: ServerFrameOf<"membership">, entry: Entry): void {
    if (entry.counted === undefined) entry.counted = new CountedMembership(membership);
    else entry.counted.take(membership);
    entry.mark.learn(entry.counted.now);
  }

  /** Something has changed. Where the count isn't sure any more, the server is asked. */
  #check(entry: Entry | undefined): void {
    if (entry?.counted?.sure === false) this.#ask(entry);
    this.#changed();
  }

  #forget(room: number): void {
    const entry = this.#entries.get(room);
    entry?.cancelAsking();
    entry?.mark.forget();
    this.#entries.delete(room);
  }

  #ask(entry: Entry, seconds = 0): void {
    if (entry.isAsking || !this.#isOnline || this.#entries.get(entry.room) !== entry) return;
    entry.isAsking = true;
    const delay = seconds * 1000 + this.environment.random() * ASK_MILLISECONDS;
    entry.cancelAsking = this.environment.startTimer(() => {
      this.#request({ type: "refresh", room: entry.room }, entry, (outcome) => {
        entry.isAsking = false;
        const retry = outcome.type === "error" ? retrySeconds(outcome) : undefined;
        if (retry !== undefined) this.#ask(entry, retry);
      });
    }, delay);
  }

  /** Its answer counts unless the room was left meanwhile. */
  #request(request: MembershipRequest, entry: Entry, answered: (outcome: MembershipOutcome) => void): void {
    this.request(request, (outcome) => {
      const isCurrent = this.#entries.get(entry.room) === entry;
      if (isCurrent && outcome.type === "membership") this.#take(outcome, entry);
      if (isCurrent && outcome.type === "error" && GONE.has(outcome.code)) {
        this.#forget(entry.room);
        this.#changed();
      }
      answered(outcome);
      if (isCurrent && outcome.type === "membership") this.#check(entry);
    });
  }

  #changed(): void {
    this.#state = undefined;
    for (const listener of this.#listeners) listener();
  }
}
