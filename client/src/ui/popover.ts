/**
 * Opens and closes a popover by its button where the browser doesn't: before Chrome 114, Firefox
 * 125 and Safari 17. There the stylesheet shows it by a class.
 */

const SHOWN = "popover-shown";

export function opensPopover(button: HTMLElement): (() => void) | undefined {
  if ("popover" in HTMLElement.prototype) return undefined;
  const popover = document.getElementById(button.getAttribute("popovertarget") ?? "");
  if (popover === null) return undefined;
  const show = (shown: boolean): void => {
    popover.classList.toggle(SHOWN, shown);
    button.setAttribute("aria-expanded", String(shown));
  };
  const isShown = (): boolean => popover.classList.contains(SHOWN);
  const clicked = ({ target }: MouseEvent): void => {
    if (!(target instanceof Element)) return;
    if (button.contains(target)) show(!isShown());
    else if (popover.contains(target) && target.closest("[popovertarget]") !== null) {
      show(false);
      button.focus();
    }
  };
  // Not every browser makes a click of a tap on what isn't a control.
  const pressed = ({ target }: PointerEvent): void => {
    if (target instanceof Node && !button.contains(target) && !popover.contains(target)) show(false);
  };
  const typed = ({ key }: KeyboardEvent): void => {
    if (key !== "Escape" || !isShown()) return;
    show(false);
    button.focus();
  };
  show(false);
  document.addEventListener("click", clicked);
  document.addEventListener("pointerdown", pressed);
  document.addEventListener("keydown", typed);
  return () => {
    document.removeEventListener("click", clicked);
    document.removeEventListener("pointerdown", pressed);
    document.removeEventListener("keydown", typed);
  };
}

/** The button that opens a popover, to which the focus returns. */
export function openerOf(popover: Element | null | undefined): HTMLElement | null {
  return popover == null ? null : document.querySelector(`[popovertarget="${popover.id}"]:not(.popover *)`);
}
