/** The addresses of rooms, and which clicks lead to one without a new page. */

const ROOM = /^\/room\/(\d{1,15})\/$/;

export function pathOf(room: number): string {
  return `/room/${room}/`;
}

/** The room that a path leads to, if it leads to one. */
export function roomAt(path: string): number | undefined {
  const number = ROOM.exec(path)?.[1];
  return number === undefined ? undefined : Number(number);
}

/** The room of the link that was clicked, unless the click asks for another tab or window. */
export function roomOfClick(event: MouseEvent): number | undefined {
  const { button, ctrlKey, metaKey, shiftKey, altKey, target } = event;
  if (event.defaultPrevented || button !== 0 || ctrlKey || metaKey || shiftKey || altKey) return undefined;
  const link = target instanceof Element ? target.closest<HTMLAnchorElement>("a[href]") : null;
  if (link === null || link.target !== "" || link.origin !== location.origin || link.search !== "") return undefined;
  return roomAt(link.pathname);
}
