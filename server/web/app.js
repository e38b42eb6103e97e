// The page: a form and a map that ask /v1/owner, and what comes back.

/* global L */
import { answerView } from "./answer.js";
import { aborted, get, Latest } from "./api.js";
import { byId, el, show } from "./dom.js";
import { dotLayer } from "./dots.js";
import { Grid } from "./grid.js";
import { Mark } from "./mark.js";
import { firstSteps, invitation, refusal, waiting } from "./notes.js";
import { degrees, readHash, readPlace, writeHash } from "./place.js";
import { day, fieldOf, instantOf } from "./times.js";
import { language, say, sayPage, useLanguage } from "./words.js";

const CHINA = [35, 104];
const CLOSE = 16;
const state = { view: invitation, release: null, layers: [], matters: [], assets: 0, note: null, grid: null, asked: false };
const owner = new Latest();
const search = new Latest();
const numbers = new Latest();
const map = L.map("map", { renderer: L.canvas({ tolerance: 3 }), zoomControl: false, maxZoom: 20 }).setView(CHINA, 4);
const mark = new Mark(map);

// `asset`: the number of the thing meant; `at`: an instant, else what the form says, which is now when it is empty.
async function ask(place) {
  state.asked = true;
  const { lon, lat, asset, at = instantOf(byId("at").value) } = place;
  const fixed = { crs: place.crs ?? "wgs84", accuracy: byId("accuracy").value, explain: true };
  const query = { lon, lat, asset, at, matter: matterCode(), ...fixed };
  note(null);
  show(byId("addresses"));
  busy(true);
  mark.clear();
  try {
    const answer = await owner.get("/v1/owner", query);
    const matter = answer.matter?.code ?? query.matter;
    const actions = { zoom: () => zoomTo(answer.point), pick: (thing) => pick(thing, true), now: () => askNow(place) };
    render(() => answerView(answer, actions, at));
    if (place.within) byId("said").focus();
    const hash = writeHash({ ...answer.point, matter, asset, at });
    if (hash !== window.location.hash) history.pushState(null, "", hash);
    bring(answer.point, place.clicked);
    await mark.draw(answer, state.layers);
  } catch (error) {
    if (aborted(error)) return;
    render(() => (state.release || error.status !== 503 ? refusal(error, () => ask(place)) : firstSteps()));
  }
}

// An asset, clicked as a dot on the map or as a suggestion within the answer.
function pick({ code, lon, lat }, within = false) {
  byId("where").value = code;
  byId("crs").value = "wgs84";
  return ask({ lon, lat, asset: code, clicked: true, within });
}

function askNow(place) {
  byId("at").value = "";
  return ask({ ...place, at: "", within: true, clicked: true });
}

async function askTyped(event) {
  event.preventDefault();
  state.asked = true;
  const place = readPlace(byId("where").value);
  if (place.wrong) return note(() => say(place.wrong, ...place.values));
  if (place.text) return askText(place);
  return ask({ ...place, crs: byId("crs").value });
}

// The number of an asset, or else an address.
async function askText({ text, number }) {
  note(null);
  busy(true);
  try {
    const [things, addresses] = await Promise.all([
      numbers.get("/v1/assets", { code: number, at: instantOf(byId("at").value) }),
      search.get("/v1/addresses", { q: text }),
    ]);
    const [thing] = things.items;
    if (thing) return ask({ lon: thing.lon, lat: thing.lat, asset: thing.code });
    render(state.view);
    offer(addresses.items);
  } catch (error) {
    if (!aborted(error)) render(() => refusal(error, () => askText({ text, number })));
  }
}

function offer(items) {
  if (!items.length) return note(() => say("no_address"));
  if (items.length === 1) return choose(items[0]);
  note(() => say("pick_address", items.length), false);
  show(
    byId("addresses"),
    items.map((item) => el("li", {}, el("button", { type: "button", onclick: () => choose(item) }, item.address))),
  );
  byId("addresses").querySelector("button").focus();
}

function choose(item) {
  byId("where").value = item.address;
  return ask({ lon: item.lon, lat: item.lat });
}

// A place on the map is WGS 84 whatever was chosen for typed ones, and the form shows it.
function askMap(latlng) {
  const { lng, lat } = latlng.wrap();
  fill(lng, lat);
  mark.pin(lng, lat);
  return ask({ lon: Number(degrees(lng)), lat: Number(degrees(lat)), clicked: true });
}

function askHash() {
  const place = readHash(window.location.hash);
  if (!place) {
    owner.stop();
    mark.clear();
    return render(invitation);
  }
  fill(place.lon, place.lat);
  if (place.asset) byId("where").value = place.asset;
  byId("matter").value = place.matter;
  byId("at").value = fieldOf(place.at);
  ask(place);
}

function fill(lon, lat) {
  byId("where").value = `${degrees(lon)}, ${degrees(lat)}`;
  byId("crs").value = "wgs84";
}

function matterCode() {
  const typed = byId("matter").value.trim();
  const exact = state.matters.find((matter) => matter.code === typed || matter.name === typed);
  return exact?.code ?? typed.split(/\s+/)[0];
}

function zoomTo({ lon, lat }) {
  map.setView([lat, lon], CLOSE + 1);
}

function bring({ lon, lat }, clicked) {
  const far = map.getZoom() < CLOSE - 1;
  if (!clicked) map.setView([lat, lon], far ? CLOSE : map.getZoom());
  const answer = byId("answer");
  if (window.matchMedia("(max-width: 760px)").matches) answer.scrollIntoView({ behavior: "smooth", block: "start" });
}

function render(view) {
  state.view = view;
  busy(false);
  show(byId("answer"), view());
}

function busy(on) {
  byId("answer").setAttribute("aria-busy", String(on));
  if (on) show(byId("answer"), waiting());
}

// Words under the place: what is wrong with it, or (wrong = false) what to do next.
function note(words, wrong = true) {
  state.note = words && [words, wrong];
  byId("where-note").textContent = words ? words() : "";
  byId("where-note").hidden = !words;
  byId("where-note").classList.toggle("wrong", wrong);
  byId("where").setAttribute("aria-invalid", String(Boolean(words) && wrong));
}

function tellZoom(text) {
  byId("zoom-note").textContent = text;
  byId("zoom-note").hidden = !text;
}

function listLayers() {
  const rows = state.grid?.layers ?? [];
  show(
    byId("layers"),
    rows.map((layer) => {
      const box = el("input", { type: "checkbox", checked: layer.on });
      box.addEventListener("change", () => state.grid.toggle(layer.code, box.checked));
      const line = el("i", { "aria-hidden": "true", class: layer.dots && "dot" });
      const { color, weight, dashArray } = layer.style;
      if (!layer.dots) line.style.borderTop = `${Math.max(2, weight)}px ${dashArray ? "dashed" : "solid"} ${color}`;
      return el(
        "li",
        {},
        el(
          "label",
          {},
          box,
          line,
          layer.name || layer.code,
          el("small", {}, say("areas", layer.areas.toLocaleString())),
        ),
      );
    }),
  );
  byId("layers").parentElement.hidden = !rows.length;
}

function sayRelease() {
  const now = state.release;
  byId("release").textContent = now
    ? say("release", now.release, now.version, day(now.effective_at))
    : "";
}

function speak(chosen) {
  useLanguage(chosen);
  sayPage();
  byId("language").textContent = say("switch");
  byId("language").setAttribute("aria-label", say("switch_label"));
  sayRelease();
  listLayers();
  note(...(state.note ?? [null]));
  state.grid?.say();
  if (byId("answer").getAttribute("aria-busy") === "false") render(state.view);
  else busy(true);
}

async function start() {
  busy(true);
  try {
    const told = [get("/v1/releases/current"), get("/v1/layers"), get("/v1/assets", { limit: 1 })];
    const [release, layers, assets] = await Promise.all(told);
    Object.assign(state, { release, layers: layers.items, assets: assets.total });
  } catch (error) {
    render(() => (error.status === 503 ? firstSteps() : refusal(error, () => start())));
    return;
  }
  const [west, south, east, north] = state.release.bbox ?? [73, 18, 135, 54];
  map.fitBounds(
    [
      [south, west],
      [north, east],
    ],
    { animate: false },
  );
  const dots = state.assets ? [dotLayer(map, { total: state.assets, bbox: state.release.bbox }, pick)] : [];
  state.grid = new Grid(map, state.layers, tellZoom, dots);
  sayRelease();
  listLayers();
  if (!state.asked) askHash(); // who asked before the map was there is not sent back to the beginning
  await Promise.all([state.grid.refresh(), bringMatters()]);
}

async function bringMatters() {
  try {
    state.matters = (await get("/v1/matters", { limit: 500 })).items;
  } catch {
    state.matters = []; // a code can still be typed
  }
  show(
    byId("matters"),
    state.matters.map(({ code, name }) => el("option", { value: `${code} ${name}` })),
  );
}

function remembered() {
  try {
    return localStorage.getItem("wangge.language") ?? "zh";
  } catch {
    return "zh";
  }
}

function switchLanguage() {
  const other = language() === "zh" ? "en" : "zh";
  speak(other);
  try {
    localStorage.setItem("wangge.language", other);
  } catch {
    // a private window forgets it
  }
}

map.attributionControl.setPrefix(false);
L.control.zoom({ position: "topright" }).addTo(map);
L.control.scale({ imperial: false }).addTo(map);
for (const [event, keys] of [
  ["keydown", true],
  ["pointerdown", false],
]) {
  window.addEventListener(event, () => document.body.classList.toggle("keys", keys), true);
}
map.on("click", (event) => askMap(event.latlng));
map.getContainer().addEventListener("keydown", (event) => {
  if (event.key === "Enter" && event.target === map.getContainer()) askMap(map.getCenter());
});
byId("ask").addEventListener("submit", askTyped);
byId("language").addEventListener("click", switchLanguage);
window.addEventListener("hashchange", askHash);
speak(remembered());
start();
