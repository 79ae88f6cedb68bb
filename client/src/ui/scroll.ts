/**
 * Keeps a scrolling log where its reader is: at the end while at the end, otherwise at the same message, whatever is
 * added above or below or changes its height.
 */

const END_PIXELS = 40;

export class LogScroll {
  atEnd = true;
  #anchor: { element: Element; top: number } | undefined;

  /** `levels`: selectors of what is in the log from coarse to fine, each thing below the one before it. */
  constructor(
    private readonly container: HTMLElement,
    private readonly levels: readonly string[],
  ) {}

  /** The reader scrolled. */
  scrolled(): void {
    const { scrollHeight, scrollTop, clientHeight } = this.container;
    this.atEnd = scrollHeight - scrollTop - clientHeight < END_PIXELS;
    this.hold();
  }

  /** Remembers the place; call before the content changes. */
  hold(): void {
    this.#anchor = undefined;
    if (this.atEnd) return;
    const top = this.container.getBoundingClientRect().top;
    let element: Element | undefined = this.container;
    for (const level of this.levels) element = element && firstBelow(element.querySelectorAll(level), top);
    if (element !== undefined) this.#anchor = { element, top: element.getBoundingClientRect().top };
  }

  /** Returns to the place; call after the content changed. */
  restore(): void {
    if (this.atEnd) this.toEnd();
    else if (this.#anchor?.element.isConnected) {
      const moved = this.#anchor.element.getBoundingClientRect().top - this.#anchor.top;
      if (moved !== 0) this.container.scrollTop += moved;
    }
  }

  toEnd(): void {
    this.atEnd = true;
    this.container.scrollTop = this.container.scrollHeight;
  }
}

/** The first that ends below `top`. They are in order, so half of them can be left out at each step. */
function firstBelow(elements: ArrayLike<Element>, top: number): Element | undefined {
  let low = 0;
  let high = elements.length;
  while (low < high) {
    const middle = (low + high) >> 1;
    if ((elements[middle]?.getBoundingClientRect().bottom ?? 0) > top) high = middle;
    else low = middle + 1;
  }
  return elements[low];
}
