// Instants as people read and type them: in the time zone of this computer, which the full form names.

const two = (number) => String(number).padStart(2, "0");
const dayOf = (time) => `${time.getFullYear()}-${two(time.getMonth() + 1)}-${two(time.getDate())}`;

function clockOf(time) {
  const seconds = time.getSeconds() ? `:${two(time.getSeconds())}` : "";
  return `${two(time.getHours())}:${two(time.getMinutes())}${seconds}`;
}

const parsed = (text) => {
  const time = new Date(text);
  return Number.isNaN(time.getTime()) ? null : time;
};

// 2026-12-01
export const day = (instant) => (parsed(instant) ? dayOf(parsed(instant)) : String(instant ?? ""));

// 2026-12-01 08:00
export function told(instant) {
  const time = parsed(instant);
  return time ? `${dayOf(time)} ${clockOf(time)}` : String(instant ?? "");
}

// 2026-12-01 08:00 (UTC+8)
export function toldInFull(instant) {
  const time = parsed(instant);
  if (!time) return String(instant ?? "");
  const minutes = -time.getTimezoneOffset();
  const [hours, rest] = [Math.floor(Math.abs(minutes) / 60), Math.abs(minutes) % 60];
  return `${told(instant)} (UTC${minutes < 0 ? "-" : "+"}${hours}${rest ? `:${two(rest)}` : ""})`;
}

// What a field of the kind datetime-local holds, as an instant in UTC; nothing stays nothing.
export const instantOf = (local) => (parsed(local) ? parsed(local).toISOString() : "");

export function fieldOf(instant) {
  const time = parsed(instant);
  return time ? `${dayOf(time)}T${clockOf(time)}` : "";
}
