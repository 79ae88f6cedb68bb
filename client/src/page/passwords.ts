/** A button beside each password that shows what was typed. The texts come with the input. */
export function revealPasswords(): void {
  for (const input of document.querySelectorAll<HTMLInputElement>("input[type='password'][data-show]")) {
    input.after(revealer(input));
    input.parentElement?.classList.add("field-revealing");
  }
}

function revealer(input: HTMLInputElement): HTMLButtonElement {
  const button = document.createElement("button");
  button.type = "button";
  button.className = "field-reveal link";
  button.setAttribute("aria-controls", input.id);
  const say = (): void => {
    const { show, hide } = input.dataset;
    button.textContent = (input.type === "password" ? show : hide) ?? "";
  };
  button.addEventListener("click", () => {
    input.type = input.type === "password" ? "text" : "password";
    say();
  });
  // A browser keeps passwords only of fields that hide them.
  input.form?.addEventListener("submit", () => (input.type = "password"));
  say();
  return button;
}
