/**
 * Keeps a scrolling log where its reader is: at the end while at the end, otherwise at the same
 * message, whatever is added above or below or changes its height. The mark of the new messages
 * isn't scrolled out of sight.
 */

const END_PIXELS = 40;
/** So much of a message has to be in view to count as on screen. */
const SEEN_PIXELS = 16;
/** The mark stands so far below the upper edge. */
const MARK_PIXELS = 8;

/** A place in a log, to come back to: a message, and how far below the upper edge it stands. */
export interface Place {
  id: string;
  offset: number;
}

export class LogScroll {
  atEnd = true;
  #anchor: { element: Element; top: number } | undefined;
  /** Whether the reader has left the mark behind. */
  #pastMark = false;
  /** Where the view was scrolled to last. */
  #top = 0;

  /**
   * `levels`: selectors of what is in the log from coarse to fine, each thing below the one before
   * it. `mark`: the mark of what is unread, if there is any. `drawnToEnd`: whether what is drawn
   * ends where the log ends.
   */
  constructor(
    private readonly container: HTMLElement,
    private readonly levels: readonly string[],
    private readonly mark: () => Element | null = () => null,
    private readonly drawnToEnd: () => boolean = () => true,
  ) {}

  /** So many pixels lie below. */
  get below(): number {
    const { scrollHeight, scrollTop, clientHeight } = this.container;
    return scrollHeight - scrollTop - clientHeight;
  }

  /**
   * Remembers the place; call before the content changes, and when the view was scrolled. Only
   * scrolling up leaves the end: it also moves when a part gets its true height.
   */
  hold(): void {
    const stays = this.atEnd && this.container.scrollTop >= this.#top - 1;
    this.atEnd = (this.below < END_PIXELS || stays) && this.drawnToEnd();
    this.#top = this.container.scrollTop;
    const { top } = this.container.getBoundingClientRect();
    const mark = this.mark();
    this.#pastMark = mark !== null && mark.getBoundingClientRect().bottom <= top;
    this.#anchor = undefined;
    if (this.atEnd) return;
    const element = this.#firstAt(top);
    if (element !== undefined) this.#anchor = { element, top: element.getBoundingClientRect().top };
  }

  /** Returns to the place; call after the content changed. */
  restore(): void {
    if (this.atEnd) this.#follow();
    else if (this.#anchor?.element.isConnected) {
      const moved = this.#anchor.element.getBoundingClientRect().top - this.#anchor.top;
      if (moved !== 0) this.container.scrollTop += moved;
    }
  }

  /** The place, to come back to when the log is drawn anew; undefined at the end. */
  get place(): Place | undefined {
    if (this.atEnd || this.#anchor === undefined) return undefined;
    const { element, top } = this.#anchor;
    return { id: element.id, offset: top - this.container.getBoundingClientRect().top };
  }

  /** Goes to a place of before; false when its message isn't drawn. */
  comeBack({ id, offset }: Place): boolean {
    const element = document.getElementById(id);
    if (element === null || !this.container.contains(element)) return false;
    this.atEnd = false;
    const { top } = this.container.getBoundingClientRect();
    this.container.scrollTop += element.getBoundingClientRect().top - top - offset;
    this.hold();
    return true;
  }

  toEnd(): void {
    this.atEnd = true;
    this.#pastMark = true;
    this.container.scrollTop = this.container.scrollHeight;
    this.#top = this.container.scrollTop;
  }

  /** Puts an element at the upper edge. */
  toTop(element: Element): void {
    this.container.scrollTop += element.getBoundingClientRect().top - this.container.getBoundingClientRect().top;
    this.container.scrollTop -= MARK_PIXELS;
    this.atEnd = false;
    this.hold();
  }

  /** The first and the last message on screen. */
  onScreen(): [Element, Element] | undefined {
    const { top, bottom } = this.container.getBoundingClientRect();
    const first = this.#firstAt(top + SEEN_PIXELS);
    const last = this.#lastAt(bottom - SEEN_PIXELS);
    return first === undefined || last === undefined ? undefined : [first, last];
  }

  #follow(): void {
    this.container.scrollTop = this.container.scrollHeight;
    this.#top = this.container.scrollTop;
    const mark = this.#pastMark ? null : this.mark();
    if (mark === null) return;
    const hidden = this.container.getBoundingClientRect().top - mark.getBoundingClientRect().top;
    if (hidden > 0) this.toTop(mark);
  }

  #firstAt(top: number): Element | undefined {
    return this.#descend(
      (elements) => elements[firstWhere(elements, (one) => one.getBoundingClientRect().bottom > top)],
    );
  }

  #lastAt(bottom: number): Element | undefined {
    return this.#descend(
      (elements) => elements[firstWhere(elements, (one) => one.getBoundingClientRect().top > bottom) - 1],
    );
  }

  #descend(choose: (elements: ArrayLike<Element>) => Element | undefined): Element | undefined {
    let element: Element | undefined = this.container;
    for (const level of this.levels) element = element && choose(element.querySelectorAll(level));
    return element;
  }
}

/**
 * The index of the first that passes. They are in order, so half of them can be left out at each
 * step.
 */
function firstWhere(elements: ArrayLike<Element>, passes: (element: Element) => boolean): number {
  let low = 0;
  let high = elements.length;
  while (low < high) {
    const middle = (low + high) >> 1;
    if (passes(elements[middle] as Element)) high = middle;
    else low = middle + 1;
  }
  return low;
}
