/** Calls back when the browser has nothing better to do; the result stops that. */

const AT_LATEST_MILLISECONDS = 1_000;

export function whenIdle(callback: () => void): () => void {
  // Safari has no idle callbacks.
  if (typeof requestIdleCallback !== "function") {
    const timer = setTimeout(callback, 1);
    return () => clearTimeout(timer);
  }
  const idle = requestIdleCallback(callback, { timeout: AT_LATEST_MILLISECONDS });
  return () => cancelIdleCallback(idle);
}
