// Keeps the page live: the server sends its middle part again and again. Without this script the page shows how it was when it was loaded.
"use strict";
const live = document.getElementById("live"), state = document.getElementById("state");
const plots = document.createElement("div");
plots.id = "plots";
let token = "", before = null;

const plot = (title, unit) => {
  const box = document.createElement("div");
  box.className = "plot";
  box.innerHTML = '<p></p><svg viewBox="0 0 120 40" preserveAspectRatio="none" role="img"><polyline></polyline></svg>';
  plots.append(box);
  const values = [];
  return (value) => {
    values.push(value);
    if (values.length > 120) values.shift();
    const most = Math.max(...values, 1e-9);
    box.querySelector("p").textContent = title + ": " + unit(value);
    box.querySelector("svg").setAttribute("aria-label", title + ", now " + unit(value) + ", at most " + unit(most));
    box.querySelector("polyline").setAttribute("points", values.map((v, i) => (120 - values.length + i) + "," + (38 - 36 * v / most)).join(" "));
  };
};
const bytes = (n) => {
  const units = ["B", "KiB", "MiB", "GiB", "TiB"];
  let i = 0;
  for (; n >= 1024 && i < units.length - 1; i++) n /= 1024;
  return n.toFixed(i ? 1 : 0) + " " + units[i] + "/s";
};
const each = (n) => n.toFixed(1) + "/s";
const drawn = {
  in: plot("Files in", bytes), out: plot("Files out", bytes), requests: plot("Requests to the storage", each),
  failed: plot("of which fail", each), took: plot("Time of a request", (n) => (1000 * n).toFixed(0) + " ms"),
};

const draw = () => {
  const now = { at: performance.now() / 1000 };
  for (const [key, value] of Object.entries(document.getElementById("figures").dataset)) now[key] = Number(value);
  before ??= now;
  if (now.at - before.at >= 1) { // the first event follows at once: rates of such a short time mean nothing
    const rate = (key) => Math.max(0, now[key] - before[key]) / (now.at - before.at);
    for (const key of ["in", "out", "requests", "failed"]) drawn[key](rate(key));
    const requests = now.requests - before.requests;
    drawn.took(requests > 0 ? Math.max(0, now.seconds - before.seconds) / requests : 0);
    before = now;
  }
  document.getElementById("figures").after(plots);
  for (const button of live.querySelectorAll("button")) button.hidden = false;
};

const change = async (path, what) => {
  const send = () => fetch(path, {
    method: "POST", body: JSON.stringify(what),
    headers: Object.assign({ "Content-Type": "application/json" }, token ? { Authorization: "Bearer " + token } : {}),
  });
  let answer = await send();
  if (answer.status === 401) {
    token = prompt("This takes the token of the admin block:") || "";
    if (!token) return;
    answer = await send();
  }
  if (!answer.ok) alert(await answer.text());
};
live.addEventListener("click", (event) => {
  const d = event.target.dataset;
  if (d.kick !== undefined && confirm("End this session?")) change("api/v1/kick", { session: d.kick });
  if (d.lift !== undefined) change("api/v1/bans", { of: d.of, name: d.lift });
});

draw();
const events = new EventSource("events");
events.onmessage = (event) => {
  live.innerHTML = JSON.parse(event.data);
  state.textContent = "Live.";
  draw();
};
events.onerror = () => { state.textContent = "The gateway does not answer. This is how it was."; };
