// The layers of the release on the map. A layer is fetched for the view, and a little around it, when about FEW of its
// areas lie there; the map asks to zoom in otherwise.

/* global L */
import { aborted, Latest } from "./api.js";
import { el } from "./dom.js";
import { say } from "./words.js";

const LIMIT = 3000;
const FEW = 2500;
const AROUND = 0.2;
const LABELS = 40;
const STYLES = [
  { color: "#243b53", weight: 3.5, opacity: 0.75 },
  { color: "#0b6e69", weight: 2.4, opacity: 0.75 },
  { color: "#3d7ea6", weight: 1.6, opacity: 0.75 },
  { color: "#829ab1", weight: 0.9, opacity: 0.9 },
];
// Layers that need not tile the city, by kind; a line has its colour too when its kind is another.
const LOOSE = {
  estate: { color: "#6d3b9c", weight: 1.8, opacity: 0.85, dashArray: "2 3", fillOpacity: 0.08 },
  segment: { color: "#b0316e", weight: 1.8, opacity: 0.6, fillOpacity: 0.08 },
};
const OTHER = { color: "#b25d00", weight: 1.5, opacity: 0.9, dashArray: "5 4", fillOpacity: 0.04 };
const isLine = (layer) => layer.geometry === "line";

export class Grid {
  // `more`: layers that are no areas of the release, and bring their own way to be fetched and drawn
  constructor(map, layers, tell, more = []) {
    this.map = map;
    this.tell = tell;
    // coarse ones first, lines on top of all: under polygons the pointer would not find them
    const coarseFirst = [...layers].sort((a, b) => isLine(a) - isLine(b) || a.areas - b.areas || a.rank - b.rank);
    const partitions = coarseFirst.filter((layer) => layer.partition);
    const areas = coarseFirst.map((layer) => ({
      ...layer,
      path: "/v1/areas",
      query: { layer: layer.code, limit: LIMIT },
      few: FEW,
      style: styleOf(layer, partitions),
      on: layer.partition || layer.kind === "estate" || isLine(layer),
      drawn: L.geoJSON(null, { style: () => styleOf(layer, partitions), onEachFeature: hint, smoothFactor: 0.5 }),
    }));
    this.layers = [...areas, ...more];
    for (const layer of this.layers) Object.assign(layer, { latest: new Latest(), have: null, state: "" });
    map.on("moveend", () => this.#soon());
    map.on("movestart", () => this.layers.forEach((layer) => layer.drawn.eachLayer((area) => area.closeTooltip())));
  }

  toggle(code, on) {
    this.layers.find((layer) => layer.code === code).on = on;
    return this.refresh();
  }

  async refresh() {
    const view = this.map.getBounds();
    await Promise.all(this.layers.map((layer) => this.#bring(layer, view)));
    for (const layer of this.layers) if (this.map.hasLayer(layer.drawn)) layer.drawn.bringToFront();
    this.#label(view);
    this.say();
  }

  say() {
    const fine = this.layers.filter((layer) => layer.on && layer.state);
    this.tell(fine.length ? say(fine[0].state, fine.map((layer) => layer.name || layer.code).join("、")) : "");
  }

  #soon() {
    clearTimeout(this.timer);
    this.timer = setTimeout(() => this.refresh(), 150);
  }

  async #bring(layer, view) {
    layer.state = "";
    const box = view.pad(AROUND);
    if (!layer.on || inView(layer, box) > layer.few) {
      if (layer.on) layer.state = "zoom_in";
      layer.latest.stop();
      layer.drawn.remove();
      return;
    }
    if (!layer.have?.contains(view)) await this.#fetch(layer, box);
    if (layer.on && layer.have) layer.drawn.addTo(this.map);
  }

  async #fetch(layer, box) {
    const query = { ...layer.query, bbox: box.toBBoxString(), format: "geojson" };
    try {
      const found = await layer.latest.get(layer.path, query);
      layer.have = found.next ? null : box;
      layer.drawn.clearLayers();
      if (found.next && layer.whole) {
        layer.state = "zoom_in";
        return;
      }
      layer.drawn.addData(found);
      if (found.next) {
        layer.state = "part_shown";
        layer.drawn.addTo(this.map);
      }
    } catch (error) {
      if (!aborted(error)) layer.have = null;
    }
  }

  // Names stand on the finest layer of which a handful is in sight.
  #label(view) {
    this.names?.remove();
    const seen = (layer) => layer.drawn.getLayers().filter((area) => view.intersects(area.getBounds()));
    const shown = this.layers.filter((layer) => layer.partition && this.map.hasLayer(layer.drawn)).reverse();
    const areas = shown.map(seen).find((found) => found.length > 0 && found.length <= LABELS) ?? [];
    const marks = areas.map((area) =>
      L.marker(area.getBounds().getCenter(), {
        interactive: false,
        keyboard: false,
        icon: L.divIcon({ className: "area-name", iconSize: [120, 18], html: el("span", {}, nameOf(area.feature)) }),
      }),
    );
    this.names = L.layerGroup(marks).addTo(this.map);
  }
}

const nameOf = (feature) => feature.properties.name || feature.properties.code;

// Leaflet makes markup of strings, so names are given as elements.
function hint(feature, area) {
  area.bindTooltip(() => el("span", {}, nameOf(feature), el("code", {}, feature.properties.code)), { sticky: true });
}

function styleOf(layer, partitions) {
  const place = partitions.indexOf(layer);
  if (place < 0) return isLine(layer) ? { ...LOOSE.segment, fill: false } : (LOOSE[layer.kind] ?? OTHER);
  const fromFine = partitions.length - 1 - place;
  const style = fromFine === 0 ? STYLES[3] : STYLES[Math.min(place, 2)];
  return { ...style, fillOpacity: 0 };
}

// About how many areas of the layer are in the view, taking them as spread evenly over the layer's box.
function inView(layer, view) {
  if (!layer.bbox) return layer.areas;
  const [west, south, east, north] = layer.bbox;
  const part = (low, high, from, to) =>
    Math.max(0, Math.min(high, to) - Math.max(low, from)) / Math.max(high - low, 1e-9);
  return (
    layer.areas *
    part(west, east, view.getWest(), view.getEast()) *
    part(south, north, view.getSouth(), view.getNorth())
  );
}
