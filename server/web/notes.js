// What stands where the answer would: waiting, a refusal, the first steps, an invitation.

import { el } from "./dom.js";
import { say } from "./words.js";

const STEPS = [
  "wangge import areas districts.geojson \\\n  --layer district --code code --commit",
  "wangge import areas cells.geojson \\\n  --layer cell --code code \\\n  --parent parent_code --commit",
  "wangge validate",
  "wangge publish",
];

export const waiting = () => el("p", { class: "waiting" }, el("i", { "aria-hidden": "true" }), say("loading"));

export const invitation = () =>
  el("div", { class: "card" }, el("h2", {}, say("click_title")), el("p", {}, say("click_said")));

export function firstSteps() {
  return el(
    "div",
    { class: "card first-steps" },
    el("h2", {}, say("first_steps")),
    el("p", {}, say("first_steps_said")),
    el("pre", {}, STEPS.join("\n")),
    el("pre", {}, "wangge demo"),
    el("button", { type: "button", onclick: () => window.location.reload() }, say("retry")),
  );
}

export function refusal(problem, retry) {
  const detail = problem.status === 0 ? say("no_answer") : problem.detail || problem.message;
  return el(
    "div",
    { class: "card refusal", role: "alert" },
    el("h2", {}, say("failed")),
    el("p", {}, detail),
    problem.status > 0 && el("p", { class: "quiet" }, `${problem.status} ${problem.title}`),
    retry && el("button", { type: "button", onclick: retry }, say("retry")),
  );
}
