/** F6 and Shift+F6 go from one region of the page to the next: header, log, composer. */

const REGIONS = [".chat-header", ".log-frame", ".composer, .end-notice"];
const ENTRANCES = [".chat-header a", ".log", ".composer textarea, .end-notice a"];

export function changeRegion(event: KeyboardEvent): void {
  if (event.key !== "F6" || event.ctrlKey || event.metaKey || event.altKey) return;
  // A dialog keeps the focus.
  if (document.querySelector("dialog[open]") !== null) return;
  event.preventDefault();
  const current = REGIONS.findIndex((region) => document.activeElement?.closest(region));
  const count = REGIONS.length;
  const next = event.shiftKey ? (Math.max(current, 0) + count - 1) % count : (current + 1) % count;
  document.querySelector<HTMLElement>(ENTRANCES[next] ?? "")?.focus();
}

export function focusComposer(): void {
  document.querySelector<HTMLElement>(".composer textarea")?.focus();
}

/**
 * Gives an element the focus that a dialog had, unless it has gone somewhere already: the event of
 * closing comes late.
 */
export function restoreFocus(dialog: HTMLElement, element: HTMLElement | null | undefined): void {
  const { activeElement, body } = document;
  if (activeElement === null || activeElement === body || dialog.contains(activeElement)) element?.focus();
}

/** Whether a button was pressed by a key, and not by a pointer. */
export function isByKey({ detail }: MouseEvent): boolean {
  return detail === 0;
}

/** Whether a key writes a character; the space bar scrolls. */
export function isPrintable({ key }: KeyboardEvent): boolean {
  return key !== " " && [...key].length === 1;
}
