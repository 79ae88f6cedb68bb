/** F6 and Shift+F6 go from one region of the page to the next: sidebar, header, log, composer. */

const REGIONS = [".sidebar", ".chat-header", ".log-frame", ".composer, .end-notice"];
/** What gets the focus in each, if it is there; narrow screens have no sidebar, others no way back. */
const ENTRANCES = [
  ".sidebar-room[tabindex='0']",
  ".chat-header > :is(a, button)",
  ".log",
  ".composer textarea, .end-notice a",
];

export function changeRegion(event: KeyboardEvent): void {
  if (event.key !== "F6" || event.ctrlKey || event.metaKey || event.altKey) return;
  // A dialog keeps the focus.
  if (document.querySelector("dialog[open]") !== null) return;
  event.preventDefault();
  const current = REGIONS.findIndex((region) => document.activeElement?.closest(region));
  const count = REGIONS.length;
  const by = event.shiftKey ? count - 1 : 1;
  for (let next = (Math.max(current, event.shiftKey ? 0 : -1) + by) % count, tried = 0; tried < count; tried += 1) {
    const entrance = [...document.querySelectorAll<HTMLElement>(ENTRANCES[next] ?? "")].find(isThere);
    if (entrance !== undefined) return entrance.focus();
    next = (next + by) % count;
  }
}

function isThere(element: HTMLElement): boolean {
  return element.getClientRects().length > 0;
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
