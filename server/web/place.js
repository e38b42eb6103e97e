// What was typed, and what stands behind # in the address: a point, an address, or a reason why neither.

const NUMBER = "[-+]?\\d+(?:\\.\\d+)?";
const PAIR = new RegExp(`^[(（\\[]?\\s*(${NUMBER})\\s*[,，、;；\\s]\\s*(${NUMBER})\\s*[)）\\]]?$`);

// {lon, lat} | {address} | {wrong, values}
export function readPlace(text) {
  const typed = narrow(text).trim();
  if (!typed) return { wrong: "empty_place", values: [] };
  const pair = PAIR.exec(typed);
  if (!pair) return { address: text.trim() };
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

export const writeHash = ({ lon, lat, matter }) =>
  `#${degrees(lon)},${degrees(lat)}${matter ? `,${encodeURIComponent(matter)}` : ""}`;

export function readHash(hash) {
  const [lon, lat, ...rest] = hash.replace(/^#/, "").split(",");
  if (!lon || !lat) return null;
  const place = readPlace(`${lon},${lat}`);
  if (place.lon === undefined) return null;
  let matter = rest.join(",");
  try {
    matter = decodeURIComponent(matter);
  } catch {
    matter = "";
  }
  return { ...place, matter };
}
