// Assets in an answer: the one that is meant, and those close by that may be meant.

import { el } from "./dom.js";
import { metres } from "./parts.js";
import { say } from "./words.js";

const owned = (asset) => asset.owner?.name ?? say("no_owner_recorded");

export function meant(asset) {
  if (!asset) return null;
  return el(
    "p",
    { class: "thing", id: "asset" },
    el("i", { "aria-hidden": "true" }),
    el("span", {}, say("asset_meant"), " ", el("b", {}, asset.name || asset.code), el("code", {}, asset.code)),
    el("small", {}, `${say("asset_owner")} ${owned(asset)}`),
  );
}

// Suggestions, never used by themselves: a click asks again with the number.
export function nearby(assets, pick) {
  if (!assets?.length) return null;
  const rows = assets.map((asset) =>
    el(
      "li",
      {},
      el(
        "button",
        { type: "button", onclick: () => pick(asset) },
        el("span", {}, asset.name || asset.code, el("code", {}, asset.code)),
        el("small", {}, owned(asset)),
        el("small", {}, metres(asset.distance_m)),
      ),
    ),
  );
  return el(
    "section",
    { class: "nearby", id: "nearby" },
    el("h3", {}, say(assets.length === 1 ? "is_it_this" : "is_it_one")),
    el("p", { class: "quiet" }, say("nearby_note")),
    el("ul", {}, rows),
  );
}
