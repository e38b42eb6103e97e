// By what right: the duty, ruling, plan or record that decides, what it says, who else holds one, and who the person is.

import { el } from "./dom.js";
import { folded, named, pairs, section, word } from "./parts.js";
import { told } from "./times.js";
import { say } from "./words.js";

const FEW = 6;

// Why this person, instead of whom, until when.
export function personLine(person) {
  if (!person) return null;
  const why = person.why === "deputy" ? say("why_deputy", person.instead_of_name || person.instead_of) : word("why", person.why);
  const until = person.until && say("until", told(person.until));
  return el(
    "p",
    { class: "person", id: "person" },
    el("b", {}, person.name),
    person.role && ` · ${word("post", person.role)}`,
    el("span", { class: `why ${person.why}` }, [why, until].filter(Boolean).join(say("comma"))),
  );
}

// What stands above the duty list, or beside it: a ruling, a plan that is on, the record of an asset.
export function sourceBadge(found) {
  if (!found || found.source === "duty") return null;
  const until = found.until && say("until", told(found.until));
  const words = [word("source", found.source), found.plan, until].filter(Boolean).join(" · ");
  return el("span", { class: `badge source ${found.source}`, id: "source" }, words);
}

export function duty(owner) {
  const found = owner?.duty;
  if (!found) return null;
  return section(
    "duty",
    el(
      "p",
      { class: "strong" },
      found.name || found.code,
      found.role && el("span", { class: "tag" }, word("role", found.role)),
    ),
    pairs([
      ["listed_as", found.relation && resolved(found.relation, owner.party)],
      ["basis", found.basis],
      ["document", found.document],
      ["place", found.place && named(found.place)],
      ["duty_matter", found.matter || say("all_matters")],
    ]),
  );
}

// “所属街办” → 泉城路街道办
function resolved(relation, party) {
  return el(
    "span",
    { id: "relation" },
    say("quoted", relationWords(relation)),
    " → ",
    el("b", {}, party.name || party.code),
    el("code", {}, relation),
  );
}

function relationWords(relation) {
  if (relation === "asset_owner") return say("relation_asset_owner");
  return word("relation", relation.split("_of:")[0]);
}

export function unresolved(rows) {
  if (!rows?.length) return null;
  const items = rows.map((row) => {
    const { duty: found, relation } = row;
    const place = found.place.name || found.place.code;
    return el(
      "li",
      {},
      el("b", {}, say("quoted", relationWords(relation))),
      `${say("colon")}${word("unresolved", row.why)}`,
      el("small", {}, [found.name || found.code, place, found.matter].filter(Boolean).join(" · ")),
    );
  });
  return el("section", { class: "unresolved", id: "unresolved" }, el("h3", {}, say("unresolved")), el("ul", {}, items));
}

export function parties(title, rows) {
  if (!rows?.length) return null;
  const list = el("ul", { class: "plain" }, rows.map(party));
  if (rows.length <= FEW) return section(title, list);
  return folded(say("counted", say(title), rows.length), false, list);
}

function party(row) {
  const { duty: found, person } = row;
  const facts = [found?.name, found?.matter, found?.relation && say("quoted", relationWords(found.relation)), person?.name];
  const words = facts.filter(Boolean).join(" · ");
  return el("li", {}, el("b", {}, row.party?.name || row.party?.code || ""), words && ` · ${words}`);
}
