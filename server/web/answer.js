// The answer to "whose job is it here", in words first, then the facts behind it.

import { copy, el } from "./dom.js";
import { degrees } from "./place.js";
import { known, language, say } from "./words.js";

// Okabe and Ito's colours: told apart by everyone; candidates carry them here and on the map.
export const COLOURS = ["#0072b2", "#e69f00", "#009e73", "#cc79a7", "#56b4e9", "#d55e00"];

const role = (name) => (name ? (known(name) ? say(name) : name) : "");
const metres = (value) => say("metres", value >= 100 ? Math.round(value) : Number(value).toFixed(1));
const percent = (share) => `${Number((share * 100).toFixed(share < 0.1 ? 1 : 0))}%`;

export function answerView(answer, zoomTo) {
  return [
    headline(answer),
    badges(answer),
    warnings(answer.warnings),
    facts(answer),
    candidates(answer),
    otherOwners(answer),
    duty(answer.owner?.duty),
    places(answer.places),
    parties("supporting", answer.supporting),
    parties("matter_duties", answer.matter_duties),
    explanation(answer),
    source(answer, zoomTo),
  ].filter(Boolean);
}

function headline(answer) {
  const owner = answer.owner;
  const person = owner?.person;
  return el(
    "div",
    { class: `headline ${answer.owner_verdict}` },
    el("h2", { id: "said", tabindex: "-1" }, sentence(answer)),
    person && el("p", { class: "person" }, person.name, person.role && ` · ${role(person.role)}`),
    answer.matter &&
      el("p", { class: "quiet" }, `${say("duty_matter")} ${answer.matter.name}（${answer.matter.code}）`),
  );
}

function sentence(answer) {
  const name = answer.owner?.party?.name;
  if (name) return say(answer.owner_verdict === "certain" ? "owned" : "likely", name);
  if (answer.cell_verdict === "no_version") return say("no_version_said");
  if (answer.owner_verdict === "ambiguous") return say("doubtful");
  return say(answer.cell_verdict === "outside" ? "off_grid" : "nobody");
}

function badges(answer) {
  const badge = (which) =>
    el(
      "span",
      { class: `badge ${answer[which]}`, id: which.replace("_", "-") },
      el("i", { "aria-hidden": "true" }),
      `${say(which)} ${say(answer[which])}`,
    );
  return el("p", { class: "badges" }, badge("cell_verdict"), badge("owner_verdict"));
}

const warnings = (texts) =>
  texts?.length
    ? el(
        "ul",
        { class: "warnings" },
        texts.map((text) => el("li", {}, text)),
      )
    : null;

function pairs(entries) {
  const rows = entries.filter(([, value]) => value);
  return el(
    "dl",
    { class: "facts" },
    rows.flatMap(([name, value]) => [el("dt", {}, say(name)), el("dd", {}, value)]),
  );
}

function facts(answer) {
  const { cell, nearest } = answer;
  const border = answer.on_border
    ? say("on_border")
    : answer.distance_m === null
      ? say("far")
      : metres(answer.distance_m);
  return pairs([
    ["cell", cell && named(cell)],
    ["nearest", nearest && el("span", {}, named(nearest), ` · ${metres(nearest.distance_m)}`)],
    ["distance", answer.cell_verdict !== "no_version" && border],
  ]);
}

const named = (area) => el("span", {}, area.name || area.code, area.name && el("code", {}, area.code));

function candidates(answer) {
  const rows = answer.candidates ?? [];
  if (rows.length < 2 && !answer.outside_share) return null;
  const bars = rows.map((row, place) =>
    bar(row.name || row.code, row.code, row.owner?.name, row.share, COLOURS[place % COLOURS.length]),
  );
  if (answer.outside_share > 0) bars.push(bar(say("outside_share"), "", "", answer.outside_share, "#8795a1"));
  return section(
    "candidates",
    el("p", { class: "quiet" }, say("candidates_note", answer.accuracy_m)),
    el("ol", { class: "bars" }, bars),
  );
}

function otherOwners(answer) {
  const rows = answer.other_owners ?? [];
  if (!rows.length) return null;
  const bars = rows.map((row) =>
    bar(row.place.name || row.place.code, row.place.layer_name, row.owner?.name ?? say("no_other"), row.share, "#8795a1"),
  );
  return section(
    "other_owners",
    el("p", { class: "quiet" }, say("other_owners_note", answer.accuracy_m)),
    el("ol", { class: "bars" }, bars),
  );
}

function bar(name, code, owner, share, colour) {
  const fill = el("i", { "aria-hidden": "true" });
  fill.style.width = `${Math.max(1, share * 100)}%`;
  fill.style.background = colour;
  return el(
    "li",
    {},
    el("span", { class: "bar-name" }, name, code && el("code", {}, code)),
    el("b", {}, percent(share)),
    el("span", { class: "bar" }, fill),
    owner && el("span", { class: "bar-owner" }, owner),
  );
}

function duty(found) {
  if (!found) return null;
  return section(
    "duty",
    el(
      "p",
      { class: "strong" },
      found.name || found.code,
      found.role && el("span", { class: "tag" }, role(found.role)),
    ),
    pairs([
      ["basis", found.basis],
      ["document", found.document],
      ["place", found.place && named(found.place)],
      ["duty_matter", found.matter || say("all_matters")],
    ]),
  );
}

function places(chain) {
  if (!chain?.length) return null;
  const steps = chain.map((step) =>
    el("li", {}, el("small", {}, step.layer_name || step.layer), step.name || step.code),
  );
  return section("places", el("ol", { class: "chain" }, steps));
}

function parties(title, rows) {
  if (!rows?.length) return null;
  const items = rows.map((row) =>
    el(
      "li",
      {},
      el("b", {}, row.party?.name || row.party?.code || ""),
      row.duty && ` · ${[row.duty.name, row.duty.matter].filter(Boolean).join(" · ")}`,
    ),
  );
  return section(title, el("ul", { class: "plain" }, items));
}

function explanation(answer) {
  const steps = answer.explain?.[language()] ?? [];
  if (!steps.length) return null;
  return el(
    "details",
    { class: "part", open: answer.owner_verdict !== "certain" },
    el("summary", {}, say("explain")),
    el(
      "ol",
      { class: "steps" },
      steps.map((step) => el("li", {}, step)),
    ),
  );
}

function source(answer, zoomTo) {
  return el(
    "div",
    { class: "part source" },
    pairs([
      ["point", el("code", {}, `${degrees(answer.point.lon)}, ${degrees(answer.point.lat)}`)],
      ["versions", say("versions_said", answer.release, answer.version, answer.roster)],
      ["at", answer.at],
    ]),
    answer.h3 && el("p", { class: "quiet" }, "H3 ", el("code", { id: "h3" }, answer.h3)),
    el(
      "p",
      { class: "actions" },
      el("button", { type: "button", onclick: zoomTo }, say("zoom_here")),
      copier("copy", () => JSON.stringify(answer, null, 2)),
      copier("link", () => window.location.href),
    ),
  );
}

function copier(name, text) {
  const button = el("button", { type: "button", id: `do-${name}` }, say(name));
  button.addEventListener("click", async () => {
    await copy(text());
    button.textContent = say("copied");
    setTimeout(() => {
      button.textContent = say(name);
    }, 1500);
  });
  return button;
}

const section = (title, ...children) => el("section", { class: "part" }, el("h3", {}, say(title)), children);
