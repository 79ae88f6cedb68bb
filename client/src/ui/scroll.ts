/**
 * Keeps a scrolling log where its reader is: at the end while at the end, otherwise at the same message, whatever is
 * added above or below or changes its height.
 */

const END_PIXELS = 40;

export class LogScroll {
  atEnd = true;
  #anchor: { element: Element; top: number } | undefined;

  constructor(
    private readonly container: HTMLElement,
    private readonly rowSelector: string,
  ) {}

  /** The reader scrolled. */
  scrolled(): void {
    const { scrollHeight, scrollTop, clientHeight } = this.container;
    this.atEnd = scrollHeight - scrollTop - clientHeight < END_PIXELS;
  }

  /** Remembers the place; call before the content changes. */
  hold(): void {
    this.#anchor = undefined;
    if (this.atEnd) return;
    const rows = this.container.querySelectorAll(this.rowSelector);
    const element = firstBelow(rows, this.container.getBoundingClientRect().top);
    if (element !== undefined) this.#anchor = { element, top: element.getBoundingClientRect().top };
  }

  /** Returns to the place; call after the content changed. */
  restore(): void {
    if (this.atEnd) this.toEnd();
    else if (this.#anchor?.element.isConnected) {
      this.container.scrollTop += this.#anchor.element.getBoundingClientRect().top - this.#anchor.top;
    }
  }

  toEnd(): void {
    this.atEnd = true;
    this.container.scrollTop = this.container.scrollHeight;
  }
}

/** The first row that ends below `top`. Rows are in order, so half of them can be left out at each step. */
function firstBelow(rows: ArrayLike<Element>, top: number): Element | undefined {
  let low = 0;
  let high = rows.length;
  while (low < high) {
    const middle = (low + high) >> 1;
    if ((rows[middle]?.getBoundingClientRect().bottom ?? 0) > top) high = middle;
    else low = middle + 1;
  }
  return rows[low];
}
