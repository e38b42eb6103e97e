// The answer to "whose job is it here", in words first, then the facts behind it.

import { copy, el } from "./dom.js";
import { duty, parties, personLine, sourceBadge, unresolved } from "./duty.js";
import { bar, folded, metres, named, pairs, section } from "./parts.js";
import { degrees } from "./place.js";
import { meant, nearby } from "./things.js";
import { told, toldInFull } from "./times.js";
import { language, say } from "./words.js";

// Okabe and Ito's colours: told apart by everyone; candidates carry them here and on the map.
export const COLOURS = ["#0072b2", "#e69f00", "#009e73", "#cc79a7", "#56b4e9", "#d55e00"];

// `actions`: zoom() to the point, pick(asset) that is meant, now() instead of the time that was asked for.
export function answerView(answer, actions, asOf) {
  return [
    asOf && then(answer, actions.now),
    headline(answer),
    badges(answer),
    warnings(answer.warnings),
    meant(answer.asset),
    nearby(answer.nearby, actions.pick),
    unresolved(answer.unresolved),
    facts(answer),
    parties("tied", answer.tied),
    candidates(answer),
    otherOwners(answer),
    duty(answer.owner),
    places(answer.places),
    parties("supporting", answer.supporting),
    parties("matter_duties", answer.matter_duties),
    explanation(answer),
    source(answer, actions.zoom),
  ].filter(Boolean);
}

function then(answer, now) {
  return el(
    "p",
    { class: "as-of", id: "as-of" },
    el("span", {}, say("as_of", told(answer.at))),
    el("button", { type: "button", onclick: now }, say("back_to_now")),
  );
}

function headline(answer) {
  return el(
    "div",
    { class: `headline ${answer.owner_verdict}` },
    el("h2", { id: "said", tabindex: "-1" }, sentence(answer)),
    personLine(answer.owner?.person),
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
  const decided = sourceBadge(answer.owner?.duty);
  return el("p", { class: "badges" }, badge("cell_verdict"), badge("owner_verdict"), decided);
}

const warnings = (texts) =>
  texts?.length
    ? el(
        "ul",
        { class: "warnings" },
        texts.map((text) => el("li", {}, text)),
      )
    : null;

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

function places(chain) {
  if (!chain?.length) return null;
  const steps = chain.map((step) =>
    el("li", {}, el("small", {}, step.layer_name || step.layer), step.name || step.code),
  );
  return section("places", el("ol", { class: "chain" }, steps));
}

function explanation(answer) {
  const steps = answer.explain?.[language()] ?? [];
  if (!steps.length) return null;
  const listed = el(
    "ol",
    { class: "steps" },
    steps.map((step) => el("li", {}, step)),
  );
  return folded(say("explain"), answer.owner_verdict !== "certain", listed);
}

function source(answer, zoomTo) {
  return el(
    "div",
    { class: "part source" },
    pairs([
      ["point", el("code", {}, `${degrees(answer.point.lon)}, ${degrees(answer.point.lat)}`)],
      ["versions", el("span", { id: "versions" }, numbers(answer))],
      ["at", toldInFull(answer.at)],
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

const numbers = ({ release, version, roster, assets, overrides }) =>
  say("versions_said", release, version, roster, assets, overrides);

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
