/**
 * One socket to the server, kept open: connects, watches that it lives, connects again. Rooms
 * attach themselves and get the frames about them; what a room does with those is in `room.ts`.
 */
import { backoffDelay } from "./backoff.js";
import { type Environment, type Socket, browserEnvironment } from "./environment.js";
import type { ClientFrame, ServerFrame } from "./frames.js";
import { ANSWER_MILLISECONDS, Heartbeat } from "./heartbeat.js";
import { type Answered, Requests } from "./requests.js";
import type { Request, RoomFrame, Welcome } from "./select.js";

/**
 * Why a connection won't be made again: one has left the room, it was closed, or the session has
 * ended.
 */
export type EndReason = "left" | "closed" | "ended";

/** A room on this connection. */
export interface Attached {
  readonly id: number;
  /** An attempt to connect begins. */
  connecting(): void;
  /** The server greeted: subscribe now. */
  opened(welcome: Welcome): void;
  received(frame: RoomFrame): void;
  /**
   * The connection is gone and will be made again at `retryAt`; `refused`: the server never
   * greeted.
   */
  dropped(refused: boolean, retryAt: number): void;
  ended(reason: EndReason): void;
}

const END_CODES: ReadonlyMap<number, EndReason> = new Map([
  [4001, "left"],
  [4003, "ended"],
  [4004, "closed"],
]);
/**
 * A connection that lived as long as this was a success: the next attempt starts again at the
 * shortest wait.
 */
const STABLE_MILLISECONDS = 10_000;
const ABNORMAL_CLOSURE = 1006;
const OVERLOADED = 1013;

export class Connection {
  readonly #rooms = new Map<number, Attached>();
  #socket: Socket | undefined;
  #requests: Requests | undefined;
  #heartbeat: Heartbeat | undefined;
  #failures = 0;
  #greetedAt: number | undefined;
  #orderedDelay: number | undefined;
  #cancelTimer: () => void = () => {};
  #wake: "at once" | "probe" | "never" = "never";
  /** Whether the time to connect again has still to come. */
  #waiting = false;
  #stopListening: () => void = () => {};

  constructor(
    private readonly url: string,
    private readonly environment: Environment = browserEnvironment,
  ) {}

  attach(room: Attached): void {
    this.#rooms.set(room.id, room);
  }

  /** The room is over. With the last one the connection is, too. */
  detach(room: Attached): void {
    this.#rooms.delete(room.id);
    if (this.#rooms.size === 0) this.stop();
  }

  start(): void {
    const listeners = [this.environment.onWake(() => this.#woken()), this.environment.onOffline(() => this.#cutOff())];
    this.#stopListening = () => listeners.forEach((stop) => stop());
    this.#connect();
  }

  stop(): void {
    this.#wake = "never";
    this.#waiting = false;
    this.#stopListening();
    this.#abandonSocket();
    const requests = this.#requests;
    this.#requests = undefined;
    requests?.lose();
  }

  /** Connects at once, instead of at `retryAt`. */
  retryNow(): void {
    if (!this.#waiting) return;
    this.#cancelTimer();
    this.#connect();
  }

  /** Sends a request; without a connection it is lost at once. */
  request(request: Request, answered: Answered): void {
    if (this.#requests === undefined) answered({ type: "lost" });
    else this.#requests.add(request, answered);
  }

  /** Sends a frame that isn't answered, if there is a connection. */
  tell(frame: ClientFrame): void {
    if (this.#requests !== undefined) this.#write(frame);
  }

  #connect(): void {
    this.#wake = "never";
    this.#waiting = false;
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
      if (isRoomFrame(frame)) this.#rooms.get(frame.room)?.received(frame);
      this.#requests?.settle(frame);
    }
  }

  #greeted(welcome: Welcome): void {
    this.#cancelTimer();
    this.#greetedAt = this.environment.now();
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
    );
    this.#each((room) => room.opened(welcome));
  }

  #closed(code: number): void {
    this.#abandonSocket();
    const reason = END_CODES.get(code);
    const requests = this.#requests;
    this.#requests = undefined;
    const refused = this.#greetedAt === undefined;
    const retryAt = reason === undefined ? this.#retry(code) : 0;
    this.#each((room) => (reason === undefined ? room.dropped(refused, retryAt) : room.ended(reason)));
    requests?.lose();
  }

  /** Schedules the next attempt and returns its time. */
  #retry(code: number): number {
    const lived = this.#greetedAt === undefined ? 0 : this.environment.now() - this.#greetedAt;
    if (lived >= STABLE_MILLISECONDS) this.#failures = 0;
    const delay = this.#orderedDelay ?? backoffDelay(this.#failures, this.environment.random());
    this.#wake = this.#orderedDelay === undefined && code !== OVERLOADED ? "at once" : "never";
    this.#failures += 1;
    this.#waiting = true;
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
    for (const room of this.#rooms.values()) callback(room);
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

function isRoomFrame(frame: ServerFrame): frame is RoomFrame {
  return "room" in frame && frame.type !== "ack";
}
