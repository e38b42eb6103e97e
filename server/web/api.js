// Calls to /v1. A refusal (problem+json) becomes a Problem with the words of the service.

export class Problem extends Error {
  constructor(status, facts) {
    super(facts.detail || facts.title || `HTTP ${status}`);
    this.status = status;
    this.title = facts.title || "";
    this.detail = facts.detail || "";
  }
}

export async function get(path, query = {}, signal = undefined) {
  const given = Object.entries(query).filter(([, value]) => value !== null && value !== undefined && value !== "");
  const address = given.length ? `${path}?${new URLSearchParams(given)}` : path;
  let response;
  try {
    response = await fetch(address, { headers: { Accept: "application/json" }, signal });
  } catch (error) {
    if (error.name === "AbortError") throw error;
    throw new Problem(0, {});
  }
  const body = await response.json().catch(() => ({}));
  if (!response.ok) throw new Problem(response.status, body ?? {});
  return body;
}

// One request of a kind at a time: a newer one ends the older, whose caller gets an AbortError.
export class Latest {
  #controller = null;

  get(path, query) {
    this.stop();
    this.#controller = new AbortController();
    return get(path, query, this.#controller.signal);
  }

  stop() {
    this.#controller?.abort();
  }
}

export const aborted = (error) => error.name === "AbortError";
