/**
 * One socket to the server, kept open between `start` and `stop`, with any number of rooms on it or
 * none: connects, watches that it lives, connects again. Rooms attach themselves and get the frames
 * about them; what a room does with those is in `room.ts`. What one has read and what is unread, in
 * all the rooms that one is in, is in `memberships.ts`.
 */
import { backoffDelay } from "./backoff.js";
import { END_CODES, type EndReason } from "./end-reason.js";
import { type Environment, type Socket, browserEnvironment } from "./environment.js";
import type { ClientFrame, ServerFrame } from "./frames.js";
import { ANSWER_MILLISECONDS, Heartbeat } from "./heartbeat.js";
import { Memberships } from "./memberships.js";
import { type SocketRefusal, whyRefused } from "./older.js";
import { type OutcomeOf, Requests } from "./requests.js";
import type { MembershipFrame, Request, RoomFrame, Welcome } from "./select.js";

/** A room on this connection. */
export interface Attached {
  readonly id: number;
  /** An attempt to connect begins. */
  connecting(): void;
  /** The server greeted: subscribe now. */
  opened(welcome: Welcome): void;
  received(frame: RoomFrame): void;
  /** Nothing comes over the connection, though something should, or something came again. */
  silent(isSilent: boolean): void;
  /** The connection is gone, and will be made again at `retryAt` if it isn't stopped. */
  dropped(retryAt: number | undefined): void;
  /** The server answers pages, but no socket, again and again: why, as far as that is known. */
  refused(reason: SocketRefusal | undefined): void;
  ended(reason: EndReason): void;
}

/**
 * A connection that lived as long as this was a success: the next attempt starts again at the
 * shortest wait.
 */
const STABLE_MILLISECONDS = 10_000;
/** So many sockets in a row that the server refuses while it answers pages aren't chance. */
const TELLING_REFUSALS = 2;
const ABNORMAL_CLOSURE = 1006;
const OVERLOADED = 1013;

export class Connection {
  /** One's rooms, followed or not. */
  readonly memberships: Memberships;
  readonly #rooms = new Map<number, Attached>();
  #isStarted = false;
  #socket: Socket | undefined;
  #requests: Requests | undefined;
  #heartbeat: Heartbeat | undefined;
  #failures = 0;
  #welcome: Welcome | undefined;
  #greetedAt: number | undefined;
  #orderedDelay: number | undefined;
  #cancelTimer: () => void = () => {};
  #wake: "at once" | "probe" | "never" = "never";
  /** The time to connect again, while it has still to come. */
  #retryAt: number | undefined;
  /** Sockets that were refused in a row though the server answered, and why. */
  #refusals: SocketRefusal[] = [];
  #stopListening: () => void = () => {};

  constructor(
    private readonly url: string,
    private readonly environment: Environment = browserEnvironment,
  ) {
    this.memberships = new Memberships(environment, (request, answered) => this.request(request, answered));
  }

  attach(room: Attached): void {
    this.#rooms.set(room.id, room);
    if (this.#welcome !== undefined) room.opened(this.#welcome);
    else if (this.#retryAt !== undefined) room.dropped(this.#retryAt);
  }

  /** The room is over, or isn't followed any more. The connection stays. */
  detach(room: Attached): void {
    if (this.#rooms.get(room.id) === room) this.#rooms.delete(room.id);
  }

  /** Connects, and stays connected until `stop`, or until the session ends. */
  start(): void {
    if (this.#isStarted) return;
    this.#isStarted = true;
    this.#failures = 0;
    this.#refusals = [];
    const listeners = [this.environment.onWake(() => this.#woken()), this.environment.onOffline(() => this.#cutOff())];
    this.#stopListening = () => listeners.forEach((stop) => stop());
    this.#connect();
  }

  stop(): void {
    if (!this.#isStarted) return;
    this.#isStarted = false;
    this.#wake = "never";
    this.#stopListening();
    this.#abandonSocket();
    this.#lose(undefined);
  }

  /** Connects at once, instead of at `retryAt`. */
  retryNow(): void {
    if (this.#retryAt === undefined) return;
    this.#cancelTimer();
    this.#connect();
  }

  /** Sends a request; without a connection it is lost at once. */
  request<Asked extends Request>(request: Asked, answered: (outcome: OutcomeOf<Asked>) => void): void {
    if (this.#requests === undefined) answered({ type: "lost" } as OutcomeOf<Asked>);
    else this.#requests.add(request, answered);
  }

  /** Sends a frame that isn't answered, if there is a connection. */
  tell(frame: ClientFrame): void {
    if (this.#requests !== undefined) this.#write(frame);
  }

  #connect(): void {
    this.#wake = "never";
    this.#retryAt = undefined;
    this.#greetedAt = undefined;
    this.#orderedDelay = undefined;
    this.#each((room) => room.connecting());
    const socket = this.environment.openSocket(this.url);
    this.#socket = socket;
    socket.onmessage = (event) => this.#receive(event.data);
    socket.onclose = (event) => this.#closed(event.code);
    this.#cancelTimer = this.environment.startTimer(() => this.#closed(ABNORMAL_CLOSURE), ANSWER_MILLISECONDS);
  }

  #receive(data: unknown): void {
    const frame = parseFrame(data);
    if (frame === undefined) return;
    this.#heartbeat?.heard();
    if (frame.type === "welcome") this.#greeted(frame);
    else if (frame.type === "reconnect") this.#orderedDelay = frame.delay;
    else {
      if (isMembershipFrame(frame)) this.memberships.received(frame);
      else if (isRoomFrame(frame)) {
        this.memberships.received(frame);
        this.#rooms.get(frame.room)?.received(frame);
      }
      this.#requests?.settle(frame);
    }
  }

  #greeted(welcome: Welcome): void {
    this.#cancelTimer();
    this.#welcome = welcome;
    this.#greetedAt = this.environment.now();
    this.#refusals = [];
    this.#wake = "probe";
    this.#requests = new Requests(
      this.environment,
      welcome.limits.in_flight,
      (frame) => this.#write(frame),
      () => this.#heartbeat?.probe(),
    );
    this.#heartbeat = new Heartbeat(
      this.environment,
      welcome.heartbeat,
      () => this.#write({ type: "ping" }),
      () => this.#closed(ABNORMAL_CLOSURE),
      (isSilent) => this.#each((room) => room.silent(isSilent)),
    );
    this.memberships.opened(welcome);
    this.#each((room) => room.opened(welcome));
  }

  #closed(code: number): void {
    const reason = END_CODES.get(code);
    if (reason !== undefined) this.#end(reason);
    else {
      this.#abandonSocket();
      this.#lose(this.#retry(code));
      if (this.#greetedAt === undefined) void this.#askWhy();
    }
  }

  /** Tells everybody that there is no connection until `retryAt`. */
  #lose(retryAt: number | undefined): void {
    this.#retryAt = retryAt;
    const requests = this.#requests;
    this.#requests = undefined;
    this.memberships.dropped();
    this.#each((room) => room.dropped(retryAt));
    requests?.lose();
  }

  #end(reason: EndReason): void {
    this.#each((room) => room.ended(reason));
    this.stop();
  }

  /**
   * Asks for the page of one room why the server took no socket. If that is about this room alone,
   * the next attempt asks for another one.
   */
  async #askWhy(): Promise<void> {
    const [room] = this.#rooms.values();
    if (room === undefined) return;
    const reason = await whyRefused(this.environment, room.id);
    if (!this.#isStarted || this.#welcome !== undefined) return;
    if (reason === "ended") this.#end(reason);
    else if (reason === "left" || reason === "closed") room.ended(reason);
    else {
      this.#refusals = reason === undefined ? [] : [...this.#refusals.slice(1 - TELLING_REFUSALS), reason];
      const telling = this.#refusals.length < TELLING_REFUSALS ? undefined : this.#refusals.at(-1);
      this.#each((attached) => attached.refused(telling));
    }
  }

  /** Schedules the next attempt and returns its time. */
  #retry(code: number): number {
    const lived = this.#greetedAt === undefined ? 0 : this.environment.now() - this.#greetedAt;
    if (lived >= STABLE_MILLISECONDS) this.#failures = 0;
    const delay = this.#orderedDelay ?? backoffDelay(this.#failures, this.environment.random());
    this.#wake = this.#orderedDelay === undefined && code !== OVERLOADED ? "at once" : "never";
    this.#failures += 1;
    this.#cancelTimer = this.environment.startTimer(() => this.#connect(), delay);
    return this.environment.now() + delay;
  }

  /**
   * The browser says that there is no network. What it has of a connection would go on to look
   * whole.
   */
  #cutOff(): void {
    if (this.#socket !== undefined) this.#closed(ABNORMAL_CLOSURE);
  }

  #woken(): void {
    if (this.#wake === "probe") this.#heartbeat?.probe();
    if (this.#wake === "at once") this.retryNow();
  }

  #abandonSocket(): void {
    this.#cancelTimer();
    this.#heartbeat?.stop();
    this.#heartbeat = undefined;
    this.#welcome = undefined;
    if (this.#socket === undefined) return;
    this.#socket.onmessage = null;
    this.#socket.onclose = null;
    this.#socket.close();
    this.#socket = undefined;
  }

  #write(frame: ClientFrame): void {
    this.#socket?.send(JSON.stringify(frame));
  }

  #each(callback: (room: Attached) => void): void {
    for (const room of [...this.#rooms.values()]) callback(room);
  }
}

function parseFrame(data: unknown): ServerFrame | undefined {
  if (typeof data !== "string") return undefined;
  try {
    const frame: unknown = JSON.parse(data);
    return typeof frame === "object" && frame !== null && "type" in frame ? (frame as ServerFrame) : undefined;
  } catch {
    return undefined;
  }
}

function isMembershipFrame(frame: ServerFrame): frame is MembershipFrame {
  return frame.type === "membership" || frame.type === "head";
}

function isRoomFrame(frame: ServerFrame): frame is RoomFrame {
  return "room" in frame && frame.type !== "ack";
}
