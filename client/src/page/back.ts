/**
 * Going back leads past a form that was sent: to what its `data-back` names, instead of the same
 * form again. What was typed and not sent is still there.
 */
export function goBackPast(): void {
  let sent = false;
  document.addEventListener("submit", ({ target, defaultPrevented }) => {
    if (!(target instanceof HTMLFormElement) || defaultPrevented) return;
    sent = true;
    const { back } = target.dataset;
    if (back !== undefined) history.replaceState(null, "", back);
  });
  // What the browser kept is of another moment, and may show the form under the other address.
  addEventListener("pageshow", ({ persisted }) => {
    if (persisted && (sent || !isTypedIn())) location.reload();
  });
}

type Field = HTMLInputElement | HTMLTextAreaElement | HTMLSelectElement;

/** Whether the reader has changed a field. */
function isTypedIn(): boolean {
  const fields = document.querySelectorAll<Field>("input:not([type='hidden']), textarea, select");
  return [...fields].some((field) => {
    if (field instanceof HTMLSelectElement) {
      const first = [...field.options].findIndex((option) => option.defaultSelected);
      return field.selectedIndex !== Math.max(0, first);
    }
    const isChecked = field instanceof HTMLInputElement && field.checked !== field.defaultChecked;
    return isChecked || field.value !== field.defaultValue;
  });
}
