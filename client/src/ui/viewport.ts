/**
 * Keeps an element as high as what can be seen above an on-screen keyboard, where the page itself
 * doesn't shrink.
 */

export function fitAboveKeyboard(element: HTMLElement): () => void {
  const viewport = window.visualViewport;
  if (viewport === null) return () => {};
  const fit = (): void => {
    const covered = viewport.scale === 1 && window.innerHeight - viewport.height > 1;
    element.style.height = covered ? `${viewport.height}px` : "";
    if (covered) window.scrollTo(0, 0);
  };
  viewport.addEventListener("resize", fit);
  return () => viewport.removeEventListener("resize", fit);
}
