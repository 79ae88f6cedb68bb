/** Escape cancels what a button asks before it acts, as the button itself does. */
export function cancelByKey(): void {
  document.addEventListener("keydown", ({ key, target }) => {
    if (key !== "Escape" || !(target instanceof Element)) return;
    const asking = target.closest<HTMLDetailsElement>("details.confirm[open]");
    if (asking === null) return;
    asking.open = false;
    asking.querySelector("summary")?.focus();
  });
}
