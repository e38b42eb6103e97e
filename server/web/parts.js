// What the parts of an answer are made of.

import { el } from "./dom.js";
import { known, say } from "./words.js";

export const metres = (value) => say("metres", value >= 100 ? Math.round(value) : Number(value).toFixed(1));
export const percent = (share) => `${Number((share * 100).toFixed(share < 0.1 ? 1 : 0))}%`;
export const named = (area) => el("span", {}, area.name || area.code, area.name && el("code", {}, area.code));

// A word of the service: ours where we have one, else as it came.
export const word = (group, name) => (known(`${group}_${name}`) ? say(`${group}_${name}`) : name || "");

export const section = (title, ...children) =>
  el("section", { class: "part" }, el("h3", {}, say(title)), children);

export function folded(title, open, ...children) {
  return el("details", { class: "part", open }, el("summary", {}, title), children);
}

export function pairs(entries) {
  const rows = entries.filter(([, value]) => value);
  return el(
    "dl",
    { class: "facts" },
    rows.flatMap(([name, value]) => [el("dt", {}, say(name)), el("dd", {}, value)]),
  );
}

export function bar(name, code, owner, share, colour) {
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
