/**
 * The page script of the chat that Papo succeeds, written from its description: it opens the
 * socket, sends `{message, username}` and renders every frame it gets. It runs in the browser and
 * knows nothing of Papo.
 */
export function seedScript({ room, username }: { room: number; username: string }): void {
  const page = document.createElement("div");
  page.innerHTML = '<p id="state"></p><div id="messages"></div><form id="form"><input id="input"></form>';
  document.body.replaceChildren(page);
  const find = <Kind extends Element>(id: string): Kind => page.querySelector<Kind>(`#${id}`)!;
  const scheme = location.protocol === "https:" ? "wss" : "ws";
  const socket = new WebSocket(`${scheme}://${location.host}/ws/chat/${room}/`);
  socket.onopen = () => {
    find("state").textContent = "Online";
    find<HTMLInputElement>("input").focus();
  };
  socket.onmessage = (event) => {
    const data = JSON.parse(event.data as string) as { message: string; username: string; timestamp: string };
    const row = document.createElement("p");
    row.textContent = `${data.username}: ${data.message}`;
    row.title = new Date(data.timestamp).toISOString();
    row.className = data.username === username ? "own" : "other";
    find("messages").append(row);
    row.scrollIntoView();
  };
  socket.onclose = () => (find("state").textContent = "Desconectado");
  find<HTMLFormElement>("form").onsubmit = (event) => {
    event.preventDefault();
    const input = find<HTMLInputElement>("input");
    socket.send(JSON.stringify({ message: input.value, username }));
    input.value = "";
  };
}
