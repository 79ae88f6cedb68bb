/** What is new in the rooms that are scrolled out of sight, above and below. */
export interface NewsOutside {
  above: number;
  below: number;
  nearestAbove: Element | undefined;
  nearestBelow: Element | undefined;
}

/** `list` scrolls; only rooms with news are looked at. */
export function newsOutside(list: HTMLElement): NewsOutside {
  const { top, bottom } = list.getBoundingClientRect();
  const found: NewsOutside = { above: 0, below: 0, nearestAbove: undefined, nearestBelow: undefined };
  for (const link of list.querySelectorAll<HTMLElement>("[data-news]")) {
    const box = link.getBoundingClientRect();
    const count = Number(link.dataset["news"]);
    const middle = (box.top + box.bottom) / 2;
    if (middle < top) {
      found.above += count;
      found.nearestAbove = link;
    } else if (middle > bottom) {
      found.below += count;
      found.nearestBelow ??= link;
    }
  }
  return found;
}
