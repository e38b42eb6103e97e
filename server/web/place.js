// What was typed, and what stands behind # in the address: a point, a text that names a place, or a reason why neither.

const NUMBER = "[-+]?\\d+(?:\\.\\d+)?";
const PAIR = new RegExp(`^[(（\\[]?\\s*(${NUMBER})\\s*[,，、;；\\s]\\s*(${NUMBER})\\s*[)）\\]]?$`);

// {lon, lat} | {text: an address or the number of an asset, number: it in plain digits} | {wrong, values}
export function readPlace(text) {
  const typed = narrow(text).trim();
  if (!typed) return { wrong: "empty_place", values: [] };
  const pair = PAIR.exec(typed);
  if (!pair) return { text: text.trim(), number: typed };
  const [lon, lat] = [Number(pair[1]), Number(pair[2])];
  if (Math.abs(lat) > 90 && Math.abs(lat) <= 180 && Math.abs(lon) <= 90) return { wrong: "swapped", values: [pair[2]] };
  if (Math.abs(lat) > 90 || Math.abs(lon) > 180) return { wrong: "off_earth", values: [] };
  return { lon, lat };
}

// Full-width digits, signs and points, as Chinese input methods write them.
function narrow(text) {
  return text.replace(/[０-９．－＋]/g, (sign) => String.fromCharCode(sign.charCodeAt(0) - 0xfee0)).replace(/。/g, ".");
}

export const degrees = (value) => Number(value).toFixed(6);

// #lon,lat,matter&asset=number&at=instant
export function writeHash({ lon, lat, matter, asset, at }) {
  const rest = [["asset", asset], ["at", at]].filter(([, value]) => value);
  const said = rest.map(([name, value]) => `&${name}=${encodeURIComponent(value)}`).join("");
  return `#${degrees(lon)},${degrees(lat)}${matter ? `,${encodeURIComponent(matter)}` : ""}${said}`;
}

export function readHash(hash) {
  const [first, ...more] = hash.replace(/^#/, "").split("&");
  const [lon, lat, ...rest] = first.split(",");
  if (!lon || !lat) return null;
  const place = readPlace(`${lon},${lat}`);
  if (place.lon === undefined) return null;
  const said = new URLSearchParams(more.join("&"));
  return { ...place, matter: decoded(rest.join(",")), asset: said.get("asset") ?? "", at: said.get("at") ?? "" };
}

function decoded(text) {
  try {
    return decodeURIComponent(text);
  } catch {
    return "";
  }
}
