/**
 * What the library needs of the world around it, so that tests (or another runtime) can bring their
 * own.
 */

/** The part of the browser's WebSocket that is used. */
export interface Socket {
  onmessage: ((event: { data: unknown }) => void) | null;
  onclose: ((event: { code: number }) => void) | null;
  send(data: string): void;
  close(): void;
}

export interface Environment {
  /** Milliseconds since the epoch. */
  now(): number;
  /** A number in [0, 1). */
  random(): number;
  /** Runs `callback` once after `milliseconds`; the result cancels it. */
  startTimer(callback: () => void, milliseconds: number): () => void;
  openSocket(url: string): Socket;
  /** Fails when `signal` is aborted, and so does reading the response's body. */
  fetch(url: string, signal: AbortSignal): Promise<Response>;
  /**
   * Calls back when the network returns, or somebody comes back to the page; the result stops that.
   */
  onWake(callback: () => void): () => void;
  /** Calls back when the network goes away; the result stops that. */
  onOffline(callback: () => void): () => void;
}

export const SUBPROTOCOL = "papo.v1";

export const browserEnvironment: Environment = {
  now: () => Date.now(),
  random: () => Math.random(),
  startTimer(callback, milliseconds) {
    const timer = setTimeout(callback, milliseconds);
    return () => clearTimeout(timer);
  },
  openSocket: (url) => new WebSocket(url, SUBPROTOCOL) as Socket,
  fetch: (url, signal) => fetch(url, { headers: { accept: "application/json" }, redirect: "manual", signal }),
  onWake(callback) {
    const whenVisible = (): void => {
      if (document.visibilityState === "visible") callback();
    };
    // A window that was beside another one was visible all the time.
    for (const event of ["online", "focus"]) window.addEventListener(event, callback);
    document.addEventListener("visibilitychange", whenVisible);
    return () => {
      for (const event of ["online", "focus"]) window.removeEventListener(event, callback);
      document.removeEventListener("visibilitychange", whenVisible);
    };
  },
  onOffline(callback) {
    window.addEventListener("offline", callback);
    return () => window.removeEventListener("offline", callback);
  },
};
