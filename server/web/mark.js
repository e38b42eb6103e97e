// The answer on the map: the point, its disc of accuracy, the cell and the candidates in their colours, and the road
// segment or estate whose owner it is.

/* global L */
import { COLOURS } from "./answer.js";
import { aborted, Latest } from "./api.js";
import { el } from "./dom.js";

const PLACE = "#d1495b";
const THING = "#7a4f00";

export class Mark {
  constructor(map) {
    this.map = map;
    this.shown = L.layerGroup().addTo(map);
    this.latest = new Latest();
    this.latestPlace = new Latest();
    map.createPane("answer").style.zIndex = 450;
    this.renderer = L.svg({ pane: "answer", padding: 0.3 });
  }

  clear() {
    this.latest.stop();
    this.latestPlace.stop();
    this.shown.clearLayers();
  }

  pin(lon, lat) {
    this.clear();
    this.#add(
      L.circleMarker(
        [lat, lon],
        this.#style({ radius: 7, color: "#fff", weight: 2.5, fillColor: "#c1121f", fillOpacity: 1 }),
      ),
    );
  }

  async draw(answer, layers) {
    const { lon, lat } = answer.point;
    this.pin(lon, lat);
    this.#add(
      L.circle([lat, lon], this.#style({ radius: answer.accuracy_m, color: "#c1121f", weight: 1.5, fillOpacity: 0.1 })),
    );
    for (const asset of [answer.asset, ...(answer.nearby ?? [])]) if (asset) this.#ring(asset, asset === answer.asset);
    await Promise.all([this.#cells(answer, layers), this.#place(answer.owner?.duty?.place, layers)]);
  }

  // The asset that is meant has a ring, those that may be meant a thin one.
  #ring({ lon, lat }, isMeant) {
    const [radius, weight] = isMeant ? [12, 3] : [8, 1.5];
    this.#add(L.circleMarker([lat, lon], this.#style({ radius, weight, color: THING, fill: false })));
  }

  // Where the duty that won applies, when that is a place beside the ladder of the cells.
  async #place(place, layers) {
    const layer = layers.find((one) => one.code === place?.layer);
    if (!layer || layer.partition) return;
    try {
      const path = `/v1/areas/${encodeURIComponent(place.layer)}/${place.code.split("/").map(encodeURIComponent).join("/")}`;
      const found = await this.latestPlace.get(path);
      const line = layer.geometry === "line";
      const style = () => this.#style({ color: PLACE, weight: line ? 7 : 3, opacity: 0.75, fill: !line, fillOpacity: 0.1 });
      const drawn = L.geoJSON(found, { style, interactive: false, pane: "answer" });
      this.#add(drawn);
      drawn.bringToBack();
    } catch (error) {
      if (!aborted(error)) console.warn(error.message);
    }
  }

  async #cells(answer, layers) {
    const { lon, lat } = answer.point;
    const layer = answer.cell?.layer ?? layers.find((one) => one.kind === "cell")?.code;
    const wanted = new Map(
      answer.candidates.map((one, place) => [one.code, { ...one, colour: COLOURS[place % COLOURS.length] }]),
    );
    if (answer.cell && !wanted.has(answer.cell.code))
      wanted.set(answer.cell.code, { ...answer.cell, colour: COLOURS[0] });
    if (!layer || !wanted.size) return;
    const bbox = L.latLng(lat, lon)
      .toBounds(2 * Math.max(answer.accuracy_m, 25) + 10)
      .toBBoxString();
    try {
      const found = await this.latest.get("/v1/areas", { layer, bbox, format: "geojson", limit: 200 });
      const ours = found.features.filter((feature) => wanted.has(feature.properties.code));
      this.#areas(ours, wanted, answer.cell?.code);
    } catch (error) {
      if (!aborted(error)) console.warn(error.message);
    }
  }

  #areas(features, wanted, cell) {
    const style = (feature) => {
      const { code } = feature.properties;
      return this.#style({
        color: wanted.get(code).colour,
        weight: code === cell ? 3.5 : 2,
        fillOpacity: code === cell ? 0.17 : 0.13,
      });
    };
    const drawn = L.geoJSON(features, { style, interactive: false, pane: "answer" });
    this.#add(drawn);
    drawn.bringToBack();
    if (wanted.size < 2) return;
    drawn.eachLayer((area) => {
      const { name, code, share } = wanted.get(area.feature.properties.code);
      if (share === undefined) return;
      const text = el("span", {}, `${name || code} ${Math.round(share * 100)}%`);
      area.bindTooltip(text, { permanent: true, direction: "center", className: "share-name" }).openTooltip();
    });
  }

  #style(style) {
    return { ...style, interactive: false, pane: "answer", renderer: this.renderer };
  }

  #add(layer) {
    this.shown.addLayer(layer);
  }
}
